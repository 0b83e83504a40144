"""Films of digits that pass behind a bar, cut into cells: what the occlusion experiment is played on."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.data import SceneOptions, video

CELL = 4                                     # side of a cell in pixels


class Clips(NamedTuple):
    """n films with K digits.

    frames    (n, T, 2, H, W): the picture; and in the first frame, 1 + k on the pixels of digit k
    centres   (n, K, T, 2): row and column of each digit's centre in pixels, also where it is hidden
    visible   (n, K, T): the part of the digit that is to be seen
    """

    frames: Tensor
    centres: Tensor
    visible: Tensor


@lru_cache(maxsize=2)
def make_clips(count: int, split: str, size: tuple[int, int], frames: int, digits: int, bar: int,
               speed: tuple[int, int]) -> Clips:
    """`count` films of a split's digits; arguments as of `course_lib.data.video`."""
    options = SceneOptions(size=size, digits=digits, digit_size=8, colors=None, min_visible=0.5)
    rows = []
    for seed in range(count):
        film = video(seed, options, frames=frames, speed=speed, occluder=bar, split=split)
        first = torch.zeros_like(film.frames)                                # (T, 1, H, W)
        first[0, 0] = film.instances[0]
        boxes = torch.stack([track.boxes for track in film.tracks]).float()  # (K, T, 4): x0, y0, x1, y1
        centres = torch.stack([boxes[..., 1::2].mean(-1), boxes[..., ::2].mean(-1)], -1)
        visible = torch.stack([track.visible for track in film.tracks])
        rows.append((torch.cat([film.frames, first], 1), centres, visible))
    return Clips(*map(torch.stack, zip(*rows)))


def mark(frames: Tensor, which: Tensor) -> Tensor:
    """Turn the numbers in the first frame into the mask of one digit a film: (n, T, 2, H, W), (n,)."""
    mask = (frames[:, :, 1] == 1 + which[:, None, None, None]).float()       # (n, T, H, W)
    return torch.stack([frames[:, :, 0], mask], 2)


def cell_of(centres: Tensor, size: tuple[int, int]) -> Tensor:
    """The number of the cell, counted row by row: (..., 2) -> (...)."""
    row, column = (centres / CELL).long().unbind(-1)
    return row * (size[1] // CELL) + column


def middle_of(cells: Tensor, size: tuple[int, int]) -> Tensor:
    """Row and column of the middle of a cell, in pixels: (...) -> (..., 2)."""
    width = size[1] // CELL
    return torch.stack([cells // width, cells % width], -1) * CELL + CELL / 2


def ask(frames: Tensor, tracks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Films to train on: any digit that is seen in the first frame is asked for, and films are turned.

    One in two is turned upside down, one in two left to right. tracks is (n, K, T, 3): centres, and the
    visible part. Returns frames with a mask, and the digit's cells (n, T).
    """
    size = tuple(frames.shape[-2:])
    centres, visible = tracks[..., :2], tracks[:, :, 0, 2]                   # (n, K, T, 2), (n, K)
    which = torch.multinomial((visible > 0.5).float() + 1e-6, 1, generator=generator)[:, 0]
    frames, centres = mark(frames, which), centres[torch.arange(len(frames)), which]
    for axis in (0, 1):
        turn = torch.rand(len(frames), generator=generator) < 0.5
        frames = torch.where(turn[:, None, None, None, None], frames.flip(axis - 2), frames)
        mirrored = size[axis] - 0.01 - centres[..., axis]                    # an edge between cells stays one
        centres = centres.clone()
        centres[..., axis] = torch.where(turn[:, None], mirrored, centres[..., axis])
    return frames, cell_of(centres, size)
