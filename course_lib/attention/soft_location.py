"""Soft attention over places: look everywhere, at each place as much as its score asks for."""

import torch
from torch import Tensor

from course_lib.attention._checks import check_floating, check_mask, check_shape
from course_lib.attention.attend import attention_weights
from course_lib.attention.coordinates import place_centres
from course_lib.attention.record import hand_to_recorders


def soft_location(features: Tensor, scores: Tensor, *, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """A distribution over the places of a map, and the features expected under it (Xu et al. 2015, eq. 13).

    It is attention with one query: the places are the keys, and the scores say how well each one answers.
    A recorder gets the weights as (B, 1, 1, H*W): one head, one query.

    Args:
        features: map, (B, C, H, W).
        scores: one number a place, (B, 1, H, W), of the same dtype. A 1x1 convolution makes them, say.
        mask: bool, broadcasts to (B, 1, H, W); True = may attend.

    Returns:
        The expected features, (B, C), and the weights, (B, 1, H, W), which sum to 1 over the places of a
        sample. A sample that may attend to no place gets zeros, in both.

    Raises:
        ValueError: shapes or dtypes that do not fit, a mask that is not bool.
    """
    _check_map("features", features)
    batch, _, height, width = features.shape
    check_floating("scores", scores)
    check_shape("scores", scores, (batch, 1, height, width))
    if scores.dtype != features.dtype:
        raise ValueError(f"features and scores must have one dtype, got {features.dtype} and {scores.dtype}.")
    _check_place_mask(mask, scores)
    # The places must be one axis: a softmax over W alone would give each row of the map a mass of its own.
    keys = scores.flatten(2)[:, :, None]  # (B, 1, H, W) -> (B, 1, 1, H*W)
    if mask is not None:
        mask = mask.expand_as(scores).flatten(2)[:, :, None]  # (B, 1, 1, H*W)
    weights = attention_weights(keys, mask=mask)  # (B, 1, 1, H*W)
    hand_to_recorders(weights)
    values = features.flatten(2).mT[:, None]  # (B, C, H, W) -> (B, 1, H*W, C)
    expected = (weights @ values)[:, 0, 0]  # (B, 1, 1, C) -> (B, C)
    return expected, weights.reshape(scores.shape)  # (B, C), (B, 1, H, W)


def expected_place(weights: Tensor) -> Tensor:
    """The place that a distribution points at on average, the soft-argmax (Levine et al. 2016).

    An average of two far peaks lies between them, where there may be nothing.

    Args:
        weights: (B, 1, H, W), of sum 1 in each sample, as soft_location gives them.

    Returns:
        (B, 2): (y, x) in [-1, 1], as in coordinates.py. Weights that are all zero give (0, 0).

    Raises:
        ValueError: weights are not floating or not (B, 1, H, W).
    """
    _check_map("weights", weights)
    batch, _, height, width = weights.shape
    check_shape("weights", weights, (batch, 1, height, width))
    centres = place_centres(height, width, device=weights.device, dtype=weights.dtype)  # (H, W, 2)
    return weights.flatten(1) @ centres.flatten(0, 1)  # (B, H*W) @ (H*W, 2) -> (B, 2)


def _check_map(name: str, t: Tensor) -> None:
    check_floating(name, t)
    if t.ndim != 4:
        raise ValueError(f"{name} must be a map (B, channels, H, W), got shape {tuple(t.shape)}.")


def _check_place_mask(mask: Tensor | None, scores: Tensor) -> None:
    if isinstance(mask, Tensor) and mask.dtype == torch.bool:
        try:
            fits = torch.broadcast_shapes(mask.shape, scores.shape) == scores.shape
        except RuntimeError:
            fits = False
        if not fits:
            raise ValueError(
                f"mask must broadcast to (B, 1, H, W) = {tuple(scores.shape)}, got {tuple(mask.shape)}."
            )
    check_mask(mask, scores.shape)
