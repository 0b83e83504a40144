"""Frames that a worker sends: what comes back is data, and reading it cannot execute anything.

As in safetensors, a frame is a small JSON header and raw numbers after it. Sizes are checked before anything
is read or allocated; whatever is not as it should be is a `WireError` with the reason.
"""

import json
import struct
from typing import Any

import torch

from course_lib.grading.workers.values import (
    BODY_LIMIT,
    DEPTH,
    TENSORS,
    Foreign,
    Unpacking,
    WireError,
    a_,
    clean,
    fields,
    pack,
    place,
    raw_to_tensor,
    restore,
    tensor_to_raw,
)  # fmt: skip

__all__ = ["Foreign", "FrameReader", "WireError", "clean", "encode", "restore", "tensor_to_raw"]

_MAGIC = b"CGW1"
_PREFIX = struct.Struct("<4sIQ")  # magic, bytes of the header, bytes of the numbers
HEADER_LIMIT = 256 * 1024


def encode(value: Any) -> bytes:
    """A frame of None, bool, int, float, str, tensors, and tuples, lists and dicts (by name) of these.

    Anything else travels as the name of its class. Raises `WireError` for what is too large.
    """
    tensors: list[dict] = []
    numbers: list[bytes] = []
    header = json.dumps({"value": pack(value, tensors, numbers, DEPTH), "tensors": tensors}).encode()
    body = b"".join(numbers)
    if len(header) > HEADER_LIMIT or len(body) > BODY_LIMIT:
        raise WireError(f"a result of {len(header) + len(body)} bytes is too large to be handed back")
    return _PREFIX.pack(_MAGIC, len(header), len(body)) + header + body


class FrameReader:
    """Cuts a stream into frames.

    `feed(bytes)` returns the values of the frames that are complete now. Raises `WireError` as soon as one
    cannot become what it should, before its body has arrived.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        self._buffer += data
        values = []
        while len(self._buffer) >= _PREFIX.size:
            magic, header, body = _PREFIX.unpack_from(self._buffer)
            if magic != _MAGIC:
                raise WireError("what came back does not begin as a frame does")
            if header > HEADER_LIMIT or body > BODY_LIMIT:
                raise WireError(f"a frame announces {header + body} bytes, more than a result may have")
            end = _PREFIX.size + header + body
            if len(self._buffer) < end:
                break
            start = _PREFIX.size + header
            values.append(_decode(bytes(self._buffer[_PREFIX.size : start]), bytes(self._buffer[start:end])))
            del self._buffer[:end]
        return values


def _decode(header: bytes, body: bytes) -> Any:
    try:
        content = json.loads(header.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a frame's header cannot be read: {type(error).__name__}") from None
    content = fields(content, "value", "tensors")
    described = a_(list, content["tensors"])
    if len(described) > TENSORS:
        raise WireError(f"a frame holds {len(described)} tensors, more than a result may have")
    places = [place(each) for each in described]
    if sum(size for _, _, size in places) != len(body):
        raise WireError(f"{len(body)} bytes of numbers came with shapes that need another number of them")
    tensors, start = [], 0
    for dtype, shape, size in places:
        raw = body[start : start + size]
        if dtype is torch.bool and raw.translate(None, b"\x00\x01"):
            raise WireError("a bool that is neither true nor false")
        tensors.append(raw_to_tensor(raw, dtype, shape))
        start += size
    return Unpacking(tensors).value(content["value"], DEPTH)
