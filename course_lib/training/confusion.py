"""The confusion matrix: how often each class was taken for each other. The metrics are read off it."""

import torch
from torch import Tensor

from course_lib.training._dense import check_num_classes, check_pair


class ConfusionMatrix:
    """Counts of pixels, target by prediction, collected batch by batch.

    The counts lie on the CPU, wherever the batches are. Figures are pooled over all pixels seen.

    Args:
        num_classes: C, at least 2; a binary mask has two.
        ignore_index: pixels with this target are not counted, whatever was predicted there. If it is a class,
            that class has no figures.

    Attributes:
        counts: (C, C) int64, rows the target's class, columns the predicted one.

    Raises:
        ValueError: num_classes below 2; in `update` classes out of range, shapes that differ, floats.
    """

    def __init__(self, num_classes: int, *, ignore_index: int | None = None) -> None:
        check_num_classes(num_classes)
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)

    def update(self, predicted: Tensor, target: Tensor) -> "ConfusionMatrix":
        """Count a batch: two tensors of classes of one shape, any. Returns itself."""
        checked = check_pair(predicted, target, self.num_classes, self.ignore_index)
        self.counts += _count(*(x.reshape(1, -1) for x in checked), self.num_classes)[0]
        return self

    def iou(self) -> Tensor:
        """(C,) float64: intersection over union of each class; NaN for a class in neither."""
        return iou_of(*overlap(self.counts, self.ignore_index))

    def dice(self) -> Tensor:
        """(C,) float64: 2 I / (P + T) of each class, also called its F1; NaN for a class in neither."""
        return dice_of(*overlap(self.counts, self.ignore_index))

    def pixel_accuracy(self) -> float:
        """Share of right pixels among all that count; NaN if there are none."""
        return (self.counts.trace() / self.counts.sum()).item()

    def __add__(self, other: "ConfusionMatrix") -> "ConfusionMatrix":
        """The matrix of both lots of pixels, a new one."""
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        mine, theirs = (self.num_classes, self.ignore_index), (other.num_classes, other.ignore_index)
        if mine != theirs:
            raise ValueError(f"other must have the same num_classes and ignore_index, {mine}, got {theirs}.")
        both = ConfusionMatrix(self.num_classes, ignore_index=self.ignore_index)
        both.counts = self.counts + other.counts
        return both

    def __repr__(self) -> str:
        return f"ConfusionMatrix({self.num_classes} classes, {self.counts.sum().item()} pixels)"


def count_images(predicted: Tensor, target: Tensor, num_classes: int, ignore_index: int | None) -> Tensor:
    """(B, ...) and (B, ...) -> (B, C, C) int64 on the CPU: the confusion matrix of each image."""
    checked = check_pair(predicted, target, num_classes, ignore_index)
    return _count(*(x.flatten(1) for x in checked), num_classes)


def _count(predicted: Tensor, target: Tensor, valid: Tensor, num_classes: int) -> Tensor:
    """Three of (B, N) -> (B, C, C): one count over the cells of all matrices, image by image."""
    images, cells = len(target), num_classes ** 2
    cell = target * num_classes + predicted + cells * torch.arange(images, device=target.device)[:, None]
    counts = torch.bincount(cell[valid], minlength=images * cells).cpu()
    return counts.reshape(images, num_classes, num_classes)


def overlap(counts: Tensor, ignore_index: int | None = None) -> tuple[Tensor, Tensor]:
    """(..., C, C) -> two of (..., C) float64: each class's intersection and union, 0 for an ignored class."""
    both = counts.diagonal(dim1=-2, dim2=-1).double()
    either = counts.sum(-1) + counts.sum(-2) - both
    if ignore_index is not None and 0 <= ignore_index < counts.shape[-1]:
        kept = torch.arange(counts.shape[-1]) != ignore_index
        both, either = both * kept, either * kept
    return both, either


def iou_of(both: Tensor, either: Tensor) -> Tensor:
    """Intersection and union -> intersection over union; NaN of 0 and 0."""
    return both / either


def dice_of(both: Tensor, either: Tensor) -> Tensor:
    """Intersection and union -> Dice; NaN of 0 and 0."""
    return 2 * both / (both + either)
