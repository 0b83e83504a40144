"""Checks of feature maps, for the gates."""

from torch import Tensor

from course_lib.attention._checks import check_floating


def check_feature_map(x: Tensor, dim: int) -> None:
    """x is floating and (B, dim, H, W)."""
    check_floating("x", x)
    if x.ndim != 4 or x.shape[1] != dim:
        raise ValueError(f"x must be a feature map (B, {dim}, H, W), got shape {tuple(x.shape)}.")
