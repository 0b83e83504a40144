"""Walls around what is run: namespaces and a view of the file system that holds what is needed and nothing else.

Linux without privileges, through ctypes. The server is walled in once (`build`), each worker once more (`enter`).
A wall that cannot be built is missing, and said to be; the limits and the clock hold without any of them.
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

_NEWNS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _MOVE, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 8192, 16384, 1 << 18
_KEPT = {"ro": _RDONLY, "nosuid": _NOSUID, "nodev": _NODEV, "noexec": _NOEXEC, "noatime": 1024, "nodiratime": 2048,
         "relatime": 1 << 21}  # what a mount has it must keep
_PDEATHSIG, _NO_NEW_PRIVS, _CAPBSET_DROP, _SUBREAPER = 1, 38, 24, 36
_NOBODY = 65534
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/passwd",
           "/etc/localtime", "/etc/fonts", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SCRATCH = "/tmp"  # inside


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
            "Own process, mount and IPC namespaces, a read-only view without the instructor's folders, and scratch"
            " space in memory: " + ("they stand." if self.private else f"missing{why.get('private', '')}."),
            "No network: " + ("it stands." if self.offline else f"missing{why.get('offline', '')}."),
            "Workers are another user than the grader: "
            + ("it stands." if self.nobody else f"missing{why.get('nobody', '')}."),
            "No process outlives its exercise: "
            + ("it stands." if self.private or self.reaper else "missing; a process that left its session may stay."),
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
    walls.reaper = _libc().prctl(_SUBREAPER, 1, 0, 0, 0) == 0
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
    elif refused := _trial(_become_nobody):
        walls.missing["nobody"] = f"another user cannot read this installation: {refused}"
    else:
        walls.nobody = True
    return walls


def _build(view: list[str], hidden: list[str], base: str) -> tuple[Walls, bool]:
    """The walls, and whether there is a second user inside. From here on this process is a child of what it was."""
    two_users = _own_user_namespace()
    _call("unshare", _NEWPID)
    _live_on_as(os.fork())
    walls = Walls(private=True, size=_open("/proc/self/statm"), home=_open("/proc/self/ns/pid"))
    _call("mount", None, b"/", None, _REC | _PRIVATE, None)
    _change_root(view, hidden, Path(base))
    return walls, two_users


def _live_on_as(child: int) -> None:
    """The child goes on; the process that it comes from only waits, and ends as it does."""
    if child:
        os.closerange(0, 65536)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
    _libc().prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _no_network() -> None:
    _call("unshare", _NEWNET)


def split_off(walls: Walls) -> int:
    """Fork. The child is the first process of a namespace of its own, and all in it die with it."""
    if not walls.private:
        return os.fork()
    child = None
    _call("unshare", _NEWPID)  # for the next child
    try:
        child = os.fork()
    finally:
        if child != 0:
            _call("setns", walls.home, _NEWPID)  # or no further one could be made
    return child


def enter(walls: Walls, scratch: str | None, space: int) -> str:
    """In the worker: take away everything that is not needed. Returns the scratch folder.

    `scratch` is a folder to use where there is no view; `space` the bytes of one that lies in memory.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, this process ends first
    if walls.private:
        _call("unshare", _NEWNS | _NEWIPC)
        options = f"size={space},nr_inodes=4096,mode=1777".encode()
        _call("mount", b"tmpfs", SCRATCH.encode(), b"tmpfs", _NOSUID | _NODEV, options)
        with suppress(OSError):  # a container may not allow it; nothing here needs it
            _call("mount", b"proc", b"/proc", b"proc", _RDONLY | _NOSUID | _NODEV | _NOEXEC, None)
        scratch = SCRATCH
    os.chdir(scratch)
    os.umask(0o077)
    linux = sys.platform.startswith("linux")
    if linux:
        for capability in range(64):
            _libc().prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    if walls.nobody:
        if not walls.private:
            os.chown(scratch, _NOBODY, _NOBODY)
        _become_nobody()
    if linux:
        _drop_capabilities()
        _libc().prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return scratch


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: bytes | int | None) -> None:
    function = getattr(_libc(), name)
    if name == "mount":
        function.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def _trial(action: Callable[[], object]) -> str:
    """Do `action` in a child and read this installation in a child of that. Returns what was refused, or ""."""
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


