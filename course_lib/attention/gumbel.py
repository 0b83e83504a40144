"""Gumbel-softmax: not attention itself, but a draw of one place that pretends to have a derivative.

Where score_function.py is right on average and noisy, this is steady and wrong on average.
"""

import torch
from torch import Tensor

from course_lib.attention._checks import check_floating, check_shape
from course_lib.attention.attend import attention_weights


def gumbel_softmax(
    scores: Tensor,
    *,
    tau: float = 1.0,
    hard: bool = True,
    noise: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw one of K places as a one-hot vector, with the gradient of a softmax (Jang et al. 2017, eq. 2).

    The largest of scores + Gumbel noise is a draw from softmax(scores); the softmax of that sum, divided by
    tau, is a smooth stand-in for it (also Maddison et al. 2017). With hard=True the draw goes forward and the
    stand-in's gradient goes back: straight-through. That gradient is **biased**: its mean is not the gradient
    of the expected result, even where the result is linear in what was drawn. A smaller tau lowers the bias
    and raises the variance.

    Args:
        scores: (..., K), the reference's logits. -inf forbids a place.
        tau: temperature, positive.
        hard: False gives the stand-in itself, whose gradient is right for what it computes, which is no draw.
        noise: of the scores' shape, from gumbel_noise: the same noise gives the same draw.
        generator: source of the noise, if none is given; PyTorch's own if that is not given either.

    Returns:
        (..., K), rows of sum 1; exact zeros and a one if hard. A row that is all -inf gives zeros.

    Raises:
        ValueError: not floating, no place to choose, tau not positive, noise of another shape.
    """
    _check_scores(scores)
    if not tau > 0:
        raise ValueError(f"tau must be positive, got {tau}.")
    if noise is None:
        noise = gumbel_noise(scores, generator=generator)
    check_floating("noise", noise)
    check_shape("noise", noise, tuple(scores.shape))
    soft = attention_weights(((scores + noise) / tau)[None])[0]  # (..., K)
    if not hard:
        return soft
    drawn = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)  # (..., K)
    drawn = drawn.masked_fill(soft == 0, 0.0)  # a row with nothing to choose
    # The bracket is exactly 0, and has soft's gradient.
    return drawn.detach() + (soft - soft.detach())


def gumbel_noise(like: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Standard Gumbel noise, -log(E) with E exponential: of mean 0.577 and variance pi^2 / 6.

    Args:
        like: of the shape, dtype and device wanted; not read otherwise.
        generator: source of chance, on that device; PyTorch's own if not given. The numbers are those that
            `F.gumbel_softmax` would draw.

    Returns:
        As like, detached.

    Raises:
        ValueError: like is not floating.
    """
    check_floating("like", like)
    # Drawn in this very way, the same seed gives the reference's numbers.
    noise = torch.empty_like(like, memory_format=torch.legacy_contiguous_format, requires_grad=False)
    return -noise.exponential_(generator=generator).log()


def _check_scores(scores: Tensor) -> None:
    check_floating("scores", scores)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        got = tuple(scores.shape)
        raise ValueError(f"scores must have a place or more on the last axis, got shape {got}.")
