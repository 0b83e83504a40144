"""Boundary F1: how well the outlines agree, which overlap hardly shows."""

from typing import NamedTuple

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from course_lib.training._dense import check_choice, check_maps, check_pair
from course_lib.training.metrics import AVERAGES, averaged


class BoundaryScores(NamedTuple):
    """Of each image and class, (B, C) float64 on the CPU.

    Attributes:
        precision: share of the predicted boundary that lies near the target's; NaN if none is predicted.
        recall: share of the target's boundary that lies near the predicted one; NaN if the target has none.
        f1: their harmonic mean; 0 where just one of the two has a boundary, NaN where neither has.
    """

    precision: Tensor
    recall: Tensor
    f1: Tensor


def boundary_f1(
    predicted: Tensor, target: Tensor, num_classes: int, *, tolerance: float = 2.0, average: str = "class",
    ignore_index: int | None = None, background: bool = True,
) -> float:
    """The harmonic mean of a boundary's precision and recall at a tolerance (Csurka et al. 2013).

    A boundary pixel of a class belongs to it and has one of its four neighbours outside it. The picture's
    edge is not outside: where the frame cuts an object off there is no boundary. Nor is an ignored neighbour.
    So it is in `skimage.segmentation.find_boundaries(mask, connectivity=1, mode="inner")`.

    Precision is the share of the predicted boundary pixels with a boundary pixel of the target within the
    tolerance, recall the share of the target's with a predicted one. Distances are Euclidean, from centre to
    centre, by scipy's transform on the CPU.

    Averages, with the names they have in `iou`:
        "class": boundary pixels pooled over all images, F1 of each class, the mean over the classes.
        "image": F1 of each class in each image, the mean over its classes, then over the images (the paper's
            is over the images too).
        "global": boundary pixels pooled over classes and images, one F1.
    A class with a boundary on one side only counts 0. One with none on either side (it is in neither, or
    fills both) is left out, and so is an image of such classes; NaN where nothing is left.

    Args:
        predicted: (B, H, W) classes 0 ... C - 1, int64 or bool.
        target: (B, H, W), likewise.
        num_classes: C, at least 2; a binary mask has two.
        tolerance: in pixels, at least 0.
        average: "class", "image" or "global".
        ignore_index: pixels with this target are not there.
        background: False leaves class 0 out, whose boundary is the others' seen from outside.

    Returns:
        A number in [0, 1], or NaN.

    Raises:
        ValueError: input of another form.
    """
    check_choice("average", average, AVERAGES)
    parts = _match(predicted, target, num_classes, tolerance, ignore_index)
    parts = [part[:, 0 if background else 1:] for part in parts]
    return averaged(lambda *counts: _scores(*counts).f1, parts, average)


def boundary_scores(
    predicted: Tensor, target: Tensor, num_classes: int, *, tolerance: float = 2.0,
    ignore_index: int | None = None,
) -> BoundaryScores:
    """Precision, recall and F1 of each class's boundary in each image. Arguments as in `boundary_f1`."""
    return _scores(*_match(predicted, target, num_classes, tolerance, ignore_index))


def boundary_pixels(classes: Tensor, num_classes: int, valid: Tensor | None = None) -> Tensor:
    """(B, H, W) int64 -> (B, C, H, W) bool: each class's boundary pixels, as in `boundary_f1`.

    Args:
        classes: (B, H, W) int64 in 0 ... C - 1.
        num_classes: C.
        valid: (B, H, W) bool, False at pixels that are not there. All are there if not given.
    """
    valid = (torch.ones_like(classes, dtype=torch.bool) if valid is None else valid)[:, None]  # (B, 1, H, W)
    mask = (classes[:, None] == torch.arange(num_classes, device=classes.device)[:, None, None]) & valid
    other = ~mask & valid
    near = torch.zeros_like(mask)  # has a neighbour in other
    near[..., 1:, :] |= other[..., :-1, :]
    near[..., :-1, :] |= other[..., 1:, :]
    near[..., 1:] |= other[..., :-1]
    near[..., :-1] |= other[..., 1:]
    return mask & near


def _match(
    predicted: Tensor, target: Tensor, num_classes: int, tolerance: float, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(B, C) each: predicted boundary pixels, those of them near the target's, then the other way round."""
    check_maps("predicted", predicted)
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be at least 0 pixels, got {tolerance}.")
    predicted, target, valid = check_pair(predicted, target, num_classes, ignore_index)
    found, true = (boundary_pixels(x, num_classes, valid) for x in (predicted, target))  # (B, C, H, W)
    if ignore_index is not None and 0 <= ignore_index < num_classes:
        found[:, ignore_index] = False  # an ignored class has no figure
    return (*_near(found, true, tolerance), *_near(true, found, tolerance))


def _near(some: Tensor, others: Tensor, tolerance: float) -> tuple[Tensor, Tensor]:
    """(B, C) float64 each: how many pixels some has, and how many of them have one of others near."""
    some, others = some.cpu(), others.cpu()
    near = torch.zeros(some.shape[:2], dtype=torch.float64)
    for image, c in (some.any((2, 3)) & others.any((2, 3))).nonzero().tolist():
        distance = distance_transform_edt(~others[image, c].numpy())
        near[image, c] = float((distance[some[image, c].numpy()] <= tolerance).sum())
    return some.sum((2, 3)).double(), near


def _scores(found: Tensor, found_near: Tensor, true: Tensor, true_near: Tensor) -> BoundaryScores:
    precision, recall = found_near / found, true_near / true
    p, r = precision.nan_to_num(), recall.nan_to_num()
    f1 = torch.where(p + r > 0, 2 * p * r / (p + r), 0)
    return BoundaryScores(precision, recall, f1.masked_fill(found + true == 0, torch.nan))
