"""Losses for a class at each pixel. Each fits `fit(loss=...)`; fix its options with `functools.partial`.

All take logits (B, C, H, W), before softmax or sigmoid, and target (B, H, W): int64 classes 0 ... C - 1, or
0 and 1 (or bool) for C = 1, where the one channel is the foreground's logit. All give a scalar, in float32
also for half precision. A pixel whose target is ignore_index counts nowhere and gets no gradient. Where every
pixel is ignored the loss is 0, and so is its gradient. All raise a `ValueError` on input of another form.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.training._dense import check_classes, check_device, check_logits, check_num_classes, kind


def cross_entropy(
    logits: Tensor, target: Tensor, *, weight: Tensor | None = None, ignore_index: int | None = None
) -> Tensor:
    """Minus the log-probability of the right class, averaged over the pixels that count.

    Args:
        logits, target, ignore_index: as this file's first lines say.
        weight: (C,), or (2,) for C = 1, at least 0, on any device: each pixel counts as much as its class
            weighs, and the sum is divided by the sum of these weights. So is that of `F.cross_entropy`;
            `pos_weight` of `F.binary_cross_entropy_with_logits` is not divided by.
    """
    scores, classes, valid = check_logits(logits, target, ignore_index)
    weight = None if weight is None else _check_weights("weight", weight, scores)
    total = valid.sum() if weight is None else weight[classes[valid]].sum()
    skipped = classes.masked_fill(~valid, -100)  # the sum of none is 0, where torch's mean would be 0 / 0
    loss = F.cross_entropy(scores, skipped, weight, ignore_index=-100, reduction="sum")
    return loss / total.masked_fill(total == 0, 1)


def focal_loss(
    logits: Tensor, target: Tensor, *, gamma: float = 2.0, alpha: float | Tensor | None = None,
    ignore_index: int | None = None,
) -> Tensor:
    """Cross-entropy times (1 - p)^gamma, p a pixel's probability of its right class (Lin et al. 2017, eq. 5).

    The factor is taken for each pixel, before the mean. The mean is over the pixels that count, as in
    `torchvision.ops.sigmoid_focal_loss(reduction="mean")`; the paper divides by the number of objects, and
    nothing is divided by alpha's sum. Loss and gradient are finite for p = 0 and p = 1, whatever gamma is.

    Args:
        logits, target, ignore_index: as this file's first lines say.
        gamma: at least 0; 0 is cross-entropy.
        alpha: for C = 1 a number in [0, 1] for the foreground, 1 - alpha for the background. For C > 1 a
            weight for each class, (C,).
    """
    scores, classes, valid = check_logits(logits, target, ignore_index)
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be at least 0, got {gamma}.")
    scores = scores.log_softmax(1)  # (B, K, H, W): log p of every class
    log_right = scores.gather(1, classes[:, None]).squeeze(1)  # (B, H, W)
    log_wrong = scores.scatter(1, classes[:, None], -math.inf).logsumexp(1)  # log(1 - p), also where p is 1.0
    loss = -torch.exp(gamma * log_wrong) * log_right  # (1 - p) ** gamma has no gradient at p = 1
    if alpha is not None:
        loss = loss * _check_alpha(alpha, logits, scores)[classes]
    return torch.where(valid, loss, 0).sum() / valid.sum().clamp_min(1)


def dice_loss(
    logits: Tensor, target: Tensor, *, smooth: float = 1.0, per_image: bool = False,
    ignore_index: int | None = None,
) -> Tensor:
    """1 - the mean over the classes of (2 I + smooth) / (P + T + smooth) (Milletari et al. 2016).

    P sums a class's probability, T its pixels, I its probability on its pixels; the paper squares what P and
    T sum, here nothing is. For C = 1 the foreground is the one class; else the background is a class too.

    - A class in neither, P = T = 0, costs 0, also with smooth = 0.
    - One in no target costs 1 - smooth / (P + smooth): it is unlearned, and the larger smooth, the more
      gently. With smooth = 0 it costs 1 whatever P is, and nothing is learned of it.
    - A class that ignore_index names is left out of the mean.

    Args:
        logits, target, ignore_index: as this file's first lines say.
        smooth: at least 0, in pixels.
        per_image: False takes the sums over the whole batch, so that a small object weighs as little as it
            is. True takes them in each image and averages over classes and images: all images weigh the
            same, and one without foreground asks for none.
    """
    return tversky_loss(logits, target, smooth=smooth, per_image=per_image, ignore_index=ignore_index)


def tversky_loss(
    logits: Tensor, target: Tensor, *, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0,
    per_image: bool = False, ignore_index: int | None = None,
) -> Tensor:
    """1 - the mean over the classes of (I + s) / (I + alpha FP + beta FN + s) (Salehi et al. 2017).

    I, FP, FN: right, false and missing probability of a class. s is smooth / 2: so alpha = beta = 0.5 is
    `dice_loss` of the same smooth. What is said there of classes that do not occur holds here.

    Args:
        logits, target, ignore_index: as this file's first lines say.
        alpha: the price of false positives, at least 0.
        beta: the price of false negatives, at least 0; above alpha, a small object is rather kept.
        smooth, per_image: as in `dice_loss`.
    """
    scores, classes, valid = check_logits(logits, target, ignore_index)
    for name, number in {"alpha": alpha, "beta": beta, "smooth": smooth}.items():
        if not 0 <= number < math.inf:
            raise ValueError(f"{name} must be at least 0, got {number}.")
    if alpha == beta == 0:
        raise ValueError("alpha and beta must not both be 0: no mistake would cost anything.")
    each = torch.arange(scores.shape[1], device=scores.device)
    p = scores.softmax(1) * valid[:, None]  # (B, K, H, W)
    truth = ((classes[:, None] == each[:, None, None]) & valid[:, None]).to(p.dtype)
    axes = (2, 3) if per_image else (0, 2, 3)
    right, found, true = (x.sum(axes) for x in (p * truth, p, truth))  # (K,), or (B, K) for each image
    top = right + smooth / 2
    bottom = top + alpha * (found - right) + beta * (true - right)
    empty = bottom == 0
    index = torch.where(empty, 1, top / bottom.masked_fill(empty, 1))
    wanted = each > 0 if logits.shape[1] == 1 else each != (-1 if ignore_index is None else ignore_index)
    return (1 - index[..., wanted]).sum() / max(1, index[..., wanted].numel())


def class_weights(
    target: Tensor, num_classes: int, *, power: float = 1.0, ignore_index: int | None = None
) -> Tensor:
    """A weight for each class, the larger the rarer, for `cross_entropy(weight=...)` or focal's alpha.

    share^-power, scaled so that the mean over the pixels is 1. With power = 1 each class that occurs weighs
    as much as every other: scikit-learn's "balanced". A class that does not occur gets the largest weight of
    the others: 0 would hide it from a training in which it does occur.

    Args:
        target: (...) int64 or bool, all of the training's masks.
        num_classes: C, at least 2.
        power: 0 weighs all alike, 0.5 is the square root between.
        ignore_index: pixels that are not counted.

    Returns:
        (C,) float32, on target's device.

    Raises:
        ValueError: no pixel counts, or input of another form.
    """
    check_num_classes(num_classes)
    if not 0 <= power < math.inf:
        raise ValueError(f"power must be at least 0, got {power}.")
    classes, valid = check_classes("target", target, num_classes, ignore_index)
    counts = torch.bincount(classes[valid], minlength=num_classes).cpu().double()
    if not counts.sum():
        raise ValueError("target holds no pixel that counts, so there are no shares of classes.")
    share = counts / counts.sum()
    weights = share.clamp_min(share[share > 0].min()) ** -power
    return (weights / (share * weights).sum()).float().to(target.device)


def _check_weights(name: str, weights: Tensor, scores: Tensor) -> Tensor:
    if not isinstance(weights, Tensor) or tuple(weights.shape) != (scores.shape[1],):
        got = tuple(weights.shape) if isinstance(weights, Tensor) else kind(weights)
        raise ValueError(f"{name} must be a tensor of shape ({scores.shape[1]},), a number for each class, "
                         f"got {got}.")
    if not (weights >= 0).all() or weights.isinf().any():
        raise ValueError(f"{name} must hold finite numbers of at least 0, got {weights.tolist()}.")
    return weights.to(scores)


def _check_alpha(alpha: float | Tensor, logits: Tensor, scores: Tensor) -> Tensor:
    if logits.shape[1] > 1:
        return _check_weights("alpha", alpha, scores)
    if isinstance(alpha, Tensor) or not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be a number in [0, 1] for one channel, got {alpha}.")
    return scores.new_tensor([1 - alpha, alpha])
