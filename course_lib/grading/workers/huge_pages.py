"""Larger pages for a process that is forked again and again: what a fork costs is the table of its pages."""

import ctypes
import os
import sys
from collections.abc import Iterator

_COLLAPSE, _SIZE = 25, 2 * 1024**2  # MADV_COLLAPSE (Linux 6.1); what one large page holds on x86 and ARM


def use_huge_pages(maps: int | None) -> int:
    """Lay what this process has allocated into large pages, where the system can. Returns how many there are.

    Nothing else changes: what is written after a fork is copied in small pages as before.

    Args:
        maps: an open file with this process's areas of memory, as in /proc/self/maps; None where there is none.
    """
    if maps is None or not sys.platform.startswith("linux"):
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    places = (place for first, end in _own(_read(maps))
              for place in range(-(-first // _SIZE) * _SIZE, end - _SIZE + 1, _SIZE))
    return sum(madvise(place, _SIZE, _COLLAPSE) == 0 for place in places)


def _read(maps: int) -> str:
    os.lseek(maps, 0, os.SEEK_SET)
    parts = []
    while part := os.read(maps, 1 << 20):
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


def _own(text: str) -> Iterator[tuple[int, int]]:
    """First and last address of each private area that belongs to no file."""
    for line in text.splitlines():
        area, rights, _, _, inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and inode == "0" and (not name or name[0] == "[heap]"):
            first, _, end = area.partition("-")
            yield int(first, 16), int(end, 16)
