"""Handwritten digits from scratch: a ViT, a CNN of its size, and logistic regression.

The networks share recipe and augmentation, which `digit_training` tells. Logistic regression sees the 64
pixels as they are, without augmentation; of a few strengths of its penalty it takes the one that is best on
the digits held out. Those digits are in nobody's training. The test digits are looked at once, at the end.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from course_lib.experiments.digit_training import (
    Labelled, SmallCNN, accuracy, count_parameters, labelled_digits, make_vit, train,
)
from course_lib.experiments.experiment import Experiment

NETWORKS = {
    "ViT": lambda: make_vit(),
    "ViT, class token": lambda: make_vit(class_token=True, global_pool="token"),
    "ViT, post-norm": lambda: make_vit(pre_norm=False),
    "CNN": lambda: SmallCNN(),
}
LOGISTIC = "logistic regression"
PENALTIES = (0.01, 0.1, 1.0, 10.0)    # scikit-learn's C: the larger, the weaker


@dataclass(frozen=True)
class Config:
    """Budget; the rest is the recipe."""

    seeds: tuple[int, ...]
    steps: int


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train one and look.

    accuracy    share of the test digits that are named rightly
    held_out    the same of the 142 training digits held out
    parameters  how many were trained
    """
    learned, held_out, tested = labelled_digits()
    if condition == LOGISTIC:
        return logistic(learned, held_out, tested)
    model = trained(condition, config, seed)
    return {"accuracy": accuracy(model, *tested), "held_out": accuracy(model, *held_out),
            "parameters": count_parameters(model)}


def trained(condition: str, config: Config, seed: int, *, progress: bool = False) -> nn.Module:
    """A network of that name, trained on the 1,300 digits."""
    (images, labels), _, _ = labelled_digits()
    torch.manual_seed(seed)
    model = NETWORKS[condition]()
    train(model, images, labels, steps=config.steps, seed=seed, progress=progress)
    return model


def logistic(learned: Labelled, held_out: Labelled, tested: Labelled) -> dict[str, float]:
    """scikit-learn's logistic regression on pixels, its penalty chosen on the digits held out."""
    found = []
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=1000).fit(*_arrays(learned))
        found.append((model.score(*_arrays(held_out)), -penalty, model))
    score, _, best = max(found, key=lambda one: one[:2])                     # of equals the strongest penalty
    return {"accuracy": best.score(*_arrays(tested)), "held_out": score,
            "parameters": best.coef_.size + best.intercept_.size}


def _arrays(some: Labelled) -> tuple[np.ndarray, np.ndarray]:
    images, labels = some
    return images.flatten(1).double().numpy(), labels.numpy()                # (n, 64), (n,)


EXPERIMENT = Experiment(
    title="Digits from scratch: a ViT, a CNN of its size, logistic regression",
    conditions=(*NETWORKS, LOGISTIC),
    measure=measure,
    tiny=Config(seeds=(0,), steps=3),
    small=Config(seeds=(0, 1), steps=300),
    full=Config(seeds=(0, 1, 2), steps=1000),
)
