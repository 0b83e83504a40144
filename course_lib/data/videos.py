"""Digits that move, bounce off the edges and pass behind a bar, with the track of each."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .digits import Split, check_split
from .drawing import add_noise, blank, paint_box, paint_clutter, paint_digits, to_image, tone
from .layout import Placed, draw_layout, instance_map, visible_parts
from .palette import GRAY_OCCLUDER, OCCLUDER
from .randomness import Draws, check_seed
from .scene_options import Box, SceneOptions


@dataclass(frozen=True, eq=False)
class Track:
    """One digit through T frames.

    Attributes:
        digit, source, color, size: as of a `SceneObject`.
        boxes: (T, 4) int64: x0, y0, x1, y1 around the whole digit, half-open, also where it is hidden.
        visible: (T,) float32 in [0, 1]: the part of its solid pixels that nothing hides.
    """

    digit: int
    source: int
    color: str
    size: int
    boxes: Tensor
    visible: Tensor

    @property
    def hidden(self) -> Tensor:
        """(T,) bool: whether nothing of the digit is to be seen."""
        return self.visible == 0


@dataclass(frozen=True, eq=False)
class Video:
    """T frames of moving digits.

    Attributes:
        seed, split: what it was made from.
        frames: (T, C, H, W) float32 in [0, 1], steps of 1/255.
        instances: (T, H, W) int64: 0, or 1 + i on the visible pixels of `tracks[i]`.
        tracks: the digits; earlier ones pass in front of later ones. With a bar, `tracks[0]` starts beside
            it, is wholly hidden at least once and ends in full view.
        bar: the box of the occluder, half-open, or None.
        fragment_sources: the indices of the digits that clutter was cut from.
    """

    seed: int
    split: str
    frames: Tensor
    instances: Tensor
    tracks: tuple[Track, ...]
    bar: Box | None
    fragment_sources: tuple[int, ...]


def video(seed: int, options: SceneOptions = SceneOptions(), *, frames: int = 16,
          speed: tuple[int, int] = (1, 3), occluder: int | None = None, split: Split = "train") -> Video:
    """The video of a seed: like a scene, a function of its arguments alone.

    Args:
        seed: 0 or more.
        options: as for a scene, without cue, hole and question. `min_visible` holds where the digits start;
            each digit has a colour of its own while colours last.
        frames: T, 2 or more.
        speed: the lowest and the highest speed along each axis, in pixels a frame.
        occluder: width in pixels of an upright bar that digits pass behind, or None.
        split: "train" or "test": whose digits it is made from.

    Raises:
        ValueError: a value out of its range, or a bar that no digit can pass behind in so many frames.
    """
    check_seed(seed), check_split(split)
    _check(options, frames, speed, occluder)

    def draws(purpose: str) -> Draws:
        return Draws(seed, split, "video", purpose)

    start = draw_layout(draws("layout"), options, None, split)
    names = draws("colors").shuffled(options.colors or ("white",))
    colors = [names[number % len(names)] for number in range(len(start))]    # paths cross, so colours differ
    moving = draws("motion")
    velocities = [[moving.between(*speed) * moving.choice((-1, 1)) for _axis in "xy"] for _ in start]
    bar = None
    if occluder is not None:
        left, start[0], velocities[0][0] = _pass_behind(moving, start[0], options, frames, speed, occluder)
        bar = (left, 0, left + occluder, options.size[0])
    paths = [_path(item, velocity, frames, options) for item, velocity in zip(start, velocities)]

    backdrop = blank(options)
    fragments = paint_clutter(backdrop, draws("clutter"), [], options, split) if options.clutter else ()
    canvases, maps, parts = [], [], []
    for moment in zip(*paths):                                           # one Placed a digit
        canvas = backdrop.copy()
        paint_digits(canvas, moment[::-1], colors[::-1], options)        # the last painted is in front
        instances = instance_map(reversed([*enumerate(moment, start=1)]), options.size)
        if bar:
            paint_box(canvas, bar, tone(OCCLUDER, GRAY_OCCLUDER, options))
            paint_box(instances, bar, np.int64(0))
        canvases.append(canvas)
        maps.append(instances)
        parts.append(visible_parts(moment, instances))
    stacked = np.stack(canvases)                                         # (T, H, W, C)
    if options.noise:
        stacked = add_noise(stacked, draws("noise"), options.noise)
    tracks = tuple(Track(item.digit, item.source, color, item.size, torch.tensor([step.box for step in path]),
                         torch.tensor(part, dtype=torch.float32))
                   for item, color, path, part in zip(start, colors, paths, zip(*parts)))
    return Video(seed, split, to_image(stacked), torch.from_numpy(np.stack(maps)), tracks, bar, fragments)


def bounce(start: int | np.ndarray, speed: int | np.ndarray, times: np.ndarray, room: int) -> np.ndarray:
    """Where a point is at each time that starts in 0 .. room and is thrown back at both ends; integers."""
    if room == 0:
        return np.zeros(np.broadcast(start, speed, times).shape, dtype=np.int64)
    unfolded = (start + speed * times) % (2 * room)    # there and back again is 2 * room long
    return np.minimum(unfolded, 2 * room - unfolded)


def _path(item: Placed, velocity: list[int], frames: int, options: SceneOptions) -> list[Placed]:
    times = np.arange(frames)
    xs = bounce(item.x, velocity[0], times, options.size[1] - item.size).tolist()
    ys = bounce(item.y, velocity[1], times, options.size[0] - item.size).tolist()
    return [replace(item, x=x, y=y) for x, y in zip(xs, ys)]


def _pass_behind(draws: Draws, item: Placed, options: SceneOptions, frames: int, speed: tuple[int, int],
                 width: int) -> tuple[int, Placed, int]:
    """The left edge of a bar, and the digit placed anew, with a speed that takes it behind the bar and out.

    Where the digit is too large for that, it is made smaller.
    """
    height, across = options.size
    smallest = options.digit_size_range[0]
    for size in range(item.size, smallest - 1, -1):
        if ways := _ways_behind(across, width, size, frames, speed):
            left, x, pace = draws.choice(ways)
            return left, replace(item, size=size, x=x, y=min(item.y, height - size)), pace
    raise ValueError(f"no digit of {smallest} pixels can pass behind a bar of {width} in {frames} frames at "
                     f"up to {speed[1]} pixels a frame on a canvas {across} wide. Ask for another bar (wider "
                     "than a digit), more frames, a higher speed or a wider canvas.")


@lru_cache(maxsize=256)
def _ways_behind(across: int, width: int, size: int, frames: int,
                 speed: tuple[int, int]) -> list[tuple[int, int, int]]:
    """All (left edge of bar, start x, speed) that hide a tile once and show it whole at both ends."""
    room = across - size
    starts = np.arange(room + 1)[:, None, None]
    paces = np.array([sign * pace for pace in range(max(speed[0], 1), speed[1] + 1) for sign in (-1, 1)])
    xs = bounce(starts, paces[None, :, None], np.arange(frames), room)                # (starts, paces, T)
    ways = []
    for left in range(across // 4, 3 * across // 4 - width + 1):    # in the middle half
        hidden = ((xs >= left) & (xs + size <= left + width)).any(axis=-1)
        ends = xs[..., [0, -1]]
        in_view = ((ends + size <= left) | (ends >= left + width)).all(axis=-1)
        ways += [(left, int(x), int(paces[pace])) for x, pace in np.argwhere(hidden & in_view)]
    return ways


def _check(options: SceneOptions, frames: int, speed: tuple[int, int], occluder: int | None) -> None:
    if options.cue or options.hole or options.question:
        raise ValueError("a video has no cue, hole or question; leave them out of its options.")
    if frames < 2:
        raise ValueError(f"frames must be 2 or more, got {frames}.")
    if not 0 <= speed[0] <= speed[1]:
        raise ValueError(f"speed must be (lowest, highest), both 0 or more, got {speed}.")
    if occluder is not None and not 1 <= occluder <= options.size[1] // 2:
        raise ValueError(f"occluder must lie in 1 .. {options.size[1] // 2}, got {occluder}.")
