"""What a ViT knows of places: five kinds of positions, and patches that were shuffled.

**once** one permutation of the 16 patches, the same for every picture in training and test. A ViT with
learned positions cannot mind: its patches are a set, and which position goes with which patch it learns
either way. A CNN looks at neighbours, and they are gone.

**anew** another permutation for each picture, in training and test. What is left is the set of patches. A
ViT without positions sees nothing else in an ordered picture either.

All are trained by the recipe in `digit_training`; digits are augmented before they are shuffled.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course_lib.experiments.digit_training import (
    Labelled, SIZE, SmallCNN, accuracy, augment, labelled_digits, make_vit, train,
)
from course_lib.experiments.experiment import Experiment

PATCH = 2
GRID = SIZE // PATCH
CONDITIONS = {                        # positions, or none for the CNN; how the patches are shuffled
    "none": ("none", ""),
    "learned": ("learned", ""),
    "sincos 1D": ("sincos_1d", ""),
    "sincos 2D": ("sincos_2d", ""),
    "relative": ("relative", ""),
    "CNN": (None, ""),
    "learned, shuffled once": ("learned", "once"),
    "CNN, shuffled once": (None, "once"),
    "none, shuffled anew": ("none", "anew"),
    "learned, shuffled anew": ("learned", "anew"),
}


@dataclass(frozen=True)
class Config:
    """Budget; the rest is the recipe."""

    seeds: tuple[int, ...]
    steps: int


def shuffled(images: Tensor, how: str, generator: Generator) -> Tensor:
    """The patches in another order: (n, 1, 8, 8) -> the same. `how`: "" not at all, "once" or "anew"."""
    if not how:
        return images
    patches = F.unfold(images, PATCH, stride=PATCH)                          # (n, 4, 16)
    if how == "once":                                                        # the same for train and test
        order = torch.randperm(GRID**2, generator=Generator().manual_seed(5)).expand(len(images), -1)
    else:
        order = torch.rand(len(images), GRID**2, generator=generator).argsort(1)
    patches = patches.gather(2, order[:, None].expand_as(patches))           # (n, 4, 16)
    return F.fold(patches, (SIZE, SIZE), PATCH, stride=PATCH)                # (n, 1, 8, 8)


def trained(condition: str, config: Config, seed: int) -> nn.Module:
    """A network of that condition, trained on the 1,300 digits."""
    positions, how = CONDITIONS[condition]
    (images, labels), _, _ = labelled_digits()
    torch.manual_seed(seed)
    model = SmallCNN() if positions is None else make_vit(positions=positions)

    def augment_and_shuffle(images: Tensor, labels: Tensor, generator: Generator) -> Labelled:
        images, labels = augment(images, labels, generator)
        return shuffled(images, how, generator), labels

    train(model, images, labels, steps=config.steps, seed=seed, augment=augment_and_shuffle)
    return model


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train one and look.

    accuracy   share of the test digits that are named rightly, shuffled as in training
    near, far  mean cosine of the positions of patches side by side, and of all others (added positions only)
    """
    positions, how = CONDITIONS[condition]
    model = trained(condition, config, seed)
    _, _, (images, labels) = labelled_digits()
    found = {"accuracy": accuracy(model, shuffled(images, how, Generator().manual_seed(2**31)), labels)}
    if positions not in (None, "none", "relative"):
        found["near"], found["far"] = near_and_far(model.pos_embed)
    return found


@torch.no_grad()
def near_and_far(positions: Tensor) -> tuple[float, float]:
    """Positions (1, 16, C): mean cosine of neighbours in a row or column, and of the other pairs."""
    unit = F.normalize(positions[0] - positions[0].mean(0), dim=-1)      # (16, C), less what all share
    cosines = unit @ unit.T                                                  # (16, 16)
    place = torch.stack(torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij"), -1).flatten(0, 1)
    apart = (place[:, None] - place).abs().sum(-1)                           # (16, 16)
    return cosines[apart == 1].mean().item(), cosines[apart > 1].mean().item()


EXPERIMENT = Experiment(
    title="Positions of five kinds, and patches that were shuffled",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0,), steps=3),
    small=Config(seeds=(0, 1), steps=300),
    full=Config(seeds=(0, 1, 2), steps=600),
)
