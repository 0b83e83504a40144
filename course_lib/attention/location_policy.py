"""Hard attention, not softmax: draw one place, and keep the log-probability of having drawn it.

Nothing differentiates through the draw. The log-probability is what score_function.py learns by.
"""

import math

import torch
from torch import Tensor

from course_lib.attention._checks import check_floating


def draw_place(scores: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Draw one of K places, each with the probability that softmax gives its score.

    Args:
        scores: (B, K). -inf forbids a place; each sample needs one that is finite.
        generator: source of chance, on the device of the scores; PyTorch's own if not given.

    Returns:
        The places, (B,) of int64 in 0 ... K - 1, and their log-probabilities, (B,), at most 0, which are
        differentiable with respect to the scores.

    Raises:
        ValueError: scores are not floating or not (B, K) with K of 1 or more.
    """
    _check_policy("scores", scores)
    if scores.shape[1] == 0:
        raise ValueError("scores must have a place or more to choose from, got shape (B, 0).")
    log_probs = scores - scores.logsumexp(-1, keepdim=True)  # (B, K)
    if len(scores) == 0:
        return scores.new_zeros(0, dtype=torch.long), log_probs.sum(-1)
    place = torch.multinomial(log_probs.detach().float().exp(), 1, generator=generator)  # (B, 1)
    return place[:, 0], log_probs.gather(1, place)[:, 0]  # (B,), (B,)


def draw_centre(
    mean: Tensor, std: float, *, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw a point from a Gaussian around the mean, of the same spread in every direction (Mnih et al. 2014).

    It may fall outside [-1, 1]. Clamp what you look at, not what the log-probability is of.

    Args:
        mean: (B, 2).
        std: standard deviation of each coordinate, positive.
        generator: source of chance, on the device of the mean; PyTorch's own if not given.

    Returns:
        The points, (B, 2), detached, and the logarithms of their densities, (B,), which are differentiable
        with respect to the mean. A density may be above 1.

    Raises:
        ValueError: mean is not floating or not 2D, std is not positive.
    """
    _check_policy("mean", mean)
    if not std > 0:
        raise ValueError(f"std must be positive, got {std}.")
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    point = (mean + std * noise).detach()  # detached, or the density would not depend on the mean at all
    each = -((point - mean) / std).square() / 2 - math.log(std * math.sqrt(2 * math.pi))  # (B, 2)
    return point, each.sum(-1)  # (B, 2), (B,)


def _check_policy(name: str, t: Tensor) -> None:
    check_floating(name, t)
    if t.ndim != 2:
        raise ValueError(f"{name} must have one row a sample, two axes, got shape {tuple(t.shape)}.")
