"""The size of a patch: 64 tokens of one pixel, 16 of 2 x 2, four of 4 x 4, one of the whole picture.

A ViT with one token has no one to attend to: it is an MLP with residuals. That this is as good as any here
says something about the digits: all are of one size, in one place, and need no attention. The networks differ
in their patch embedding and positions alone, and are trained by the recipe in `digit_training`.
"""

from dataclasses import dataclass

import torch

from course_lib.experiments.digit_training import accuracy, count_parameters, labelled_digits, make_vit, train
from course_lib.experiments.experiment import Experiment

PATCHES = {f"{side} x {side}": side for side in (1, 2, 4, 8)}


@dataclass(frozen=True)
class Config:
    """Budget; the rest is the recipe."""

    seeds: tuple[int, ...]
    steps: int


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train one; its accuracy on the test digits, how many tokens it has, how many parameters."""
    learned, _, tested = labelled_digits()
    torch.manual_seed(seed)
    model = make_vit(patch_size=PATCHES[condition])
    train(model, *learned, steps=config.steps, seed=seed)
    rows, columns = model.grid
    return {"accuracy": accuracy(model, *tested), "tokens": rows * columns,
            "parameters": count_parameters(model)}


EXPERIMENT = Experiment(
    title="Patches of one pixel, of four, of sixteen, and of the whole picture",
    conditions=tuple(PATCHES),
    measure=measure,
    tiny=Config(seeds=(0,), steps=3),
    small=Config(seeds=(0, 1), steps=200),
    full=Config(seeds=(0, 1, 2), steps=600),
)
