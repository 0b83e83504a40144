"""From a layout to pixels, in integers from 0 to 255."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .ink import SOLID, digit_ink, paint
from .layout import Placed, pool
from .palette import BACKGROUND, CLUTTER, GRAY_BACKGROUND, GRAY_INK, PALETTE, Rgb
from .randomness import Draws
from .scene_options import Box, SceneOptions, touch

Canvas = np.ndarray      # (H, W, C) int32 in 0 .. 255


def blank(options: SceneOptions) -> Canvas:
    """An empty canvas of the scene's size and number of channels."""
    return np.tile(tone(BACKGROUND, GRAY_BACKGROUND, options), (*options.size, 1))


def tone(rgb: Rgb, gray: int, options: SceneOptions) -> np.ndarray:
    """(C,) int32: the colour in a coloured scene, the grey in a grey one."""
    return np.array([gray] if options.channels == 1 else rgb, dtype=np.int32)


def paint_digits(canvas: Canvas, placed: Sequence[Placed], colors: Sequence[str],
                 options: SceneOptions) -> None:
    """Paint digits in their order, in place; later ones cover earlier ones."""
    for item, color in zip(placed, colors):
        paint(canvas, item.ink, tone(PALETTE[color], GRAY_INK, options), item.x, item.y)


def paint_box(canvas: Canvas, box: Box, colour: np.ndarray) -> None:
    """Fill a box with one colour, in place."""
    x0, y0, x1, y1 = box
    canvas[y0:y1, x0:x1] = colour


def paint_clutter(canvas: Canvas, draws: Draws, boxes: Sequence[Box], options: SceneOptions,
                  split: str) -> tuple[int, ...]:
    """Scatter fragments of the split's digits, half a digit wide, clear of the boxes, in place.

    Returns:
        The indices of the digits that the fragments were cut from.
    """
    height, width = options.size
    sources = []
    for _ in range(options.clutter):
        source, size = draws.choice(pool(split)), draws.between(*options.digit_size_range)
        side = size // 2
        for _ in range(24):
            left, top = draws.between(0, size - side), draws.between(0, size - side)
            x, y = draws.between(0, width - side), draws.between(0, height - side)
            fragment = digit_ink(source, size)[top:top + side, left:left + side] * disc(side)
            enough = 4 * np.count_nonzero(fragment >= SOLID) >= side * side      # a quarter of it is ink
            if enough and not any(touch((x, y, x + side, y + side), box) for box in boxes):
                paint(canvas, fragment, tone(CLUTTER, GRAY_INK, options), x, y)
                sources.append(source)
                break
    return tuple(sources)


@lru_cache(maxsize=64)
def disc(side: int) -> np.ndarray:
    """(side, side) int32: 1 in the largest circle, 0 outside, so that a fragment has no straight edges."""
    steps = 2 * np.arange(side) - side + 1                # twice the distance from the centre
    return (steps[:, None] ** 2 + steps[None] ** 2 <= side * side).astype(np.int32)


def add_noise(canvas: Canvas, draws: Draws, deviation: float) -> Canvas:
    """A noisy copy: to each value a nearly normal amount (four bytes summed) is added, within 0 .. 255."""
    parts = draws.bytes(4 * canvas.size).reshape(4, *canvas.shape)
    centred = parts.sum(axis=0) - 510     # mean 0, deviation sqrt(4 * (256**2 - 1) / 12) = 147.8
    steps = round(deviation * 255 * 4096 / 147.8)
    return np.clip(canvas + (centred * steps >> 12), 0, 255)


def to_image(canvas: Canvas) -> Tensor:
    """A canvas (H, W, C), or several (T, H, W, C), as float32 in [0, 1] in the layout (C, H, W)."""
    values = np.moveaxis(canvas, -1, -3).astype(np.float32) / np.float32(255)
    return torch.from_numpy(np.ascontiguousarray(values))
