"""A handwritten digit as ink of any size, and painting with it, in integers only.

Library resamplers change between versions in the last bit; this one cannot.
"""

from functools import lru_cache

import numpy as np

from .digits import digit_levels

SOLID = 88          # ink from here on (of 255) counts as the digit's own, fainter ink as its soft edge
_PAPER, _FULL = 48, 208      # levels below the first become paper, above the second full ink: crisper strokes


@lru_cache(maxsize=8192)
def digit_ink(source: int, size: int) -> np.ndarray:
    """The ink of digit number `source`, enlarged by bilinear interpolation.

    Args:
        source: index within scikit-learn's 1,797 digits.
        size: side in pixels, 8 or more.

    Returns:
        (size, size) int32 in 0 (paper) .. 255 (ink), read-only.
    """
    levels = digit_levels()[0][source].astype(np.int64)              # (8, 8), 0 .. 16
    weights = _bilinear_weights(size)                                # (size, 8), rows sum to 2 * size
    smooth = weights @ levels @ weights.T                            # (size, size), 0 .. 16 * (2 * size)**2
    smooth = smooth * 255 // (16 * (2 * size) ** 2)                  # 0 .. 255
    ink = (np.clip(smooth, _PAPER, _FULL) - _PAPER) * 255 // (_FULL - _PAPER)
    ink = ink.astype(np.int32)
    ink.flags.writeable = False                                      # cached: nobody may change it
    return ink


@lru_cache(maxsize=256)
def _bilinear_weights(size: int) -> np.ndarray:
    """(size, 8) int64: the part of each of the 8 pixels in each new one, in units of 1 / (2 * size)."""
    weights = np.zeros((size, 8), dtype=np.int64)
    for new in range(size):
        # The centre of new pixel i lies at (i + 1/2) * 8 / size - 1/2 of the old ones, here times 2 * size.
        place = min(max((2 * new + 1) * 8 - size, 0), 7 * 2 * size)
        left, part = divmod(place, 2 * size)
        weights[new, left] += 2 * size - part
        weights[new, min(left + 1, 7)] += part
    return weights


@lru_cache(maxsize=8192)
def ink_box(source: int, size: int) -> tuple[int, int, int, int]:
    """The tight half-open box (x0, y0, x1, y1) around the solid ink of a digit, within its own tile."""
    return box_of(digit_ink(source, size) >= SOLID)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The tight half-open box (x0, y0, x1, y1) around an (H, W) mask; ValueError if that is empty."""
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    if len(rows) == 0:
        raise ValueError("an empty mask has no box.")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def paint(canvas: np.ndarray, ink: np.ndarray, colour: np.ndarray, x: int, y: int) -> None:
    """Lay ink of a colour over the canvas, in place.

    Args:
        canvas: (H, W, C) int32 in 0 .. 255.
        ink: (h, w) int32, 0 (nothing) .. 255 (covers what is below); must lie within the canvas.
        colour: (C,) int32 in 0 .. 255.
        x, y: where the left upper pixel of the ink goes.
    """
    under = canvas[y:y + ink.shape[0], x:x + ink.shape[1]]           # a view: (h, w, C)
    under += ((colour - under) * ink[..., None] + 127) // 255        # floor of a + 1/2: the nearest integer
