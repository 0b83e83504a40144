"""Fetching a real data set, when somebody asked for it. Safe to break off and to start again."""

import errno
import shutil
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

from .real import RealDataset, find, folder_of, real_set, size_of

_ARCHIVES = (".gz", ".tgz", ".tar")


def download(name: str, *, say: Callable[[str], None] = print) -> Path:
    """Fetch a real data set into `data_dir()` and check that it can be opened.

    torchvision fetches, compares checksums and unpacks, in a folder beside the final one, which gets its name
    only when everything is there: a set that was broken off is never taken for a whole one. Archives that had
    arrived whole are used again.

    Args:
        name: one of `real_sets()`.
        say: is called with each line about what goes on.

    Returns:
        The folder of the data set.

    Raises:
        ValueError: an unknown name.
        OSError: the disk has too little room, or cannot be written to.
        ConnectionError: it could not be fetched, or what came has another checksum.
    """
    entry = find(name)
    final = folder_of(entry)
    if final.is_dir():
        real_set(name)                                # raises where it is not complete
        say(f"{entry.title} is already in {final}.")
        return final
    partial = final.with_name(f"{final.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    _keep_archives_only(partial)                      # half-unpacked files would be taken for good ones
    _check_room(partial, entry.disk_megabytes * 10**6, entry.title)
    say(f"Fetching {entry.title}: {entry.about}. {size_of(entry)}, to {final}.")
    try:
        train = RealDataset(entry, entry.open(partial, True, True), "train")
        test = RealDataset(entry, entry.open(partial, False, False), "test")
        for pictures in (train, test):
            pictures[0], pictures[-1]                 # the first and the last can be opened
    except (RuntimeError, URLError, ConnectionError, TimeoutError, HTTPException) as error:
        reason = " ".join(str(error).split())         # torchvision's own reasons run over several lines
        raise ConnectionError(f"{entry.title} could not be fetched: {reason}. What arrived whole is kept; "
                              f"`course data {name}` goes on from there.") from error
    for archive in _archives(partial):
        archive.unlink()
    partial.rename(final)
    say(f"Done: {len(train):,} pictures for training, {len(test):,} for testing.")
    return final


def _check_room(folder: Path, needed: int, title: str) -> None:
    free = shutil.disk_usage(folder).free + sum(archive.stat().st_size for archive in _archives(folder))
    if free < needed:
        raise OSError(errno.ENOSPC, f"{title} needs {needed / 1e9:.1f} GB while it is unpacked, and only "
                                    f"{free / 1e9:.1f} GB are free at {folder}. Make room, or set "
                                    "COURSE_DATA to a folder elsewhere")


def _archives(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix in _ARCHIVES]


def _keep_archives_only(folder: Path) -> None:
    archives = set(_archives(folder))
    for path in folder.rglob("*"):
        if path.is_file() and path not in archives:
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):               # children before their parents
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
