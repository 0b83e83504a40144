"""What an exercise is: data that one engine turns into a learner's feedback, a test and a grade."""

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

Inputs = Mapping[str, Any]
Answer = Callable[..., Any]  # a function, or an nn.Module class


@dataclass(frozen=True)
class Stage:
    """One small input. Stages go from the input that isolates one part of the mechanism to the whole.

    Attributes:
        name: Two or three words, shown as the stage's label.
        tells: What a failure here says about the answer, when no named mistake explains it.
        draw: Draws the inputs, in the order of the signature. Never a fixed input: only the seed decides.
        config: Constructor arguments, for an exercise whose answer is a module.
        batched: The inputs whose first axis counts samples that must not influence each other.
        compare_gradients: Whether the gradients must have the reference's values, not only exist.
        hidden: Runs only when the work is graded.
        newborn: The module keeps the weights that its own constructor gave it; they are not loaded. Compare only what
            does not depend on chance, such as a block that starts as the identity.
    """

    name: str
    tells: str
    draw: Callable[[Generator], Inputs]
    config: Mapping[str, Any] | None = None
    batched: tuple[str, ...] = ()
    compare_gradients: bool = False
    hidden: bool = False
    newborn: bool = False
    rtol: float = 1e-4
    atol: float = 1e-5


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, as code, with what to say about it."""

    name: str
    answer: Answer
    shows: str
    try_next: str


@dataclass(frozen=True)
class Exercise:
    """One exercise. `difficulty` and `importance` run from 1 to 5; `hints` has three rungs."""

    id: str
    chapter: int
    title: str
    signature: str
    points: int
    difficulty: int
    importance: int
    minutes: int
    reference: Answer
    stages: tuple[Stage, ...]
    mistakes: tuple[Mistake, ...]
    variants: Mapping[str, Answer]
    hints: tuple[str, str, str]
    forbid: tuple[str, ...] = ()
    map_axes: tuple[str, str] | None = None  # (rows, columns) where the result is worth drawing as a map

    @property
    def wants_module(self) -> bool:
        return isinstance(self.reference, type) and issubclass(self.reference, nn.Module)

    def visible_stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages if not stage.hidden)


@dataclass(frozen=True)
class Case:
    """A stage with its inputs drawn: everything that an answer is called with, and nothing that it is judged by."""

    inputs: Inputs
    config: Mapping[str, Any] | None = None
    weights: Mapping[str, Tensor] | None = None  # the state that a module answer is given before it runs
    batched: tuple[str, ...] = ()
    newborn: bool = False  # keep the weights of the answer's own constructor


def draw_case(exercise: Exercise, stage: Stage, seed: int) -> Case:
    """The inputs of `stage`, and a module's weights, as a function of `seed` alone.

    A seed of 2**32 or more is taken to be secret, as in grading: who sees one stage's inputs learns of no other's.
    """
    stream = _stream(f"{exercise.id}/{stage.name}/{seed}".encode(), secret=seed >= 2**32)
    inputs = stage.draw(torch.Generator().manual_seed(stream))
    if not exercise.wants_module:
        return Case(inputs, batched=stage.batched)
    config = stage.config or {}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stream)  # torch.manual_seed is slow: it asks all devices
        weights = exercise.reference(**config).state_dict()
        # What starts at zero hides all that it multiplies: the check needs weights such as training leaves.
        for name, value in weights.items():
            if value.is_floating_point() and not value.any():
                weights[name] = 0.5 * torch.randn_like(value)
    return Case(inputs, config, weights, stage.batched, stage.newborn)


def _stream(text: bytes, *, secret: bool) -> int:
    """A generator's seed, of which torch takes 32 bits. Of a secret one, no stage's tells another's."""
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") if secret else zlib.crc32(text)
