"""What losses and metrics ask of a class for each pixel, said in sentences."""

from numbers import Integral

import torch
from torch import Tensor


def check_logits(logits: Tensor, target: Tensor, ignore_index: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """What every loss starts from: scores, classes, valid.

    One channel z is read as two, (0, z): their softmax is sigmoid(z). So the losses know one case only.

    Returns:
        scores: (B, K, H, W), K >= 2, float32 or float64.
        classes: (B, H, W) int64 in 0 ... K - 1; 0 where a pixel is ignored.
        valid: (B, H, W) bool, False where a pixel is ignored.
    """
    scores = check_scores(logits)
    check_whole("target", target)
    need = (logits.shape[0], *logits.shape[2:])
    if tuple(target.shape) != need:
        hint = " Drop its axis of channels." if tuple(target.shape) == (need[0], 1, *need[1:]) else ""
        raise ValueError(f"target must have shape (B, H, W) = {need} for logits {tuple(logits.shape)}, "
                         f"got {tuple(target.shape)}.{hint}")
    if logits.shape[1] == 1 and ignore_index in (0, 1):
        raise ValueError(f"ignore_index must be none of the two classes of one channel, got {ignore_index}.")
    check_device("target", target, "logits", logits)
    classes, valid = check_classes("target", target, max(2, logits.shape[1]), ignore_index)
    if scores.shape[1] == 1:
        scores = torch.cat([torch.zeros_like(scores), scores], 1)  # (B, 1, H, W) -> (B, 2, H, W)
    return scores, classes, valid


def check_scores(logits: Tensor) -> Tensor:
    """Logits (B, C, H, W), as float32 if they are of half precision, whose sums overflow."""
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise ValueError(f"logits must be a floating-point tensor, got {kind(logits)}.")
    if logits.ndim != 4 or logits.shape[1] < 1:
        raise ValueError(f"logits must have shape (B, C, H, W) with C >= 1, got {tuple(logits.shape)}.")
    return logits if logits.dtype == torch.float64 else logits.float()


def check_pair(
    predicted: Tensor, target: Tensor, num_classes: int, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """What every metric starts from: predicted and target as int64, 0 where ignored, and valid."""
    check_num_classes(num_classes)
    check_whole("predicted", predicted)
    check_whole("target", target)
    if predicted.shape != target.shape:
        raise ValueError(f"predicted and target must have one shape, got {tuple(predicted.shape)} and "
                         f"{tuple(target.shape)}.")
    check_device("predicted", predicted, "target", target)
    target, valid = check_classes("target", target, num_classes, ignore_index)
    # Nobody looks at what was predicted where the target is ignored.
    predicted, _ = check_classes("predicted", predicted.long().masked_fill(~valid, 0), num_classes, None)
    return predicted, target, valid


def check_classes(name: str, t: Tensor, num_classes: int, ignore_index: int | None) -> tuple[Tensor, Tensor]:
    """t as int64 with 0 where it is ignored, and where it is not. Reading the range waits for a GPU."""
    check_whole(name, t)
    if ignore_index is not None and not isinstance(ignore_index, Integral):
        raise ValueError(f"ignore_index must be a whole number or None, got {ignore_index!r}.")
    t = t.long()
    valid = torch.ones_like(t, dtype=torch.bool) if ignore_index is None else t != ignore_index
    t = t.masked_fill(~valid, 0)
    outside = (t < 0) | (t >= num_classes)
    if outside.any():
        found = t[outside].unique().tolist()
        raise ValueError(f"{name} must hold classes 0 to {num_classes - 1}, got {_listed(found)}. "
                         "Pass ignore_index for pixels that do not count.")
    return t, valid


def check_maps(name: str, t: Tensor) -> None:
    """(B, H, W) of whole numbers."""
    check_whole(name, t)
    if t.ndim != 3:
        raise ValueError(f"{name} must have shape (B, H, W), got {tuple(t.shape)}.")


def check_num_classes(num_classes: int) -> None:
    if not isinstance(num_classes, Integral) or num_classes < 2:
        raise ValueError(f"num_classes must be a whole number of at least 2, got {num_classes!r}. "
                         "A mask of 0 and 1 has two classes.")


def check_whole(name: str, t: Tensor) -> None:
    if not isinstance(t, Tensor) or t.is_floating_point() or t.is_complex():
        raise ValueError(f"{name} must be a tensor of whole numbers (int64) or bool, got {kind(t)}.")


def check_device(name: str, t: Tensor, other: str, reference: Tensor) -> None:
    if t.device != reference.device:
        raise ValueError(f"{name} and {other} must be on one device, got {t.device} and {reference.device}.")


def check_choice(name: str, choice: str, known: tuple[str, ...]) -> None:
    if choice not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {choice!r}.")


def kind(x: object) -> str:
    return str(x.dtype) if isinstance(x, Tensor) else type(x).__name__


def _listed(found: list[int]) -> str:
    return ", ".join(map(str, found[:5])) + (" ..." if len(found) > 5 else "")
