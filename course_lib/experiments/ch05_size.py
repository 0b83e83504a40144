"""Trained on 8 x 8 pixels, tested on larger pictures of the same digits: what to do with the positions.

The test digits are enlarged to 10 x 10, 12 x 12 and 16 x 16 pixels (bilinearly). Patches stay 2 x 2, so there
are 25, 36 and 64 of them in place of 16, and each shows a smaller piece of its digit. Nothing is trained at
the new size but in "100 steps more". What differs is what the new patches are told about their places:

    interpolated      the learned positions, resized as if they were an image (`set_input_size`)
    as a list         resized along the row of tokens, as if there were no rows and columns: a slip
    padded            taken in their order, with zeros for the tokens that are left over
    no positions      trained without, tested without
    sincos 2D         made anew for the new grid: the old coordinates, and further ones
    sincos 2D, interpolated   resized as an image, like learned ones
    100 steps more    interpolated, then trained on enlarged digits for a little
    picture made small        no new positions at all: the enlarged picture goes back to 8 x 8
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course_lib.attention.positions import interpolate_positions
from course_lib.experiments.digit_training import (
    Labelled, SIZE, accuracy, augment, labelled_digits, make_vit, train,
)
from course_lib.experiments.experiment import Experiment
from course_lib.models.vit import VisionTransformer

PATCH = 2
CONDITIONS = {                        # positions in training
    "interpolated": "learned",
    "as a list": "learned",
    "padded": "learned",
    "no positions": "none",
    "sincos 2D": "sincos_2d",
    "sincos 2D, interpolated": "sincos_2d",
    "100 steps more": "learned",
    "picture made small": "learned",
}


@dataclass(frozen=True)
class Config:
    """Budget; the rest is the recipe."""

    seeds: tuple[int, ...]
    steps: int
    steps_more: int = 100
    sizes: tuple[int, ...] = (8, 10, 12, 16)


def enlarged(images: Tensor, size: int) -> Tensor:
    """(n, 1, H, W) -> (n, 1, size, size), bilinearly."""
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


@lru_cache(maxsize=4)
def _weights(positions: str, steps: int, seed: int) -> dict[str, Tensor]:
    """The state dict of a ViT trained on 8 x 8 pixels. Kept: five conditions begin with the same."""
    (images, labels), _, _ = labelled_digits()
    torch.manual_seed(seed)
    model = make_vit(positions=positions)
    train(model, images, labels, steps=steps, seed=seed)
    return model.state_dict()


def trained(positions: str, config: Config, seed: int) -> VisionTransformer:
    """A ViT of one's own, trained on 8 x 8 pixels."""
    model = make_vit(positions=positions)
    model.load_state_dict(_weights(positions, config.steps, seed))
    return model.eval()


@torch.no_grad()
def fitted(model: VisionTransformer, condition: str, size: int) -> VisionTransformer:
    """The model, changed in place so that it takes pictures of that size in the condition's way."""
    if condition == "picture made small" or model.grid == (size // PATCH, size // PATCH):
        return model
    old, grid = model.pos_embed, model.grid
    model.set_input_size(size)
    rows, columns = model.grid
    if condition == "sincos 2D, interpolated":
        model.pos_embed = interpolate_positions(old, grid, model.grid)
    elif condition in ("as a list", "padded"):
        if condition == "as a list":
            new = F.interpolate(old.mT, rows * columns, mode="linear", align_corners=False).mT   # (1, N, C)
        else:
            new = F.pad(old, (0, 0, 0, rows * columns - old.shape[1]))
        model.pos_embed = nn.Parameter(new)
    return model


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """accuracy_8, accuracy_10 ...: share of the test digits named rightly at each size, trained at 8."""
    learned, _, (images, labels) = labelled_digits()
    found = {}
    for size in config.sizes:
        model = fitted(trained(CONDITIONS[condition], config, seed), condition, size)
        pictures = enlarged(images, size)
        if condition == "picture made small":
            pictures = enlarged(pictures, SIZE)
        if condition == "100 steps more":
            go_on(model, learned, size, config, seed)
        found[f"accuracy_{size}"] = accuracy(model, pictures, labels)
    return found


def go_on(model: VisionTransformer, learned: Labelled, size: int, config: Config, seed: int) -> None:
    """Train on enlarged digits for a little, in place."""
    def augment_and_enlarge(images: Tensor, labels: Tensor, generator: Generator) -> Labelled:
        images, labels = augment(images, labels, generator)
        return enlarged(images, size), labels

    train(model, *learned, steps=config.steps_more, seed=seed + 1000, augment=augment_and_enlarge, lr=0.001)


EXPERIMENT = Experiment(
    title="Trained at 8 x 8, tested at up to 16 x 16: what becomes of the positions",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0,), steps=3, steps_more=2),
    small=Config(seeds=(0, 1), steps=300, steps_more=50, sizes=(8, 12)),
    full=Config(seeds=(0, 1, 2), steps=800),
)
