"""What an ended worker leaves: processes that went their own way, files. And who else counts as its user's."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from course_lib.grading.workers.namespaces import NOBODY


def end_stragglers(*, all_here: bool, patience: float = 5.0) -> int:
    """Kill what was orphaned and fell to this process. Returns how many could not be ended.

    `all_here`: this is the first process of a namespace that holds nothing else; kill everything in it at once.
    """
    end = time.monotonic() + patience
    while True:
        if all_here and os.getpid() == 1:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = [int(pid) for pid in file.read().split()]
        except OSError:  # no such list here, and none fell to us
            children = []
        for pid in children:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return 0
        if time.monotonic() > end:
            return len(children)
        time.sleep(0.002)


def empty(folder: str) -> None:
    """Remove all that lies in `folder`."""
    for place in Path(folder).iterdir():
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()


def crowd(nobody: bool) -> int:
    """How many processes and threads the workers' user has already: a limit counts them all."""
    user, count = NOBODY if nobody else os.geteuid(), 0
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            with suppress(OSError):
                if entry.name.isdigit() and entry.stat().st_uid == user:
                    count += os.stat(f"/proc/{entry.name}/task").st_nlink - 2  # a folder a thread
    return count
