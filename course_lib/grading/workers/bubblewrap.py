"""bubblewrap, a program that some systems allow the namespaces which they refuse to others.

The server is started inside: it is the first process there, sees what `view` names and has no network. Workers share
these walls, and add Landlock and the filter of system calls to them where there are any.
https://github.com/containers/bubblewrap
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.grading.workers.namespaces import SCRATCH, SYSTEM

_PLACES = ["--symlink", SCRATCH, "/dev/shm", "--proc", "/proc", "--size", str(256 * 1024**2), "--tmpfs", SCRATCH]
_WALLS = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--as-pid-1"]


def program() -> str | None:
    """Where bubblewrap is installed; None if it is not."""
    return shutil.which("bwrap")


def command(view: list[str], hidden: list[str], base: Path) -> list[str]:
    """What to write before a command line. `base` is an empty folder of the grader's.

    Raises `OSError` with the reason where it cannot be used.
    """
    empty, nothing = base / "empty", base / "nothing"
    empty.mkdir(exist_ok=True)
    nothing.touch()
    shown = [part for place in (*SYSTEM, *view) for part in _show(Path(place))]
    for place in map(Path, hidden):
        if place.exists() and any(place.is_relative_to(each) for each in view):
            shown += ["--ro-bind", str(empty if place.is_dir() else nothing), str(place)]
    start = [program() or "bwrap", *_WALLS, *shown, *_PLACES, "--remount-ro", "/", "--"]
    try:
        tried = subprocess.run([*start, sys.executable, "-c", ""], capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        raise OSError("it did not answer") from None
    if tried.returncode:
        reason = tried.stderr.strip().removeprefix("bwrap: ").partition(". ")[0][:200].rstrip(".")
        raise OSError(reason or f"it ended with {tried.returncode}")
    return start


def _show(place: Path) -> list[str]:
    if place.is_symlink() and str(place) in SYSTEM and place.is_dir():
        return ["--symlink", os.readlink(place), str(place)]  # /bin -> usr/bin
    return ["--dev-bind-try" if place.is_relative_to("/dev") else "--ro-bind-try", str(place), str(place)]
