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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from course_lib.grading.archives import TOO_MUCH, File, Limits, shown, unpack
from course_lib.grading.owners import (
    METADATA,
    Listed,
    Owner,
    all_the_platforms,
    common_folder,
    named_by_platform,
    owner_of,
    read_list,
)

_MOST_PROBLEMS = 20  # told to one student


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: the name, as the folder, the file or the platform has it. No two submissions share one.
        files: the notebooks, in the order of their paths.
        problems: what could not be read, in words for the student.
        lms_id: the platform's number for the student, where the download tells it.
        late: whether the platform marked it late; None where it does not say.
    """

    student: str
    files: tuple[File, ...]
    problems: tuple[str, ...] = ()
    lms_id: str | None = None
    late: bool | None = None


@dataclass(frozen=True)
class Collection:
    """All submissions, by student, and what lay about that belongs to nobody."""

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...]


@dataclass
class _Pile:
    """What one student has handed in, as it is gathered."""

    owner: Owner
    files: list[File] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    late: bool | None = None


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
        found = _unpacked(place.name, place.read_bytes(), limits, notes)
    else:
        raise ValueError(f"{place} is neither a folder nor a zip archive.")
    submissions = _by_student(found, unread, limits, notes)
    if not submissions:
        raise ValueError(f"there is no notebook (.ipynb) in {place}; is it the folder that holds the submissions?")
    return Collection(tuple(submissions), tuple(map(shown, notes)))


def _is_paper(name: str) -> bool:
    return _is_notebook(name) or _is_archive(name) or PurePosixPath(name).name == METADATA


def _is_notebook(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ".ipynb"


def _is_archive(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ".zip"


def _files_of(folder: Path, limits: Limits, unread: dict[str, str]) -> Iterator[File]:
    """What is worth reading in a folder, by path, links left alone."""
    for path in sorted(folder.rglob("*")):
        # Bytes that are no text are written as \udcff, so that all that comes after can write the name down.
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        if any(part.startswith((".", "__MACOSX")) for part in Path(name).parts) or not _is_paper(name):
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
    if len(found) != 1 or "/" in found[0].name or not _is_archive(found[0].name) or named_by_platform(found[0].name):
        return found
    notes_inside: list[str] = []
    inside = _unpacked(found[0].name, found[0].data, limits, notes_inside)
    if not all_the_platforms([file.name for file in inside]):
        return found
    notes += notes_inside
    return inside


def _unpacked(name: str, data: bytes, limits: Limits, notes: list[str]) -> list[File]:
    """What is in the archive of a class. That it is too large is no reason to leave somebody out in silence."""
    files, problems = unpack(data, _is_paper, replace(limits, members=40 * limits.members))
    if any(TOO_MUCH in problem for problem in problems):
        raise ValueError(
            f"{name} holds more than {limits.total_bytes / 2**20:.0f} MiB of notebooks; unpack it into a folder,"
            " and give the folder."
        )
    notes += [f"{name}: {problem}" for problem in problems]
    return files


def _by_student(
    found: list[File], unread: dict[str, str], limits: Limits, notes: list[str]
) -> list[Submission]:
    names = [*(file.name for file in found), *unread]
    prefix = common_folder(names) if all_the_platforms(names) else ""
    listed = _listed(found, prefix, notes)
    piles: dict[tuple[str, str], _Pile] = {}

    def pile_of(name: str) -> _Pile:
        owner = owner_of(name[len(prefix) :], listed)
        pile = piles.setdefault(owner.key, _Pile(owner))
        pile.late = pile.late or owner.late
        return pile

    for file in found:
        if _is_notebook(file.name):
            pile_of(file.name).files.append(file)
        elif _is_archive(file.name):
            inside, problems = unpack(
                file.data, _is_notebook, replace(limits, total_bytes=limits.student_bytes)
            )
            pile, stem = pile_of(file.name), file.name[: -len(".zip")]
            pile.files += [File(f"{stem}/{each.name}", each.data) for each in inside]
            pile.problems += problems or ([] if inside else ["there is no notebook in the archive"])
    for name, why in unread.items():
        pile_of(name).problems.append(f"{PurePosixPath(name).name} was not read: {why}")
    return _with_names_of_their_own(piles.values(), limits)


def _listed(found: list[File], prefix: str, notes: list[str]) -> Listed:
    """Gradescope's list, from the one place where no student can put a file."""
    for file in found:
        if file.name == prefix + METADATA:
            try:
                return read_list(file.data)
            except ValueError as error:
                notes.append(
                    f"{file.name} is not Gradescope's list of submissions ({error}); its folders' names are used"
                )
    return {}


def _with_names_of_their_own(piles: Iterable[_Pile], limits: Limits) -> list[Submission]:
    taken: dict[str, Submission] = {}
    for pile in sorted(piles, key=lambda pile: pile.owner.key):
        student = pile.owner.student
        while student in taken:
            student += f" ({pile.owner.lms_id})"
        files, problems = _not_too_much(pile, limits)
        taken[student] = Submission(student, files, problems, pile.owner.lms_id, pile.late)
    return [taken[student] for student in sorted(taken)]


def _not_too_much(pile: _Pile, limits: Limits) -> tuple[tuple[File, ...], tuple[str, ...]]:
    """As many notebooks as one person may hand in, and as many problems as one may read."""
    kept: list[File] = []
    room = limits.student_bytes
    for file in pile.files:
        room -= len(file.data)
        if room >= 0 and len(kept) < limits.student_files:
            kept.append(file)
    problems = list(map(shown, pile.problems))
    if len(kept) < len(pile.files):
        problems.insert(
            0,
            f"Of {len(pile.files):,} notebooks {len(kept)} were read: {limits.student_files}, or"
            f" {limits.student_bytes / 2**20:.0f} MiB, are the most that one student can hand in.",
        )
    if len(problems) > _MOST_PROBLEMS:
        problems[_MOST_PROBLEMS:] = [f"And {len(problems) - _MOST_PROBLEMS:,} more like these."]
    return tuple(kept), tuple(problems)
