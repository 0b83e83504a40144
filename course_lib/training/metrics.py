"""How well the classes were found, as one figure. The averaging has a name, for it changes the figure.

"class"   counts pooled over all images, a figure for each class, the mean over the classes that occur. Every
          class weighs the same, and within it every pixel: large objects weigh more than small ones. This is
          the mean IoU of the benchmarks (scikit-learn's "macro" over all pixels).
"image"   a figure for each class in each image, the mean over the classes that occur in the image, then the
          mean over the images. Every image weighs the same.
"global"  intersections and unions summed over classes and images, one figure of them ("micro"). Every pixel
          weighs the same, so the background decides unless background=False leaves it out.

A class occurs where it is in the target or in the prediction: a class that was invented counts 0, one that is
in neither is left out. An image in which nothing occurs (all ignored, or no foreground in either while
background=False) is left out too. Where nothing is left the figure is NaN.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_lib.training._dense import check_choice, check_maps, check_whole
from course_lib.training.confusion import count_images, dice_of, iou_of, overlap

AVERAGES = ("class", "image", "global")


def iou(
    predicted: Tensor, target: Tensor, num_classes: int, *, average: str = "class",
    ignore_index: int | None = None, background: bool = True,
) -> float:
    """Intersection over union, the Jaccard index, averaged as this file's first lines say.

    Args:
        predicted: (B, H, W) classes 0 ... C - 1, int64 or bool.
        target: (B, H, W), likewise.
        num_classes: C, at least 2; a binary mask has two.
        average: "class", "image" or "global".
        ignore_index: pixels with this target count nowhere. If it is a class, that class is left out.
        background: False leaves class 0 out of the mean (its pixels still show what was missed or invented).

    Returns:
        A number in [0, 1], or NaN.

    Raises:
        ValueError: input of another form.
    """
    parts = _overlaps(predicted, target, num_classes, ignore_index, background)
    return averaged(iou_of, parts, average)


def dice(
    predicted: Tensor, target: Tensor, num_classes: int, *, average: str = "class",
    ignore_index: int | None = None, background: bool = True,
) -> float:
    """2 I / (P + T), also called F1, averaged as this file's first lines say. Arguments as in `iou`."""
    parts = _overlaps(predicted, target, num_classes, ignore_index, background)
    return averaged(dice_of, parts, average)


def image_ious(
    predicted: Tensor, target: Tensor, num_classes: int, *, ignore_index: int | None = None,
    background: bool = True,
) -> Tensor:
    """(B,) float64: each image's mean IoU over the classes that occur in it, NaN where none does.

    Its mean without the NaN is `iou(average="image")`. For `paired_difference`. Arguments as in `iou`.
    """
    return iou_of(*_overlaps(predicted, target, num_classes, ignore_index, background)).nanmean(1)


def pixel_accuracy(predicted: Tensor, target: Tensor, *, ignore_index: int | None = None) -> float:
    """Share of right pixels among all that count, pooled over the images; NaN if there are none.

    Args:
        predicted, target: classes of one shape, any, int64 or bool.
        ignore_index: pixels with this target do not count.

    Raises:
        ValueError: input of another form.
    """
    check_whole("predicted", predicted)
    check_whole("target", target)
    if predicted.shape != target.shape:
        raise ValueError(f"predicted and target must have one shape, got {tuple(predicted.shape)} and "
                         f"{tuple(target.shape)}.")
    valid = torch.ones_like(target, dtype=torch.bool) if ignore_index is None else target != ignore_index
    return (((predicted == target) & valid).sum() / valid.sum()).item()


def averaged(figure: Callable[..., Tensor], parts: Sequence[Tensor], average: str) -> float:
    """One figure of what was counted in each image and class, as this file's first lines say.

    Args:
        figure: figure(*parts), element by element; NaN where nothing occurs.
        parts: (B, C) each; sums over images or classes must make sense.
        average: "class", "image" or "global".
    """
    check_choice("average", average, AVERAGES)
    if average == "class":
        return figure(*(part.sum(0) for part in parts)).nanmean().item()
    if average == "image":
        return figure(*parts).nanmean(1).nanmean().item()
    return figure(*(part.sum() for part in parts)).item()


def _overlaps(
    predicted: Tensor, target: Tensor, num_classes: int, ignore_index: int | None, background: bool
) -> tuple[Tensor, Tensor]:
    """(B, C) intersections and unions, without class 0 if the background is not wanted."""
    check_maps("predicted", predicted)
    both, either = overlap(count_images(predicted, target, num_classes, ignore_index), ignore_index)
    return (both, either) if background else (both[:, 1:], either[:, 1:])
