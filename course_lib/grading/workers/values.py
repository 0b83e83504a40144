"""The values that travel between a worker and the grader: plain ones, tensors, and tuples, lists and dicts of these.

`pack` makes JSON of a value and raw numbers of its tensors, `Unpacking` goes the other way and believes nothing.
"""

import math
import re
from typing import Any

import torch
from torch import Tensor

BODY_LIMIT = 32 * 1024 * 1024
DEPTH, TENSORS = 8, 256
_ITEMS, _AXES, _TEXT = 2000, 16, 4000
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.complex128,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
# What a terminal, XML or a browser could take for more than a letter; and half pairs, which are no text.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class WireError(ValueError):
    """A frame that is not what was agreed on. The message says in what."""


class Foreign:
    """Stands for a value that does not travel; its class is named as the value's. Equals only itself."""


def clean(text: str, limit: int = _TEXT) -> str:
    """Text that can be written anywhere: bounded, one kind of line end, no control characters."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))[:limit]


def tensor_to_raw(tensor: Tensor) -> bytes:
    """The numbers of a dense tensor on the CPU, in the order of its axes."""
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().view(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def raw_to_tensor(raw: bytes, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    return (
        torch.frombuffer(bytearray(raw), dtype=dtype).view(shape) if raw else torch.empty(shape, dtype=dtype)
    )


def restore(raw: bytes, dtype: torch.dtype, shape: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """The way to the worker, where a transposed input stays transposed in memory."""
    return (
        raw_to_tensor(raw, dtype, (-1,)).as_strided(shape, stride) if raw else torch.empty(shape, dtype=dtype)
    )


def pack(value: Any, tensors: list[dict], numbers: list[bytes], depth: int) -> Any:
    if depth == 0:
        raise WireError("a result is nested too deeply to be handed back")
    kind = type(value)
    if value is None or kind in (bool, float):
        return value
    if kind is str:
        return value[:_TEXT]
    if kind is int and value.bit_length() < 900:
        return value
    if isinstance(value, Tensor) and _travels(value):
        if _span(value.shape) * value.element_size() > BODY_LIMIT:
            raise WireError(f"a tensor of shape {tuple(value.shape)} is too large to be handed back")
        tensors.append({"dtype": _NAMES[value.dtype], "shape": list(value.shape)})
        numbers.append(tensor_to_raw(value.detach().as_subclass(Tensor)))
        return {"tensor": len(tensors) - 1}
    if isinstance(value, (tuple, list)):
        items = [pack(item, tensors, numbers, depth - 1) for item in value]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if kind is dict and all(type(key) is str for key in value):
        return {"dict": [[key, pack(item, tensors, numbers, depth - 1)] for key, item in value.items()]}
    return {"foreign": kind.__name__[:60]}


def _travels(tensor: Tensor) -> bool:
    dense = tensor.layout == torch.strided and tensor.device.type == "cpu" and tensor.dim() <= _AXES
    return dense and tensor.dtype in _NAMES


def _span(shape: tuple[int, ...]) -> int:
    """The numbers of a tensor, as if no axis were empty: such an axis makes it small, but not a sum along it."""
    return math.prod(max(n, 1) for n in shape)


def place(described: Any) -> tuple[torch.dtype, tuple[int, ...], int]:
    described = fields(described, "dtype", "shape")
    dtype = _DTYPES.get(a_(str, described["dtype"]))
    if dtype is None:
        raise WireError("a tensor of an unknown dtype")
    shape = tuple(a_(int, n) for n in a_(list, described["shape"]))
    size = dtype.itemsize
    if len(shape) > _AXES or min(shape, default=0) < 0 or _span(shape) * size > BODY_LIMIT:
        raise WireError("a tensor of an impossible shape")
    return dtype, shape, math.prod(shape) * size


class Unpacking:
    """The way back from JSON; counts what it makes."""

    def __init__(self, tensors: list[Tensor]):
        self._tensors, self._left = tensors, _ITEMS

    def value(self, packed: Any, depth: int) -> Any:
        self._left -= 1
        if depth == 0 or self._left < 0:
            raise WireError("a result is nested too deeply, or has too many parts")
        if packed is None or type(packed) in (bool, float):
            return packed
        if type(packed) is int:
            if packed.bit_length() >= 1000:
                raise WireError("a whole number of more digits than a result may have")
            return packed
        if type(packed) is str:
            return clean(packed)
        if type(packed) is not dict or len(packed) != 1:
            raise WireError("a frame holds something that is no value")
        ((kind, content),) = packed.items()
        if kind == "tensor":
            if not 0 <= a_(int, content) < len(self._tensors):
                raise WireError("a frame names a tensor that it does not hold")
            return self._tensors[content]
        if kind in ("tuple", "list"):
            items = [self.value(item, depth - 1) for item in a_(list, content)]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict":
            pairs = [a_(list, pair) for pair in a_(list, content)]
            if any(len(pair) != 2 for pair in pairs):
                raise WireError("a frame holds a dict whose parts are no pairs")
            return {clean(a_(str, key)): self.value(item, depth - 1) for key, item in pairs}
        if kind == "foreign":
            name = a_(str, content)
            return type(name if name.isidentifier() and len(name) <= 60 else "object", (Foreign,), {})()
        raise WireError("a frame holds a value of an unknown kind")


def a_(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise WireError(f"a frame has a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def fields(value: Any, *names: str) -> dict:
    if type(value) is not dict or set(value) != set(names):
        raise WireError(f"a frame's header does not have the fields {', '.join(names)}")
    return value
