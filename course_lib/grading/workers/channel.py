"""Short messages between the grader and its server: JSON after its length, and open files beside it."""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("<I")
_LIMIT = 4 * 1024**2


class Closed(ConnectionError):
    """The other side has gone."""


def send(channel: socket.socket, message: dict[str, Any], files: tuple[int, ...] = ()) -> None:
    data = json.dumps(message).encode()
    length = _LENGTH.pack(len(data))
    try:
        if files:
            socket.send_fds(channel, [length], list(files))
        else:
            channel.sendall(length)
        channel.sendall(data)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(channel: socket.socket, files: int = 0) -> tuple[dict[str, Any], list[int]]:
    """The next message and at most `files` open files. Raises `Closed` at the end, `TimeoutError` in time."""
    try:
        start, given, *_ = socket.recv_fds(channel, _LENGTH.size, files)
        length = start + _exactly(channel, _LENGTH.size - len(start)) if start else b""
        if not length:
            raise Closed("the other side closed the channel")
        (n,) = _LENGTH.unpack(length)
        if n > _LIMIT:
            raise Closed("a message is longer than any should be")
        return json.loads(_exactly(channel, n)), list(given)
    except ConnectionError as error:
        raise Closed(str(error)) from None


def _exactly(channel: socket.socket, n: int) -> bytes:
    parts = []
    while n:
        part = channel.recv(n)
        if not part:
            raise Closed("the other side closed the channel in the middle of a message")
        parts.append(part)
        n -= len(part)
    return b"".join(parts)
