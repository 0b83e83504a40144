"""What the functions of this folder ask of their arguments, said in sentences."""

import torch
from torch import Tensor


def is_autocast_on(x: Tensor) -> bool:
    """Whether operations on x's device choose their own precision now."""
    device = x.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def check_tokens(**tensors: Tensor) -> None:
    """All are floating, of one dtype, at least 2D, with leading axes that broadcast."""
    for name, t in tensors.items():
        check_floating(name, t)
        if t.ndim < 2:
            raise ValueError(f"{name} needs at least two axes, rows and columns, got shape {tuple(t.shape)}.")
    (first, reference), *rest = tensors.items()
    for name, t in rest:
        if t.dtype != reference.dtype and not is_autocast_on(t):
            raise ValueError(f"{first} and {name} must have one dtype, got {reference.dtype} and {t.dtype}.")
    try:
        torch.broadcast_shapes(*(t.shape[:-2] for t in tensors.values()))
    except RuntimeError:
        got = " and ".join(f"{name} {tuple(t.shape)}" for name, t in tensors.items())
        raise ValueError(f"all axes before the last two must be equal or 1, got {got}.") from None


def check_floating(name: str, t: Tensor, hint: str = "") -> None:
    if not isinstance(t, Tensor) or not t.is_floating_point():
        raise ValueError(f"{name} must be a floating-point tensor, got {_kind(t)}.{hint}")


def check_dot(q: Tensor, k: Tensor) -> tuple[int, ...]:
    """q and k can be multiplied. Returns the shape of their scores, (..., N, M)."""
    check_tokens(q=q, k=k)
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"q and k must have vectors of one length, got D = {q.shape[-1]} and {k.shape[-1]}.")
    return (*torch.broadcast_shapes(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])


def check_values(v: Tensor, keys: int) -> None:
    if v.shape[-2] != keys:
        raise ValueError(f"v must have a value for each of the {keys} keys, got {v.shape[-2]}.")


def check_mask(mask: Tensor | None, scores_shape: tuple[int, ...]) -> None:
    if mask is None:
        return
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        hint = "A mask that is added to the scores goes in as bias."
        raise ValueError(f"mask must be a bool tensor (True = may attend), got {_kind(mask)}. {hint}")
    _check_broadcasts("mask", mask, scores_shape)


def check_bias(bias: Tensor | None, scores_shape: tuple[int, ...]) -> None:
    if bias is None:
        return
    check_floating("bias", bias, " True and False go in as mask.")
    _check_broadcasts("bias", bias, scores_shape)


def check_dropout(p: float, name: str = "dropout_p") -> None:
    if not 0.0 <= p < 1.0:
        raise ValueError(f"{name} must lie in [0, 1), got {p}.")


def check_scale(scale: float | None) -> None:
    if scale is not None and not isinstance(scale, (int, float)):
        raise ValueError(f"scale must be a number, got {_kind(scale)}. Multiply q with a learned scale.")


def check_shape(name: str, t: Tensor, need: tuple[int, ...]) -> None:
    if tuple(t.shape) != need:
        raise ValueError(f"{name} must have shape {need} here, got {tuple(t.shape)}.")


def _check_broadcasts(name: str, t: Tensor, scores_shape: tuple[int, ...]) -> None:
    try:
        fits = torch.broadcast_shapes(t.shape, scores_shape) == torch.Size(scores_shape)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must broadcast to the scores' shape (..., queries, keys) = {tuple(scores_shape)}, "
            f"got {tuple(t.shape)}. One entry a sample and key, (B, M), goes in as {name}[:, None, None, :]."
        )


def _kind(x: object) -> str:
    return str(x.dtype) if isinstance(x, Tensor) else type(x).__name__
