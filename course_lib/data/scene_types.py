"""A scene and the labels it carries for every task."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .questions import ANSWERS, Question, encode_question
from .scene_options import Box


@dataclass(frozen=True)
class SceneObject:
    """One digit of a scene.

    Attributes:
        digit: the class, 0 to 9.
        source: which of scikit-learn's 1,797 digits it is.
        color: a name in `PALETTE`; "white" in a grey scene.
        size: side of its square tile in pixels.
        box: (x0, y0, x1, y1) in pixels around what is visible of it, half-open.
        visible: the part of its solid pixels that no other digit hides, in (0, 1].
    """

    digit: int
    source: int
    color: str
    size: int
    box: Box
    visible: float


@dataclass(frozen=True)
class Cue:
    """The patch that says which digits count: colour, corner ("top-left", ...) and half-open box."""

    color: str
    corner: str
    box: Box


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of digits and all that is known about it. H and W are the canvas's height and width.

    Attributes:
        seed, split: what it was made from.
        image: (C, H, W) float32 in [0, 1], steps of 1/255; C is 3, or 1 in a grey scene.
        clean: the same before noise was added and the hole was cut.
        instances: (H, W) int64: 0 where there is no digit, 1 + i on the visible pixels of `objects[i]`.
        hole: (H, W) bool, True where the picture was cut out. Labels are those of the picture behind it.
        objects: the digits, in the order in which they were painted: later ones cover earlier ones.
        cue: the patch in the corner, or None.
        question: a question about the picture with its answer, or None.
        fragment_sources: the indices of the digits that clutter was cut from.
    """

    seed: int
    split: str
    image: Tensor
    clean: Tensor
    instances: Tensor
    hole: Tensor
    objects: tuple[SceneObject, ...]
    cue: Cue | None
    question: Question | None
    fragment_sources: tuple[int, ...]

    @property
    def sources(self) -> frozenset[int]:
        """The indices of every digit that lent a pixel to this scene."""
        return frozenset(item.source for item in self.objects) | frozenset(self.fragment_sources)

    @property
    def digits(self) -> Tensor:
        """(n,) int64: the class of each digit."""
        return torch.tensor([item.digit for item in self.objects])

    @property
    def boxes(self) -> Tensor:
        """(n, 4) int64: each digit's x0, y0, x1, y1, half-open."""
        return torch.tensor([item.box for item in self.objects])

    @property
    def masks(self) -> Tensor:
        """(n, H, W) bool: the visible pixels of each digit."""
        return self.instances == torch.arange(1, len(self.objects) + 1)[:, None, None]

    @property
    def semantic(self) -> Tensor:
        """(H, W) int64: 0 for the background (the cue belongs to it), 1 + class on a digit."""
        return torch.tensor([0] + [1 + item.digit for item in self.objects])[self.instances]

    @property
    def targets(self) -> tuple[SceneObject, ...]:
        """The digits that count: those of the cue's colour, or all of them where there is no cue."""
        return tuple(item for item in self.objects if self.cue is None or item.color == self.cue.color)

    @property
    def target_mask(self) -> Tensor:
        """(H, W) bool: the visible pixels of the digits that count."""
        counts = [self.cue is None or item.color == self.cue.color for item in self.objects]
        return torch.tensor([False] + counts)[self.instances]

    @property
    def label(self) -> int:
        """The class of the one digit that counts; ValueError where not exactly one does."""
        if len(self.targets) != 1:
            raise ValueError(f"a scene has a label when just one digit counts, here {len(self.targets)} do. "
                             "Ask for digits=1, or for digits=2 and a cue.")
        return self.targets[0].digit

    @property
    def tokens(self) -> Tensor:
        """(QUESTION_LENGTH,) int64: the question's words as ids; ValueError where nothing was asked."""
        return encode_question(self._asked().text)

    @property
    def answer(self) -> int:
        """The answer's id within `ANSWERS`; ValueError where nothing was asked."""
        return ANSWERS.index(self._asked().answer)

    def _asked(self) -> Question:
        if self.question is None:
            raise ValueError("nothing was asked about this scene. Give its options a question, say 'any'.")
        return self.question
