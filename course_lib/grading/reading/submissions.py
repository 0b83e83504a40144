"""From files and archives to one `Submission` a student, whatever names they have in common."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from course_lib.grading.reading.archives import File, Limits, shown, unpack
from course_lib.grading.reading.owners import (
    METADATA,
    Listed,
    Owner,
    all_the_platforms,
    common_folder,
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


@dataclass
class _Pile:
    """What one student has handed in, as it is gathered."""

    owner: Owner
    files: list[File] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    late: bool | None = None


def by_student(
    found: list[File], unread: dict[str, str], limits: Limits, notes: list[str]
) -> list[Submission]:
    """What each student has handed in, by student.

    Args:
        found: notebooks, archives and Gradescope's list, by their paths.
        unread: paths of what could not be read, and why.
        limits: how much of it is read.
        notes: gets what the instructor should know.
    """
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
        if is_notebook(file.name):
            pile_of(file.name).files.append(file)
        elif is_archive(file.name):
            inside, problems = unpack(
                file.data, is_notebook, replace(limits, total_bytes=limits.student_bytes)
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


def is_paper(name: str) -> bool:
    return is_notebook(name) or is_archive(name) or PurePosixPath(name).name == METADATA


def is_notebook(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ".ipynb"


def is_archive(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ".zip"
