"""Landlock: a process gives up rights, for itself and for all that it starts. Linux 5.13 and later.

It needs no privileges and no namespaces. What it knows of grew with its version ("ABI"): TCP from 4, signals and
sockets without a file from 6. It does not know of sizes and dates (`stat`), of `chmod` and of UDP; see
`syscall_filter` for these. https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import stat
import struct
from contextlib import suppress
from pathlib import Path

from course_lib.grading.workers.namespaces import NO_NEW_PRIVS, libc

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the numbers of the calls, the same on every processor
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _DEVICE = (1 << bit for bit in (0, 1, 2, 3, 14, 15))
_OF_A_FILE = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE
_KNOWN_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # rights on files by ABI; 16 from 5 on
_TCP, _SCOPES = 0b11, 0b11  # binding and connecting; sockets without a file and signals
_PATH = getattr(os, "O_PATH", 0)


def version() -> int:
    """The ABI of this system. Raises `OSError` where there is none, or where it is not allowed."""
    return _call(_CREATE, None, 0, 1)


class Rules:
    """What stays allowed: reading and running `readable`, and writing the devices among it.

    Args:
        readable: Files and folders; what is not there is left out. They are opened now, and only once.
        abi: Use no more than this version has.

    Raises `OSError` where there is no Landlock.
    """

    def __init__(self, readable: list[str], abi: int = 99):
        self.abi = min(abi, version())
        self._all = (1 << _KNOWN_BITS.get(self.abi, 16)) - 1
        self._open: list[tuple[int, int]] = []
        for name in readable:
            with suppress(OSError):
                device = name.startswith("/dev/")
                self._open.append((os.open(name, _PATH), _READ | (_WRITE if device else _EXECUTE | _LIST)))

    def obey(self, scratch: str) -> None:
        """Bind this process for good. In the folder `scratch` everything stays allowed."""
        attributes = struct.pack("QQQ", self._all, _TCP, _SCOPES)
        size = 24 if self.abi >= 6 else 16 if self.abi >= 4 else 8
        rules = _call(_CREATE, attributes, size, 0)
        try:
            for file, rights in self._open:
                _allow(rules, file, rights)
            for place in (scratch, f"/proc/{os.getpid()}"):
                with suppress(FileNotFoundError):  # there may be no /proc
                    file = os.open(place, _PATH)
                    _allow(rules, file, self._all if place == scratch else _READ | _LIST)
                    os.close(file)
            libc().prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
            _call(_RESTRICT, rules, 0)
        finally:
            os.close(rules)


def _allow(rules: int, file: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(file).st_mode):
        rights &= _OF_A_FILE
    _call(_ADD, rules, 1, struct.pack("=Qi", rights, file), 0)


def _call(number: int, *arguments: bytes | int | None) -> int:
    result = libc().syscall(ctypes.c_long(number), *map(_argument, arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "Landlock")
    return result


def _argument(value: bytes | int | None):
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value)


def readable_parts(view: list[str], hidden: list[str]) -> list[str]:
    """Paths that together hold `view` without `hidden`: Landlock allows whole folders, and forbids nothing in them."""
    found: list[str] = []
    secret = {Path(path).resolve() for path in hidden}

    def add(place: Path) -> None:
        if any(place == each or each in place.parents for each in inside):
            return
        if place.is_dir() and any(place in each.parents for each in inside):
            for part in place.iterdir():
                add(part.resolve())
        else:
            found.append(str(place))

    for place in sorted({Path(path).resolve() for path in view if Path(path).exists()}):
        inside = [each for each in secret if each == place or place in each.parents]
        add(place)
    return found
