"""Who handed in what: from a folder or an archive, as it was collected, to one `Submission` a student.

Understood are, in one folder, mixed as you like:

    ada.ipynb                                          a notebook named after its student
    ada/01_dot_product_attention.ipynb                 a folder named after its student, notebooks anywhere in it
    ada.zip                                            the same, packed
    lovelaceada_12345_67890_01_dot_product.ipynb       Canvas' download (also with LATE after the name)
    Ada Lovelace_12345_assignsubmission_file_/...      Moodle's, as folders or flat
    submission_987/... and submission_metadata.yml     Gradescope's export

and a zip archive of any of these, as the learning platforms hand them out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib.grading.reading.archives import TOO_MUCH, File, Limits, shown, unpack
from course_lib.grading.reading.owners import all_the_platforms, common_folder, named_by_platform
from course_lib.grading.reading.submissions import Submission, by_student, is_archive, is_paper

_CHAPTER = re.compile(r"\d\d_[^/]*\.ipynb")
__all__ = ["Collection", "Submission", "collect"]


@dataclass(frozen=True)
class Collection:
    """All submissions, by student, and what lay about that belongs to nobody."""

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...]


def collect(place: Path, limits: Limits = Limits()) -> Collection:
    """The submissions in a folder, or in a zip archive of one.

    Nothing is written, links are not followed, and no file of a student can keep another's from being read.

    Raises:
        FileNotFoundError: there is no such folder or archive.
        ValueError: it is neither, or there is no notebook in it.
    """
    place = Path(place)
    if not place.exists():
        raise FileNotFoundError(f"there is no {place}; give the folder or the zip archive of the submissions.")
    notes: list[str] = []
    unread: dict[str, str] = {}  # path -> why
    if place.is_dir():
        found = _opened(list(_files_of(place, limits, unread)), limits, notes)
    elif place.suffix.lower() == ".zip":
        found = _without_folder(_unpacked(place.name, place.read_bytes(), limits, notes))
    else:
        raise ValueError(f"{place} is neither a folder nor a zip archive.")
    submissions = by_student(found, unread, limits, notes)
    if not submissions:
        raise ValueError(f"there is no notebook (.ipynb) in {place}; is it the folder that holds the submissions?")
    return Collection(tuple(submissions), tuple(map(shown, notes)))


def _files_of(folder: Path, limits: Limits, unread: dict[str, str]) -> Iterator[File]:
    """What is worth reading in a folder, by path, links left alone."""
    for path in sorted(folder.rglob("*")):
        # Bytes that are no text are written as \udcff, so that all that comes after can write the name down.
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        if any(part.startswith((".", "__MACOSX")) for part in Path(name).parts) or not is_paper(name):
            continue
        if any(each.is_symlink() for each in (path, *path.parents[: len(Path(name).parts) - 1])):
            unread[name] = "it is a link"
        elif path.is_file():
            try:
                size = path.stat().st_size
                if size > limits.member_bytes:
                    unread[name] = f"it is larger than {limits.member_bytes / 2**20:.0f} MiB"
                else:
                    yield File(name, path.read_bytes())
            except OSError as error:
                unread[name] = error.strerror or str(error)


def _opened(found: list[File], limits: Limits, notes: list[str]) -> list[File]:
    """What is in a platform's own archive, if that is all there is. Beside others, an archive is a student's."""
    if len(found) != 1 or "/" in found[0].name or not is_archive(found[0].name) or named_by_platform(found[0].name):
        return found
    notes_inside: list[str] = []
    inside = _unpacked(found[0].name, found[0].data, limits, notes_inside)
    if not all_the_platforms([file.name for file in inside]):
        return found
    notes += notes_inside
    return inside


def _without_folder(found: list[File]) -> list[File]:
    """A class whose folder was packed as a whole. One student's folder holds the chapters' notebooks, and no more."""
    top = common_folder([file.name for file in found])
    rests = [file.name.removeprefix(top) for file in found]
    if not top or all(_CHAPTER.fullmatch(rest) for rest in rests):
        return found
    return [replace(file, name=rest) for file, rest in zip(found, rests, strict=True)]


def _unpacked(name: str, data: bytes, limits: Limits, notes: list[str]) -> list[File]:
    """What is in the archive of a class. That it is too large is no reason to leave somebody out in silence."""
    files, problems = unpack(data, is_paper, replace(limits, members=40 * limits.members))
    if any(TOO_MUCH in problem for problem in problems):
        raise ValueError(
            f"{name} holds more than {limits.total_bytes / 2**20:.0f} MiB of notebooks; unpack it into a folder,"
            " and give the folder."
        )
    notes += [f"{name}: {problem}" for problem in problems]
    return files