def _own_user_namespace() -> bool:
    """Own user and mount namespaces. Returns whether there is a second user inside."""
    server, (ready, go) = os.getpid(), os.pipe()
    users = [f"{_NOBODY} {_NOBODY} 1\n"] if os.geteuid() == 0 else []
    own = {"uid_map": f"{os.geteuid()} {os.geteuid()} 1\n", "gid_map": f"{os.getegid()} {os.getegid()} 1\n"}
    mapper = os.fork()  # two users can only be mapped from outside
    if mapper == 0:
        try:
            os.close(go)
            if os.read(ready, 1) and users:
                for name in own:
                    Path(f"/proc/{server}/{name}").write_text(own[name] + users[0])
                os._exit(0)
        finally:
            os._exit(1)
    os.close(ready)
    try:
        _call("unshare", _NEWUSER | _NEWNS)
        os.write(go, b"x")
    finally:
        os.close(go)
        two = os.waitstatus_to_exitcode(os.waitpid(mapper, 0)[1]) == 0
    if not two:
        Path("/proc/self/setgroups").write_text("deny")
        for name in own:
            Path(f"/proc/self/{name}").write_text(own[name])
    with suppress(OSError):  # no further namespaces, in which a worker would have all rights again
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    return two


def _change_root(view: list[str], hidden: list[str], base: Path) -> None:
    """A new root that holds `view` and the system's libraries, read-only, and empty places for `hidden`."""
    _call("mount", b"tmpfs", os.fsencode(base), b"tmpfs", _NOSUID | _NODEV, b"size=1m,mode=755")
    for name in ("tmp", "proc", "dev", "etc", ".empty"):
        (base / name).mkdir()
    (base / ".nothing").touch()
    shown: list[Path] = []
    for place in sorted({Path(each) for each in (*_SYSTEM, *view)}):
        if place.is_symlink() and str(place) in _SYSTEM and place.is_dir():
            (base / place.relative_to("/")).symlink_to(os.readlink(place))  # /bin -> usr/bin
        elif place.exists() and not any(place.is_relative_to(above) for above in shown):
            _bind(place, base / place.relative_to("/"))
            shown.append(place)
    (base / "dev/shm").symlink_to(SCRATCH)
    for place in map(Path, hidden):
        if place.exists() and any(place.is_relative_to(above) for above in shown):
            empty = base / (".empty" if place.is_dir() else ".nothing")
            _bind(empty, base / place.relative_to("/"))
    _make_read_only(base)
    # The server's own; each worker has another one over it.
    _call("mount", b"tmpfs", os.fsencode(base / "tmp"), b"tmpfs", _NOSUID | _NODEV, b"size=16m,mode=755")
    os.chdir(base)
    _call("mount", b".", b"/", None, _MOVE, None)
    os.chroot(".")
    os.chdir("/")


def _bind(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir() if source.is_dir() else target.touch()
    _call("mount", os.fsencode(source), os.fsencode(target), None, _BIND | _REC, None)


def _make_read_only(base: Path) -> None:
    """Every mount at or below `base`."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        place, options = line.split(" ")[4:6]
        place = place.encode("utf-8", "surrogateescape").decode("unicode_escape")  # a blank is written \040
        if Path(place) != base and not Path(place).is_relative_to(base):
            continue
        device = place.startswith(f"{base}/dev/")
        kept = sum(_KEPT.get(option, 0) for option in options.split(","))
        flags = _REMOUNT | _BIND | _RDONLY | _NOSUID | (0 if device else _NODEV)
        _call("mount", None, os.fsencode(place), None, flags | kept, None)


def _become_nobody() -> None:
    with suppress(OSError):
        os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _drop_capabilities() -> None:
    libc = _libc()
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
