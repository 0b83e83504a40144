"""The folder that a grader works in: made, held by a lock, removed. What killed graders left is found by its lock."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX, _LOCK = "course-grade-", "lock"


def make() -> tuple[Path, int]:
    """A new folder, and an open file that holds its lock for as long as this process lives."""
    while True:
        base = Path(tempfile.mkdtemp(prefix=_PREFIX))
        base.chmod(0o711)
        with suppress(FileNotFoundError):
            lock = os.open(base / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if _hold(lock) and (base / _LOCK).exists():
                return base, lock
            os.close(lock)  # another grader looked just now, and took it for one left behind


def remove(base: Path) -> None:
    """Remove a folder, also where code took away the right to do so."""
    with suppress(OSError):
        for place, _, _ in os.walk(base):  # from above: each is opened before it is looked into
            for entry in os.scandir(place):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)
    shutil.rmtree(base, ignore_errors=True)


def clean_up() -> None:
    """Remove what graders left that are gone: whoever lives holds a lock. A folder without one is left alone."""
    for base in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if base.is_symlink() or base.stat().st_uid != os.geteuid():
                continue
            lock = os.open(base / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if _hold(lock):
                    remove(base)
            finally:
                os.close(lock)


def _hold(lock: int) -> bool:
    import fcntl  # not on Windows

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
