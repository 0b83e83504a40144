"""With one worker, from its start to its end: its job goes out, reports and what is printed come in."""

import os
import selectors
import socket
import time
from contextlib import ExitStack
from io import FileIO
from typing import Any

from course_lib.grading.workers.channel import receive, send
from course_lib.grading.workers.listener import Listener


def converse(
    channel: socket.socket, fork: dict[str, Any], parcels: list[bytes], listener: Listener, deadline: float
) -> dict[str, Any]:
    """Have a worker started, hear it out, have it ended.

    Args:
        channel: The way to the server.
        fork: What the server needs to know to start it.
        parcels: The job with the open cases, and the hidden cases where there are any.
        listener: Takes what arrives.
        deadline: By `time.monotonic`.

    Returns how it ended. Raises `Closed` or `TimeoutError` where the server is lost.
    """
    with ExitStack() as pipes:
        (job, give), (take, result), (hear, out) = (_pipe(pipes) for _ in range(3))
        send(channel, {"fork": fork}, (job.fileno(), result.fileno(), out.fileno()))
        for file in (job, result, out):
            file.close()
        ended = _listen(channel, listener, parcels, give, take, hear, deadline)
        if ended is None:
            send(channel, {"kill": True})
            ended = receive(channel)[0]["ended"]
        listener.drain(hear.fileno(), printed=True)
        listener.drain(take.fileno(), printed=False)
    return ended


def _listen(
    channel: socket.socket,
    listener: Listener,
    parcels: list[bytes],
    give: FileIO,
    take: FileIO,
    hear: FileIO,
    deadline: float,
) -> dict[str, Any] | None:
    """Until the last report, the worker's end (returned), or the deadline. Waits for no end-of-file.

    The second parcel, the hidden cases, goes out when the open ones are reported and what was printed is read.
    """
    rest, *later = map(memoryview, parcels)
    with selectors.DefaultSelector() as ears:
        ears.register(give, selectors.EVENT_WRITE)
        for file in (take, hear, channel):
            ears.register(file, selectors.EVENT_READ)
        while not listener.done:
            left = deadline - time.monotonic()
            if left <= 0:
                listener.stop("time")
                break
            for key, _ in ears.select(left):
                if key.fileobj is channel:
                    return receive(channel)[0]["ended"]
                if key.fileobj is give:
                    try:
                        rest = rest[give.write(rest) or 0 :]
                    except BrokenPipeError:  # a worker that ended before it had read its job
                        rest = rest[:0]
                    if not rest:
                        ears.unregister(give)
                elif not listener.read(key.fd, printed=key.fileobj is hear):
                    ears.unregister(key.fileobj)
            if later and not rest and listener.wants_hidden:
                listener.drain(hear.fileno(), printed=True)
                listener.deaf, rest = True, later.pop()
                ears.register(give, selectors.EVENT_WRITE)
    return None


def _pipe(pipes: ExitStack) -> tuple[FileIO, FileIO]:
    """Both ends; none of them waits. `pipes` closes each once, and no file that got its number since."""
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return pipes.enter_context(FileIO(ends[0], "rb")), pipes.enter_context(FileIO(ends[1], "wb"))
