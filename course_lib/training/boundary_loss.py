"""The boundary loss: probability paid by its distance to where the class begins."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from course_lib.training._dense import check_classes, check_device, check_logits, check_maps, check_scores


def boundary_loss(logits: Tensor, target: Tensor, *, ignore_index: int | None = None) -> Tensor:
    """The mean over pixels and classes of probability times signed distance (Kervadec et al. 2019).

    A false pixel costs the more, the farther it lies from its class; a right one earns the more, the deeper
    it lies within. So the loss goes below 0, and its unit is pixels. A class that an image does not have
    costs nothing there, however much is predicted: so the loss is added to a regional one with a weight,
    as in the paper, say `cross_entropy(...) + 0.1 * boundary_loss(...)`. For C = 1 the foreground is the one
    class.

    Args:
        logits: (B, C, H, W).
        target: (B, H, W) classes as in the other losses: distances are then computed here, on the CPU, for
            every call, about 0.1 ms for each of the classes in a picture of 48 x 64. Or the (B, C, H, W)
            floating distances themselves, from `signed_distance(target, C)`.
        ignore_index: pixels with this target cost nothing and belong to no class. With distances it was for
            `signed_distance` to know; there the mean is over the ignored pixels' zeros too.

    Returns:
        A scalar, float32 also for half precision; 0 with gradient 0 if all pixels are ignored.

    Raises:
        ValueError: input of another form.
    """
    if isinstance(target, Tensor) and target.is_floating_point():
        if ignore_index is not None:
            raise ValueError("ignore_index goes into signed_distance when target is distances.")
        return _paid(logits, target)
    _, _, valid = check_logits(logits, target, ignore_index)
    distance = signed_distance(target, logits.shape[1], ignore_index=ignore_index)
    return _paid(logits, distance) * (valid.numel() / valid.sum().clamp_min(1))


def signed_distance(target: Tensor, num_classes: int, *, ignore_index: int | None = None) -> Tensor:
    """Each pixel's Euclidean distance to each class's boundary, in pixels: negative inside, positive outside.

    Outside, the distance to the nearest pixel of the class minus 1/2; inside, minus the distance to the
    nearest pixel of another class, plus 1/2: the boundary runs between the two. Nothing is 0 but what has no
    distance: a class that an image does not have or that fills it, and ignored pixels. The authors' code puts
    the boundary on the outermost pixels inside, which adds 1/2 everywhere.

    The distance transform is scipy's, on the CPU, wherever target is.

    Args:
        target: (B, H, W) int64 or bool.
        num_classes: C; 1 for a mask of 0 and 1 whose foreground alone is asked for.
        ignore_index: pixels that are neither in a class nor outside of it.

    Returns:
        (B, C, H, W) float32 on target's device.

    Raises:
        ValueError: input of another form.
    """
    check_maps("target", target)
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}.")
    checked = check_classes("target", target, max(2, num_classes), ignore_index)
    classes, valid = (x.cpu().numpy() for x in checked)
    distance = np.zeros((len(classes), num_classes, *classes.shape[1:]), np.float32)
    for image, (found, counts) in enumerate(zip(classes, valid)):
        for c in np.unique(found[counts]):
            inside, outside = (found == c) & counts, (found != c) & counts
            channel = c if num_classes > 1 else c - 1  # of a binary mask the one channel is class 1
            if channel >= 0 and outside.any():
                to_class, to_others = (distance_transform_edt(~part) for part in (inside, outside))
                distance[image, channel] = np.where(inside, 0.5 - to_others, to_class - 0.5) * counts
    return torch.from_numpy(distance).to(target.device)


def _paid(logits: Tensor, distance: Tensor) -> Tensor:
    """The mean of probability times distance, over everything."""
    scores = check_scores(logits)
    if distance.shape != logits.shape:
        raise ValueError(f"target, if floating, is distances and must have the shape of the logits, "
                         f"{tuple(logits.shape)}, got {tuple(distance.shape)}. Classes go in as int64.")
    check_device("target", distance, "logits", logits)
    p = scores.sigmoid() if scores.shape[1] == 1 else scores.softmax(1)
    return (p * distance).sum() / max(1, p.numel())
