"""The sentences with which `SceneOptions` turns down what no scene can be made from."""

from typing import TYPE_CHECKING

from .palette import PALETTE
from .questions import QUESTION_KINDS

if TYPE_CHECKING:
    from .scene_options import SceneOptions

CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")


def check_options(options: "SceneOptions") -> None:
    """Raise ValueError for a value out of its range or for options that contradict each other."""
    _check_pair("size", options.size, 8)
    _check_pair("digits", options.digit_range, 1, ordered=True)
    _check_pair("digit_size", options.digit_size_range, 8, ordered=True)
    _need(options.digit_size_range[1] <= min(options.size),
          f"digit_size ({options.digit_size}) must not pass the shorter side of size {options.size}.")
    _need(_is_whole(options.clutter) and options.clutter >= 0,
          f"clutter must be a whole number of 0 or more, got {options.clutter!r}.")
    _need(0 < options.min_visible <= 1, f"min_visible must lie in (0, 1], got {options.min_visible!r}.")
    _need(0 <= options.noise <= 0.5, f"noise must lie in [0, 0.5], got {options.noise!r}.")
    _check_colors(options.colors)
    _check_cue(options)
    _check_hole(options)
    _check_question(options)
    _check_room(options)


def _check_colors(colors: tuple[str, ...] | None) -> None:
    if colors is None:
        return
    known = isinstance(colors, tuple) and len(colors) > 0 and all(name in PALETTE for name in colors)
    _need(known, f"colors must be a tuple of some of {', '.join(PALETTE)}, or None; got {colors!r}.")
    _need(len(set(colors)) == len(colors), f"colors must differ from each other, got {colors}.")


def _check_cue(options: "SceneOptions") -> None:
    if options.cue is None:
        return
    _need(options.cue in (*CORNERS, "random"),
          f"cue must be one of {', '.join(CORNERS)}, 'random' or None; got {options.cue!r}.")
    _need(options.colors is not None and len(options.colors) >= 2,
          f"a cue needs two colors or more to choose between, got colors={options.colors}.")
    largest = min(options.size) // 2
    _need(_is_whole(options.cue_size) and 1 <= options.cue_size <= largest,
          f"cue_size must lie in 1 .. {largest} for size {options.size}, got {options.cue_size!r}.")


def _check_hole(options: "SceneOptions") -> None:
    if options.hole is None:
        return
    _check_pair("hole", options.hole, 1)
    _need(options.hole[0] <= options.size[0] and options.hole[1] <= options.size[1],
          f"hole {options.hole} is larger than the canvas {options.size}.")
    _need(options.cue is None and options.question is None,
          "a hole might hide the cue or the answer: ask for a hole without cue and question.")


def _check_question(options: "SceneOptions") -> None:
    kind = options.question
    if kind is None:
        return
    _need(kind in (*QUESTION_KINDS, "any"),
          f"question must be one of {', '.join(QUESTION_KINDS)}, 'any' or None; got {kind!r}.")
    _need(options.colors is not None or kind == "exists",
          f"question {kind!r} asks about colors, got colors=None; 'exists' does not.")
    _need(options.digit_range[1] <= 9, f"questions count to 9, got digits={options.digits}.")
    _need(kind != "place" or (options.digit_range[0] >= 2 and len(options.colors) >= 2),
          f"'place' needs two digits and two colors or more; got {options.digits} and {options.colors}.")
    _need(kind != "color" or len(options.colors) >= 2 or options.digit_range[1] == 1,
          f"'color' needs two colors or more where there are two digits, got {options.colors}.")


def _check_room(options: "SceneOptions") -> None:
    """On a grid there is always a place for every digit, so that no seed can fail."""
    most, side = options.digit_range[1], options.digit_size_range[0]
    room = min(len(options.grid(box)) for box in [box for _, box in options.cue_boxes()] or [None])
    height, width = options.size
    _need(most <= room,
          f"{most} digits of {side} pixels do not fit side by side on a canvas of {height} x {width}; {room} "
          "would. Ask for fewer or smaller ones, or for a larger canvas.")


def _check_pair(name: str, value: object, lowest: int, ordered: bool = False) -> None:
    good = isinstance(value, tuple) and len(value) == 2 and all(_is_whole(v) and v >= lowest for v in value)
    what = "one whole number or (lowest, highest)" if ordered else "(height, width), whole numbers"
    _need(good and (not ordered or value[0] <= value[1]),
          f"{name} must be {what}, {lowest} or more; got {value!r}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
