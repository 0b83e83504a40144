"""A process of its own for a worker, and inside it: everything taken away that it does not need."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from course_lib.grading.workers import namespaces as linux
from course_lib.grading.workers import syscall_filter
from course_lib.grading.workers.leftovers import end_stragglers
from course_lib.grading.workers.walls import Walls


def own_namespaces() -> bool:
    """Namespaces of its own for the server. From here on this is a child of what it was.

    Returns whether there is a second user inside. Raises `OSError` where the system refuses it.
    """
    two_users = linux.own_user_namespace()
    linux.call("unshare", linux.NEWPID)
    live_on_as(os.fork())
    return two_users


def live_on_as(child: int, *, guard: bool = False) -> None:
    """The child goes on; the process that it comes from only waits, and ends as it does.

    `guard`: before that, it ends what the child left behind, should it be lost.
    """
    if child:
        os.closerange(0, 65536)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if guard:
            end_stragglers(all_here=False)
        os._exit(code % 256)
    linux.libc().prctl(linux.PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def guarded() -> bool:
    """Go on as the child of a process that ends what this one leaves. Returns whether orphans come to this one."""
    linux.libc().prctl(linux.SUBREAPER, 1, 0, 0, 0)  # for this process, not for its child
    live_on_as(os.fork(), guard=True)
    return linux.libc().prctl(linux.SUBREAPER, 1, 0, 0, 0) == 0


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
        _own_scratch(space)
        scratch = linux.SCRATCH
    elif walls.inside:
        scratch = f"{linux.SCRATCH}/scratch"
        os.mkdir(scratch)
    os.chdir(scratch)
    os.umask(0o077)
    if not sys.platform.startswith("linux"):
        return scratch
    for capability in range(64):
        linux.libc().prctl(linux.CAPBSET_DROP, capability, 0, 0, 0)
    if walls.nobody:
        if not walls.private:
            os.chown(scratch, linux.NOBODY, linux.NOBODY)
        linux.become_nobody()
    linux.drop_capabilities()
    linux.libc().prctl(linux.PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    linux.libc().prctl(linux.DUMPABLE, 1, 0, 0, 0)  # as programs expect; what the server knows is no secret here
    if walls.rules:
        walls.rules.obey(scratch)
    if walls.filtered:
        syscall_filter.apply(signals=walls.asks_for_signals)
    return scratch


def _own_scratch(space: int) -> None:
    linux.call("unshare", linux.NEWNS | linux.NEWIPC)
    options = f"size={space},nr_inodes=4096,mode=1777".encode()
    linux.call("mount", b"tmpfs", linux.SCRATCH.encode(), b"tmpfs", linux.NOSUID | linux.NODEV, options)
    with suppress(OSError):  # a container may not allow it; nothing here needs it
        flags = linux.RDONLY | linux.NOSUID | linux.NODEV | linux.NOEXEC
        linux.call("mount", b"proc", b"/proc", b"proc", flags, None)
