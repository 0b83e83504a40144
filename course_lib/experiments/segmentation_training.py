"""Two tasks with a label for every pixel, and the recipe that trains and scores a network on them.

    scenes    grey canvases of 48 x 64 pixels: three to six digits that may overlap, three fragments of other
              digits, noise. Every pixel is given a class: 0 for the background and for the fragments, 1 + d
              for a digit d
    cue       strips of 16 x 64 pixels, in colours: a patch in one corner says which colour counts, and all
              pixels of digits of that colour are to be marked (chapter 4's task)

The first asks what is here, and what stands near it nearly always says so. The second cannot be done by what
stands near: the cue may be 56 pixels away.

Three splits. "train" and "validation" are made of the training digits, "test" of the others; the seeds of the
scenes differ in all three. So what is chosen on validation scenes (a threshold, when to stop) has seen no
stroke that the test scenes have. Validation is the easier of the two, as its digits were trained on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from course_lib.data import SceneOptions, stack
from course_lib.data import scenes as make_scenes
from course_lib.experiments.threads import one_thread
from course_lib.training import History, fit, predict
from course_lib.training.boundary_f1 import boundary_f1
from course_lib.training.metrics import iou

FIRST_SEEDS = {"train": 0, "validation": 2**30, "test": 2**31}
TOLERANCE = 1.0                           # of boundaries, in pixels. Strokes are two to four pixels wide

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Task:
    """What the scenes hold, which label of theirs is the target, and how an answer is coded.

    out_chans is 1 for a mask, where a number above 0 says yes, and the number of classes for a semantic map.
    missed is what a missed pixel of a mask costs, where one marked in error costs 1.
    """

    options: SceneOptions
    target: str
    out_chans: int
    missed: float = 1.0

    @property
    def in_chans(self) -> int:
        """Channels of the images."""
        return self.options.channels

    @property
    def num_classes(self) -> int:
        """Classes with the background."""
        return max(2, self.out_chans)

    @property
    def loss(self) -> Loss:
        """(logits (B, C, H, W), target (B, H, W) int64) -> scalar: the loss that is used if none is given."""
        return partial(mask_loss, missed=self.missed) if self.out_chans == 1 else F.cross_entropy


TASKS = {
    "scenes": Task(SceneOptions(size=(48, 64), digits=(3, 6), digit_size=(14, 20), colors=None, clutter=3,
                                min_visible=0.6, noise=0.1), "semantic", 11),
    "cue": Task(SceneOptions(size=(16, 64), digits=(5, 7), digit_size=(8, 9), cue="random", cue_size=8,
                             colors=("red", "yellow", "green", "blue", "white")),
                "target_mask", 1, missed=3.0),
}


class Pictures(NamedTuple):
    """Images (n, C, H, W), targets (n, H, W) int64, and the number of each pixel's digit (n, H, W), or 0."""

    images: Tensor
    targets: Tensor
    instances: Tensor


@lru_cache(maxsize=6)
def pictures(task: str, split: str, count: int) -> Pictures:
    """The first scenes of a split: "train", "validation" or "test". They are made once, and kept."""
    first = FIRST_SEEDS[split]
    made = make_scenes(range(first, first + count), TASKS[task].options,
                       split="test" if split == "test" else "train")
    images, targets, instances = stack(made, "image", TASKS[task].target, "instances")
    return Pictures(images.contiguous(memory_format=torch.channels_last), targets.long(), instances)


def mask_loss(logits: Tensor, target: Tensor, missed: float = 1.0) -> Tensor:
    """Cross-entropy of a mask: (B, 1, H, W) numbers, (B, H, W) of 0 and 1. A missed pixel costs `missed`."""
    return F.binary_cross_entropy_with_logits(logits[:, 0], target.float(), pos_weight=torch.tensor(missed))


@one_thread()
def train(model: nn.Module, task: str, *, steps: int, seed: int, count: int = 4000, batch_size: int = 16,
          lr: float = 0.005, loss: Loss | None = None, **options: Any) -> History:
    """Train a network in place, on the first `count` training scenes; it comes back in `eval()`.

    `loss` takes (logits (B, C, H, W), target (B, H, W) int64). Other options are `fit`'s.
    """
    drawn = pictures(task, "train", count)
    model.to(memory_format=torch.channels_last)     # twice as fast
    return fit(model, TensorDataset(drawn.images, drawn.targets), steps=steps, batch_size=batch_size, lr=lr,
               loss=loss or TASKS[task].loss, seed=seed, device="cpu", **({"progress": False} | options))


@one_thread()
def logits(model: nn.Module, images: Tensor) -> Tensor:
    """What a network says: (n, C, H, W) -> (n, K, H, W)."""
    return predict(model, images, batch_size=100)


def labels(numbers: Tensor, threshold: float = 0.5) -> Tensor:
    """The label of every pixel, int64: (n, K, H, W) -> (n, H, W).

    The class of the largest number; of a mask (K = 1), 1 where the probability is above the threshold.
    """
    if numbers.shape[1] == 1:
        return (numbers[:, 0].sigmoid() > threshold).long()
    return numbers.argmax(1)


def figures(predicted: Tensor, targets: Tensor, task: str) -> dict[str, float]:
    """How good labels are, (n, H, W) int64 both.

    iou          pooled over all pixels of all images. Of a mask, its intersection over union. Of a semantic
                 map, the mean over the eleven classes, the background's with them
    boundary_f1  pooled likewise, for boundaries within a pixel of each other, without the background
    digit_iou    of a semantic map: a digit or none, whichever it is
    """
    classes, mask = TASKS[task].num_classes, TASKS[task].out_chans == 1
    found = {"iou": iou(predicted, targets, classes, average="class", background=not mask),
             "boundary_f1": boundary_f1(predicted, targets, classes, tolerance=TOLERANCE, background=False)}
    if not mask:
        both = ((predicted > 0).long(), (targets > 0).long())
        found["digit_iou"] = iou(*both, 2, average="class", background=False)
    return {name: float(number) for name, number in found.items()}


def evaluate(model: nn.Module, task: str, *, split: str = "test", count: int = 500) -> dict[str, float]:
    """The figures of a network on the first scenes of a split."""
    seen = pictures(task, split, count)
    return figures(labels(logits(model, seen.images)), seen.targets, task)


def named(found: dict[str, float], task: str) -> dict[str, float]:
    """The figures with the task's name before theirs, as records of several tasks hold them."""
    return {f"{task}_{name}": number for name, number in found.items()}
