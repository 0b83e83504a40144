"""What Linux offers an unprivileged process to build walls of. Raises `OSError` where it does not."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, _REMOUNT, _BIND, _MOVE, _REC, _PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    8192,
    16384,
    1 << 18,
)
_KEPT = {
    "ro": RDONLY,
    "nosuid": NOSUID,
    "nodev": NODEV,
    "noexec": NOEXEC,
    "noatime": 1024,
    "nodiratime": 2048,
    "relatime": 1 << 21,
}  # what a mount has it must keep
PDEATHSIG, DUMPABLE, CAPBSET_DROP, SUBREAPER, NO_NEW_PRIVS = 1, 4, 24, 36, 38
NOBODY = 65534
SCRATCH = "/tmp"  # inside
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/passwd",
    "/etc/localtime",
    "/etc/fonts",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
)


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    function = getattr(libc(), name)
    if name == "mount":
        function.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def own_user_namespace() -> bool:
    """Own user and mount namespaces. Returns whether there is a second user inside."""
    server, (ready, go) = os.getpid(), os.pipe()
    users = [f"{NOBODY} {NOBODY} 1\n"] if os.geteuid() == 0 else []
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
        call("unshare", NEWUSER | NEWNS)
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


def change_root(view: list[str], hidden: list[str], base: Path) -> None:
    """A new root that holds `view` and the system's libraries, read-only, and empty places for `hidden`."""
    call("mount", None, b"/", None, _REC | _PRIVATE, None)  # nothing of this reaches other processes
    call("mount", b"tmpfs", os.fsencode(base), b"tmpfs", NOSUID | NODEV, b"size=1m,mode=755")
    for name in ("tmp", "proc", "dev", "etc", ".empty"):
        (base / name).mkdir()
    (base / ".nothing").touch()
    shown: list[Path] = []
    for place in sorted({Path(each) for each in (*SYSTEM, *view)}):
        if place.is_symlink() and str(place) in SYSTEM and place.is_dir():
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
    call("mount", b"tmpfs", os.fsencode(base / "tmp"), b"tmpfs", NOSUID | NODEV, b"size=16m,mode=755")
    os.chdir(base)
    call("mount", b".", b"/", None, _MOVE, None)
    os.chroot(".")
    os.chdir("/")


def _bind(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir() if source.is_dir() else target.touch()
    call("mount", os.fsencode(source), os.fsencode(target), None, _BIND | _REC, None)


def _make_read_only(base: Path) -> None:
    """Every mount at or below `base`."""
    for line in (
        Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    ):
        place, options = line.split(" ")[4:6]
        place = place.encode("utf-8", "surrogateescape").decode("unicode_escape")  # a blank is written \040
        if Path(place) != base and not Path(place).is_relative_to(base):
            continue
        device = place.startswith(f"{base}/dev/")
        kept = sum(_KEPT.get(option, 0) for option in options.split(","))
        flags = _REMOUNT | _BIND | RDONLY | NOSUID | (0 if device else NODEV)
        call("mount", None, os.fsencode(place), None, flags | kept, None)


def become_nobody() -> None:
    with suppress(OSError):
        os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc().capset(header, (ctypes.c_uint32 * 6)())
    libc().prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
