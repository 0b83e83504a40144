"""Walls around what is run: namespaces, and a view of the file system that holds what is needed alone.

Linux without privileges, through ctypes. The server is walled in once (`build`), each worker once more
(`enter`). A wall that cannot be built is missing, and said to be; limits and clock hold without any of them.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

from course_lib.grading import namespaces as linux


@dataclass
class Walls:
    """Which walls stand around the workers of one server."""

    private: bool = False  # own user, process, mount and IPC namespaces; the view
    offline: bool = False
    nobody: bool = False  # the workers are another user than the grader
    reaper: bool = False
    size: int | None = None  # an open file that tells this process's size, where there is one
    home: int | None = None  # the server's process namespace
    missing: dict[str, str] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """One sentence a wall, for the report."""
        why = {name: f" ({reason})" for name, reason in self.missing.items()}
        return [
            "Limits of time, memory, processes, open files and file size: they stand.",
            "Own process, mount and IPC namespaces, a read-only view without the instructor's folders,"
            " scratch space in memory: "
            + ("they stand." if self.private else f"missing{why.get('private', '')}."),
            "No network: " + ("it stands." if self.offline else f"missing{why.get('offline', '')}."),
            "Workers are another user than the grader: "
            + ("it stands." if self.nobody else f"missing{why.get('nobody', '')}."),
            "No process outlives its exercise: "
            + (
                "it stands."
                if self.private or self.reaper
                else "missing; a process that left its session may stay."
            ),
        ]


def build(view: list[str], hidden: list[str], base: str, *, namespaces: bool = True) -> Walls:
    """Wall in this process, before it has a second thread.

    Args:
        view: Files and folders that can be read inside, beside the system's.
        hidden: What is empty inside although it lies in one of them.
        base: An empty folder to mount on.
        namespaces: Whether to try what needs namespaces at all.
    """
    walls = Walls(size=_open("/proc/self/statm"))
    if not sys.platform.startswith("linux"):
        walls.missing["private"] = walls.missing["offline"] = "only Linux has them"
        return walls
    walls.reaper = linux.libc().prctl(linux.SUBREAPER, 1, 0, 0, 0) == 0
    two_users = os.geteuid() == 0
    refused = "not asked for"
    if namespaces:
        refused = _trial(lambda: _live_on_as(split_off(_build(view, hidden, base)[0])))
    if refused:
        walls.missing["private"] = walls.missing["offline"] = refused
    else:
        walls, two_users = _build(view, hidden, base)
        refused = _trial(_no_network)
        if refused:
            walls.missing["offline"] = refused
        else:
            _no_network()
            walls.offline = True
    if not two_users:
        walls.missing["nobody"] = "only root can start one"
    elif refused := _trial(linux.become_nobody):
        walls.missing["nobody"] = f"another user cannot read this installation: {refused}"
    else:
        walls.nobody = True
    return walls


def _build(view: list[str], hidden: list[str], base: str) -> tuple[Walls, bool]:
    """The walls, and whether there is a second user inside. From here on this is a child of what it was."""
    two_users = linux.own_user_namespace()
    linux.call("unshare", linux.NEWPID)
    _live_on_as(os.fork())
    walls = Walls(private=True, size=_open("/proc/self/statm"), home=_open("/proc/self/ns/pid"))
    linux.change_root(view, hidden, Path(base))
    return walls, two_users


def _live_on_as(child: int) -> None:
    """The child goes on; the process that it comes from only waits, and ends as it does."""
    if child:
        os.closerange(0, 65536)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
    linux.libc().prctl(linux.PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _no_network() -> None:
    linux.call("unshare", linux.NEWNET)


def split_off(walls: Walls) -> int:
    """Fork. The child is the first process of a namespace of its own, and all in it die with it."""
    if not walls.private:
        return os.fork()
    child = None
    linux.call("unshare", linux.NEWPID)  # for the next child
    try:
        child = os.fork()
    finally:
        if child != 0:
            linux.call("setns", walls.home, linux.NEWPID)  # or no further one could be made
    return child


def enter(walls: Walls, scratch: str | None, space: int) -> str:
    """In the worker: take away everything that is not needed. Returns the scratch folder.

    `scratch` is a folder to use where there is no view; `space` the bytes of one that lies in memory.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, this process ends first
    if walls.private:
        linux.call("unshare", linux.NEWNS | linux.NEWIPC)
        options = f"size={space},nr_inodes=4096,mode=1777".encode()
        linux.call("mount", b"tmpfs", linux.SCRATCH.encode(), b"tmpfs", linux.NOSUID | linux.NODEV, options)
        with suppress(OSError):  # a container may not allow it; nothing here needs it
            linux.call(
                "mount",
                b"proc",
                b"/proc",
                b"proc",
                linux.RDONLY | linux.NOSUID | linux.NODEV | linux.NOEXEC,
                None,
            )
        scratch = linux.SCRATCH
    os.chdir(scratch)
    os.umask(0o077)
    on_linux = sys.platform.startswith("linux")
    if on_linux:
        for capability in range(64):
            linux.libc().prctl(linux.CAPBSET_DROP, capability, 0, 0, 0)
    if walls.nobody:
        if not walls.private:
            os.chown(scratch, linux.NOBODY, linux.NOBODY)
        linux.become_nobody()
    if on_linux:
        linux.drop_capabilities()
        linux.libc().prctl(linux.PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return scratch


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _trial(action: Callable[[], object]) -> str:
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
