"""Where the digits of a scene go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .digits import digit_indices, digit_levels
from .ink import SOLID, digit_ink, ink_box
from .randomness import Draws
from .scene_options import Box, SceneOptions, touch

_ROUNDS, _TRIES = 8, 24       # rounds of placing all digits, ever smaller; tries for one digit in a round


@dataclass(frozen=True)
class Placed:
    """A digit and its tile: `source` among scikit-learn's 1,797, side `size`, left upper corner (x, y)."""

    source: int
    size: int
    x: int
    y: int

    @property
    def digit(self) -> int:
        """The class, 0 to 9."""
        return int(digit_levels()[1][self.source])

    @property
    def ink(self) -> np.ndarray:
        """(size, size) int32 in 0 .. 255."""
        return digit_ink(self.source, self.size)

    @property
    def solid(self) -> np.ndarray:
        """(size, size) bool: the pixels that count as the digit's own."""
        return self.ink >= SOLID

    @property
    def box(self) -> Box:
        """Around its solid pixels, hidden or not: (x0, y0, x1, y1) on the canvas, half-open."""
        x0, y0, x1, y1 = ink_box(self.source, self.size)
        return self.x + x0, self.y + y0, self.x + x1, self.y + y1


@lru_cache(maxsize=2)
def pool(split: str) -> tuple[int, ...]:
    """The digits that scenes of a split may use."""
    return tuple(digit_indices(split).tolist())


def draw_layout(draws: Draws, options: SceneOptions, cue_box: Box | None, split: str) -> list[Placed]:
    """Digits on free places, clear of the cue; later ones may hide `1 - min_visible` of earlier ones.

    Places are drawn at random. Where that does not work out, digits are drawn again and smaller, and in the
    end they are set on a grid, for which `SceneOptions` has made sure that there is room.
    """
    smallest, largest = options.digit_size_range
    count = draws.between(*options.digit_range)
    sources = [draws.choice(pool(split)) for _ in range(count)]
    for round_ in range(_ROUNDS):
        limit = largest - (largest - smallest) * round_ // (_ROUNDS - 1)
        placed: list[Placed] = []
        for source in sources:
            size = draws.between(smallest, limit)
            if (item := _find_place(draws, source, size, placed, options, cue_box)) is None:
                break
            placed.append(item)
        else:
            return placed
    places = draws.shuffled(options.grid(cue_box))
    return [Placed(source, smallest, x, y) for source, (x, y) in zip(sources, places)]


def visible_parts(placed: Sequence[Placed], instances: np.ndarray) -> list[float]:
    """What part of each digit's solid pixels shows in an instance map: one number in [0, 1] each."""
    shown = np.bincount(instances.reshape(-1), minlength=len(placed) + 1)
    return [int(shown[number]) / int(item.solid.sum()) for number, item in enumerate(placed, start=1)]


def instance_map(placed: Iterable[tuple[int, Placed]], size: tuple[int, int]) -> np.ndarray:
    """(H, W) int64: 0, or the number of the digit whose solid ink is on top: the last one painted."""
    instances = np.zeros(size, dtype=np.int64)
    for number, item in placed:
        instances[item.y:item.y + item.size, item.x:item.x + item.size][item.solid] = number
    return instances


def draw_colors(draws: Draws, placed: Sequence[Placed], options: SceneOptions) -> list[str]:
    """A colour for each digit. Touching ones differ while colours last; with a cue not all are alike.

    For a question about "the red one", one digit gets a colour that no other has.
    """
    if options.colors is None:
        return ["white"] * len(placed)
    lone, lone_color, names = -1, None, options.colors
    if options.question in ("color", "place"):
        lone, lone_color = draws.below(len(placed)), draws.choice(options.colors)
        names = [name for name in options.colors if name != lone_color]
    colors: list[str] = []
    for number, item in enumerate(placed):
        beside = {color for other, color in zip(placed, colors) if touch(item.box, other.box)}
        free = [name for name in names if name not in beside]
        colors.append(lone_color if number == lone else draws.choice(free or names))
    if options.cue and len(placed) > 1 and len(set(colors)) == 1:
        others = [name for name in options.colors if name != colors[0]]
        colors[draws.below(len(placed))] = draws.choice(others)
    return colors


def _find_place(draws: Draws, source: int, size: int, placed: list[Placed], options: SceneOptions,
                cue_box: Box | None) -> Placed | None:
    height, width = options.size
    for _ in range(_TRIES):
        item = Placed(source, size, draws.between(0, width - size), draws.between(0, height - size))
        if cue_box and touch(item.box, cue_box):
            continue
        if not any(touch(item.box, other.box) for other in placed):
            return item
        if options.min_visible < 1:
            everything = [*placed, item]
            instances = instance_map(enumerate(everything, start=1), options.size)
            if min(visible_parts(everything, instances)) >= options.min_visible:
                return item
    return None
