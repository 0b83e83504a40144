"""Zip archives that somebody else has packed. They are read in memory; nothing is ever unpacked onto the disk."""

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

_CLUTTER = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "__pycache__"}
TOO_MUCH = "together with those before it is larger than"  # why a good member is left out
_LONGEST_NAME = 250


@dataclass(frozen=True)
class Limits:
    """How much of an archive is read: members looked at, bytes of one and of all, how far one may be squeezed.

    And how much of what one student has handed in: bytes and notebooks.
    """

    members: int = 5_000
    member_bytes: int = 64 * 2**20
    total_bytes: int = 1024 * 2**20
    ratio: int = 300
    student_bytes: int = 128 * 2**20
    student_files: int = 50


@dataclass(frozen=True)
class File:
    """A file that was handed in: where it lay, with forward slashes, and what was in it."""

    name: str
    data: bytes


def unpack(
    data: bytes, wanted: Callable[[str], bool], limits: Limits = Limits()
) -> tuple[list[File], list[str]]:
    """The members of a zip archive that are wanted, in its order, and in words what was left out.

    Whatever is in it, this does not raise: an archive that cannot be read has no members and one problem.
    A member is left out if its name leads out of the archive, if it is a link, encrypted or damaged, if it is
    larger than the limits, or if one of its name came before.

    Args:
        data: the archive.
        wanted: says of a member's name whether it is to be read. All others are not even looked into.
        limits: how much is read at most.
    """
    files: dict[str, File] = {}
    problems: list[str] = []
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        return [], [f"the archive cannot be read ({error}); please hand in an ordinary zip file"]
    if len(members) > limits.members:
        return [], [f"the archive has {len(members):,} members, and {limits.members:,} are the most that are read"]
    total = 0
    for member in members:
        name = _name_of(member)
        if member.is_dir() or _is_clutter(name) or not wanted(name):
            continue
        problem = _refused(member, name, limits) or ("its name is taken by another member" if name in files else "")
        if not problem and total + member.file_size > limits.total_bytes:
            problem = f"{TOO_MUCH} {_mib(limits.total_bytes)}"
        if not problem:
            content = _read(archive, member, limits)
            if isinstance(content, bytes):
                files[name] = File(name, content)
                total += len(content)
                continue
            problem = content
        problems.append(f"{shown(name[:120])} was not read: {problem}")
    return list(files.values()), problems


def _name_of(member: zipfile.ZipInfo) -> str:
    """Its name, as the one who packed it meant it."""
    name = member.filename
    if not member.flag_bits & 0x800:  # not said to be UTF-8; many programs write UTF-8 all the same
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(_CLUTTER & set(parts)) or (bool(parts) and parts[-1].startswith("._"))


def _refused(member: zipfile.ZipInfo, name: str, limits: Limits) -> str:
    """Why a member is not read, from what the archive says about it; empty if it may be."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")) or "\0" in name:
        return "its name leads out of the archive"
    if len(name) > _LONGEST_NAME:
        return f"its name is longer than {_LONGEST_NAME} letters"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return "it is a link or a device, not a file"
    if member.flag_bits & 0x1:
        return "it is encrypted; please hand it in without a password"
    if member.file_size > limits.member_bytes:
        return f"it is larger than {_mib(limits.member_bytes)}"
    if member.file_size > limits.ratio * max(1, member.compress_size):
        return f"it is packed more than {limits.ratio} to 1, as no notebook is"
    return ""


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes | str:
    """Its content, or why there is none. What the archive says about its size is not believed."""
    try:
        with archive.open(member) as stream:
            content = stream.read(limits.member_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        return f"it is damaged ({error})"
    return content if len(content) <= limits.member_bytes else f"it is larger than {_mib(limits.member_bytes)}"


def shown(text: str) -> str:
    """Words with somebody's names in them that are safe to print: no control characters, not endless."""
    return "".join(c if c.isprintable() else "?" for c in text[:300])


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
