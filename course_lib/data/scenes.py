"""Scenes: seeded canvases composed of real handwritten digits, with labels for every task.

A scene is a function of its seed, its options and its split alone: the same on every platform, in every
process and in any order of calls. Scenes of the training split are made from training digits only, those of
the test split from test digits only. What is added leaves the rest untouched: the same seed with noise, with
clutter or with a hole shows the same digits at the same places.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .digits import Split, check_split
from .drawing import add_noise, blank, paint_box, paint_clutter, paint_digits, to_image, tone
from .ink import box_of
from .layout import Placed, draw_colors, draw_layout, instance_map, visible_parts
from .palette import HOLE, PALETTE
from .questions import QUESTION_KINDS, draw_question
from .randomness import Draws, check_seed
from .scene_options import Box, SceneOptions
from .scene_types import Cue, Scene, SceneObject

_ATTEMPTS = 1000      # at finding a scene about which the question can be asked


def scene(seed: int, options: SceneOptions = SceneOptions(), *, split: Split = "train") -> Scene:
    """The scene of a seed.

    Args:
        seed: 0 or more.
        options: what the scene is to hold.
        split: "train" or "test": whose digits it is made from.

    Returns:
        The scene: picture, objects and labels, all the caller's own.

    Raises:
        ValueError: a bad seed or split, or a question that can hardly ever be asked under these options.
    """
    check_seed(seed), check_split(split)
    for attempt in range(_ATTEMPTS):
        made = _attempt(seed, options, split, attempt)
        if options.question is None or made.question is not None:
            return made
    raise ValueError(f"in {_ATTEMPTS} attempts no scene had a {options.question!r} question with one clear "
                     "answer; ask for fewer digits or more colors.")


def scenes(seeds: int | Sequence[int], options: SceneOptions = SceneOptions(), *,
           split: Split = "train") -> "SceneSet":
    """A data set of scenes: of the seeds 0 .. n - 1 for a number n, or of the seeds given.

    Raises:
        ValueError: a negative number, or an unknown split.
    """
    return SceneSet(range(check_seed(seeds)) if isinstance(seeds, int) else seeds, options, split)


class SceneSet(Dataset):
    """Scenes of many seeds, each made when it is asked for; `stack` turns them into tensors."""

    def __init__(self, seeds: Sequence[int], options: SceneOptions, split: Split):
        check_split(split)
        self.seeds, self.options, self.split = seeds, options, split

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> Scene:
        return scene(self.seeds[index], self.options, split=self.split)

    def stack(self, *fields: str) -> tuple[Tensor | list[Tensor], ...]:
        """Fields of all scenes as tensors, as in `stack`."""
        return stack(self, *fields)


def stack(many: Iterable[Scene], *fields: str) -> tuple[Tensor | list[Tensor], ...]:
    """One tensor a field, the scenes along the first axis.

    Args:
        many: scenes of one size.
        fields: names of a scene's tensors and numbers: image, clean, semantic, instances, target_mask, hole,
            label, tokens, answer; or boxes, digits, masks, which hold one row a digit.

    Returns:
        A tuple in the order of the fields: (B, ...) tensors, or lists of B tensors for boxes, digits and
        masks, of which scenes hold different numbers.

    Raises:
        ValueError: a field that a scene does not have.
    """
    unknown = [name for name in fields if name not in _FIELDS + _RAGGED]
    if unknown or not fields:
        known = ", ".join(_FIELDS + _RAGGED)
        raise ValueError(f"fields must be some of {known}; got {', '.join(unknown) or 'none'}.")
    rows = [[torch.as_tensor(getattr(one, name)) for name in fields] for one in many]
    columns = [[row[place] for row in rows] for place in range(len(fields))]
    return tuple(column if name in _RAGGED else torch.stack(column) for name, column in zip(fields, columns))


_FIELDS = ("image", "clean", "semantic", "instances", "target_mask", "hole", "label", "tokens", "answer")
_RAGGED = ("boxes", "digits", "masks")


def _attempt(seed: int, options: SceneOptions, split: Split, attempt: int) -> Scene:
    def draws(purpose: str) -> Draws:
        return Draws(seed, split, attempt, purpose)

    corner, cue_box = draws("corner").choice(options.cue_boxes() or [("", None)])
    placed = draw_layout(draws("layout"), options, cue_box, split)
    colors = draw_colors(draws("colors"), placed, options)
    instances = instance_map(enumerate(placed, start=1), options.size)
    parts = visible_parts(placed, instances)
    objects = tuple(SceneObject(item.digit, item.source, color, item.size, box_of(instances == number), part)
                    for number, (item, color, part) in enumerate(zip(placed, colors, parts), start=1))
    cue = Cue(draws("cue").choice(colors), corner, cue_box) if cue_box else None

    canvas = blank(options)
    keep_clear = [item.box for item in placed] + ([cue_box] if cue_box else [])
    fragments = paint_clutter(canvas, draws("clutter"), keep_clear, options, split) if options.clutter else ()
    paint_digits(canvas, placed, colors, options)
    if cue:
        paint_box(canvas, cue.box, np.array(PALETTE[cue.color]))
    seen = add_noise(canvas, draws("noise"), options.noise) if options.noise else canvas.copy()
    hole = np.zeros(options.size, dtype=bool)
    if options.hole:
        x0, y0, x1, y1 = _draw_hole(draws("hole"), placed, options)
        hole[y0:y1, x0:x1] = True
        seen[hole] = tone(HOLE, HOLE[0], options)

    question = None
    if options.question:
        asking = draws("question")
        kinds = asking.shuffled(QUESTION_KINDS) if options.question == "any" else [options.question]
        answerable = (draw_question(asking, kind, objects, options.colors) for kind in kinds)
        question = next((question for question in answerable if question), None)
    return Scene(seed, split, to_image(seen), to_image(canvas), torch.from_numpy(instances),
                 torch.from_numpy(hole), objects, cue, question, fragments)




def _draw_hole(draws: Draws, placed: Sequence[Placed], options: SceneOptions) -> Box:
    """A box of the hole's size around a random solid pixel of a random digit, pushed back into the canvas."""
    (height, width), (hole_h, hole_w) = options.size, options.hole
    item = draws.choice(placed)
    y, x = draws.choice(np.argwhere(item.solid).tolist())
    left = min(max(item.x + x - hole_w // 2, 0), width - hole_w)
    top = min(max(item.y + y - hole_h // 2, 0), height - hole_h)
    return left, top, left + hole_w, top + hole_h
