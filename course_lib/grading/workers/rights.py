"""What workers bind themselves with where they have no namespaces of their own: tried here before it is relied on."""

import ctypes
import errno
import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress

import torch

from course_lib.grading.workers import landlock, syscall_filter
from course_lib.grading.workers.namespaces import SYSTEM
from course_lib.grading.workers.walls import Walls

_ABOUT_THE_MACHINE = ["/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system", "/sys/fs/cgroup"]


def prepare_rules(
    walls: Walls, asked: Collection[str], view: list[str], hidden: list[str], base: str, abi: int
) -> None:
    """What each worker binds itself with by Landlock, if that shuts out what is hidden."""

    def bind() -> None:
        rules.obey(base)
        for place in filter(os.path.exists, hidden):
            _expect_refusal(lambda place=place: os.open(place, os.O_RDONLY))

    refused = "not asked for"
    if "landlock" in asked:
        try:
            readable = landlock.readable_parts(view, hidden)
            rules = landlock.Rules([*SYSTEM, *_ABOUT_THE_MACHINE, *readable], abi)
            refused = trial(bind)
        except OSError as error:
            refused = error.strerror
    if refused:
        walls.missing["landlock"] = refused
    else:
        walls.rules = rules


def prepare_filter(walls: Walls, asked: Collection[str], base: str) -> None:
    """Whether a filter of system calls can be had here, and refuses what it should."""

    def bind() -> None:
        syscall_filter.apply(signals=walls.asks_for_signals)
        _expect_refusal(socket.socket)
        _expect_refusal(lambda: os.chmod(base, 0o755))

    refused = trial(bind) if "filter" in asked else "not asked for"
    walls.filtered = not refused
    if refused:
        walls.missing["filter"] = refused


def _expect_refusal(action: Callable[[], object]) -> None:
    with suppress(PermissionError):
        action()
        raise OSError(errno.ENOTSUP, "what should be refused was not")


def trial(action: Callable[[], object]) -> str:
    """Do `action` in a child, read this installation in a child of that. Returns what was refused, or ""."""
    child = os.fork()
    if child == 0:
        code = 255
        try:
            action()
            grandchild = os.fork()
            if grandchild:
                code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
            else:
                for file in (os.__file__, ctypes.__file__, torch.__file__):
                    os.close(os.open(file, os.O_RDONLY))
                code = 0
        except OSError as error:
            code = error.errno or 255
        finally:
            os._exit(code % 256)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return os.strerror(code) if code else ""
