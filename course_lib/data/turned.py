"""Digits turned by a known angle, on a canvas that holds them whole."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .digits import Split, digits
from .randomness import Draws

STEPS = 1000          # angles come in thousandths of the largest


def turned_digits(split: Split = "train", *, most: float = 180.0, size: int = 12,
                  seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """The digits of a split, each turned by an angle of its own.

    The angles depend on the seed alone, on every platform. Pixels are interpolated in floating point and may
    differ between versions of torch in the last bits.

    Args:
        split: "train" or "test".
        most: the largest angle to either side, in degrees, above 0 up to 180.
        size: side of the canvas in pixels, 8 or more; 12 holds a digit at any angle.
        seed: an integer of 0 or more.

    Returns:
        images: (n, 1, size, size) float32 in [0, 1].
        degrees: (n,) float32 in [-most, most], counter-clockwise.
        labels: (n,) int64, the digit written.

    Raises:
        ValueError: an unknown split, a bad seed, a number out of range.
    """
    if not 0 < most <= 180:
        raise ValueError(f"most must be above 0 and at most 180 degrees, got {most!r}.")
    images, labels = digits(split)
    draws = Draws(seed, split, "angle")
    degrees = torch.tensor([draws.between(-STEPS, STEPS) for _ in labels]) * (most / STEPS)   # (n,)
    return turn(images, degrees, size), degrees, labels


def turn(images: Tensor, degrees: Tensor, size: int = 12) -> Tensor:
    """Images turned about their middle, each by its angle, on a canvas of zeros.

    Args:
        images: (n, C, H, W), zeros where there is no ink.
        degrees: (n,), counter-clockwise as one looks at the picture.
        size: side of the canvas in pixels. What does not fit on it is cut off.

    Returns:
        (n, C, size, size), interpolated bilinearly: a pixel's centre stays a pixel's centre at 0 degrees if
        size - H and size - W are even.

    Raises:
        ValueError: images or degrees of another shape, a canvas of no pixels.
    """
    if images.ndim != 4 or degrees.shape != images.shape[:1]:
        raise ValueError(f"images must be (n, C, H, W) and degrees (n,), got shapes {tuple(images.shape)} and "
                         f"{tuple(degrees.shape)}.")
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}.")
    count, channels, height, width = images.shape
    angle = degrees.to(images) * (math.pi / 180)
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # Where a canvas pixel finds its ink: turned back, and from the canvas's -1 .. 1 to the image's.
    rows = [cos * size / width, -sin * size / width, none, sin * size / height, cos * size / height, none]
    maps = torch.stack(rows, 1).view(count, 2, 3)                                # (n, 2, 3)
    grid = F.affine_grid(maps, [count, channels, size, size], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)                      # (n, C, size, size)
