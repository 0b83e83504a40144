"""Walls built: the server is walled in once, here, and each worker once more (`confine.enter`)."""

import os
import sys
from collections.abc import Collection
from pathlib import Path

from course_lib.grading.workers import namespaces as linux
from course_lib.grading.workers.confine import guarded, live_on_as, own_namespaces, split_off
from course_lib.grading.workers.rights import prepare_filter, prepare_rules, trial
from course_lib.grading.workers.walls import ALL, Walls


def build(
    view: list[str],
    hidden: list[str],
    base: str,
    *,
    asked: Collection[str] = ALL,
    inside: bool = False,
    missing: dict[str, str] | None = None,
    abi: int = 99,
) -> Walls:
    """Wall in this process, before it has a second thread.

    Args:
        view: Files and folders that can be read inside, beside the system's.
        hidden: What cannot be read although it lies in one of them.
        base: An empty folder to mount on.
        asked: Which walls to try; see `ALL`.
        inside: Whether this process was started by bubblewrap.
        missing: Why walls that were tried before this process was started do not stand.
        abi: The newest version of Landlock to use.
    """
    walls = Walls(missing=dict(missing or {}))
    if not sys.platform.startswith("linux"):
        walls.missing |= dict.fromkeys(ALL, "only Linux has it")
        return walls
    two_users = os.geteuid() == 0 and not inside
    if inside:
        if os.getpid() != 1:  # or what ends all processes here would end all there are
            raise RuntimeError("not the first process inside bubblewrap")
        walls.inside = walls.offline = True
    elif "namespaces" not in asked:
        walls.missing.setdefault("namespaces", "not asked for")
    elif refused := trial(lambda: live_on_as(split_off(_private(view, hidden, base)[0]))):
        walls.missing["namespaces"] = refused
    else:
        walls, two_users = _private(view, hidden, base)
        if refused := trial(_no_network):
            walls.missing["offline"] = refused
        else:
            _no_network()
            walls.offline = True
    if not walls.private:
        walls.reaper = inside or guarded()
        walls.size, walls.maps = _open("/proc/self/statm"), _open("/proc/self/maps")
        prepare_rules(walls, asked, view, hidden, base, abi)
        prepare_filter(walls, asked, base)
    if not two_users:
        walls.missing["nobody"] = "only root can start one"
    elif refused := trial(lambda: linux.become_nobody() or os.stat("/" if walls.private else f"{base}/.")):
        walls.missing["nobody"] = f"another user cannot read this installation, or temporary files: {refused}"
    else:
        walls.nobody = True
    walls.exempt = os.geteuid() == 0 and not walls.nobody
    linux.libc().prctl(linux.DUMPABLE, 0, 0, 0, 0)  # no worker of the same user looks into this process
    return walls


def _private(view: list[str], hidden: list[str], base: str) -> tuple[Walls, bool]:
    """The walls, and whether there is a second user inside. From here on this is a child of what it was."""
    two_users = own_namespaces()
    walls = Walls(private=True, size=_open("/proc/self/statm"), maps=_open("/proc/self/maps"))
    walls.home = _open("/proc/self/ns/pid")
    linux.change_root(view, hidden, Path(base))
    return walls, two_users


def _no_network() -> None:
    linux.call("unshare", linux.NEWNET)


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None
