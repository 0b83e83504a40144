"""How much a worker may use. The wall clock is kept by the parent; all else by the system."""

import math
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """One exercise of one submission.

    Attributes:
        seconds: By the clock on the wall, helper cells included. Sleeping counts.
        memory: Bytes of address space, beyond what torch and the lesson's imports have.
        processes: Processes and threads at one time.
        files: Open files.
        file_size: Bytes of one file, and of the whole scratch folder where it lies in memory.
        printed: Characters that are kept of what is printed.
        flood: Bytes printed that end the worker.
    """

    seconds: float = 10.0
    memory: int = 1024**3
    processes: int = 64
    files: int = 128
    file_size: int = 32 * 1024**2
    printed: int = 10_000
    flood: int = 8 * 1024**2


def impose(limits: Limits, size: int, others: int = 0) -> None:
    """Bind this process and its children.

    `size` is the address space (bytes) that it starts with, `others` the number of processes that count as this
    user's and are none of its own.
    """
    import resource  # not on Windows

    seconds = math.ceil(limits.seconds) + 1
    wanted = {
        "RLIMIT_CPU": seconds,  # of all threads together
        "RLIMIT_AS": size + limits.memory,
        "RLIMIT_NPROC": others + limits.processes,  # of this user in this namespace; root outside is exempt
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_CORE": 0,
    }
    for name, value in wanted.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # macOS refuses some; the clock on the wall holds everywhere
            resource.setrlimit(which, (value, value))
