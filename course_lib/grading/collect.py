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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from course_lib.grading.archives import File, Limits, unpack

METADATA = "submission_metadata.yml"  # Gradescope's list of who is who
_CANVAS = re.compile(r"^(?P<student>[^_]+)(?P<late>_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)$")
_MOODLE = re.compile(r"^(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)$")
_GRADESCOPE = re.compile(r"^submission_(?P<id>\d+)$")


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


@dataclass(frozen=True)
class _Owner:
    """Whose a file is, from the first part of its path, and what is left of the path."""

    student: str
    rest: str
    lms_id: str | None = None
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
        found = list(_files_of(place, limits, unread))
    elif place.suffix.lower() == ".zip":
        found, problems = unpack(place.read_bytes(), _is_paper, limits)
        notes += [f"{place.name}: {problem}" for problem in problems]
    else:
        raise ValueError(f"{place} is neither a folder nor a zip archive.")
    submissions = _by_student(found, unread, limits, notes)
    if not submissions:
        raise ValueError(f"there is no notebook (.ipynb) in {place}; is it the folder that holds the submissions?")
    return Collection(tuple(submissions), tuple(notes))


def _is_paper(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in (".ipynb", ".zip") or path.name == METADATA


def _files_of(folder: Path, limits: Limits, unread: dict[str, str]) -> Iterator[File]:
    """What is worth reading in a folder, by path, links left alone."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
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


def _by_student(
    found: Iterable[File], unread: dict[str, str], limits: Limits, notes: list[str]
) -> list[Submission]:
    files, names = _flat(found, limits, notes)
    files += [(File(f"{name}/", b""), [f"{PurePosixPath(name).name} was not read: {why}"])
              for name, why in unread.items()]
    papers: dict[str, list[File]] = {}
    problems: dict[str, list[str]] = {}
    known: dict[str, _Owner] = {}
    for file, trouble in files:
        owner = _owner(file.name, names)
        if owner is None:
            notes.append(f"{file.name} belongs to nobody: put it into a folder named after its student")
            continue
        before = known.setdefault(owner.student, owner)
        if before.lms_id != owner.lms_id:  # two people of one name
            owner = _Owner(f"{owner.student} ({owner.lms_id})", owner.rest, owner.lms_id, owner.late)
            before = known.setdefault(owner.student, owner)
        if owner.late and not before.late:
            known[owner.student] = owner
        problems.setdefault(owner.student, []).extend(trouble)
        if file.name.lower().endswith(".ipynb"):
            papers.setdefault(owner.student, []).append(File(file.name, file.data))
    return [
        Submission(student, tuple(papers.get(student, ())), tuple(problems.get(student, ())), owner.lms_id, owner.late)
        for student, owner in sorted(known.items())
    ]


def _flat(
    found: Iterable[File], limits: Limits, notes: list[str]
) -> tuple[list[tuple[File, list[str]]], dict[str, tuple[str, str | None]]]:
    """Files with archives opened, one level deep, each with what was wrong with it; and Gradescope's names."""
    files: list[tuple[File, list[str]]] = []
    names: dict[str, tuple[str, str | None]] = {}
    for file in found:
        path = PurePosixPath(file.name)
        if path.name == METADATA:
            names |= _gradescope_names(file, notes)
        elif path.suffix.lower() == ".zip":
            inside, problems = unpack(file.data, lambda name: _is_paper(name) and not name.lower().endswith(".zip"),
                                      limits)
            # A platform's own archive holds many students; any other belongs to the one it is named after.
            platform = len(path.parts) == 1 and any(_platform_owner(f.name, names) for f in inside)
            stem = path.with_suffix("").as_posix()
            for each in inside:
                if PurePosixPath(each.name).name == METADATA:
                    names |= _gradescope_names(each, notes)
                else:
                    files.append((File(each.name if platform else f"{stem}/{each.name}", each.data), []))
            if not platform:
                files.append((file, problems or ([] if inside else ["there is no notebook in the archive"])))
            else:
                notes += [f"{file.name}: {problem}" for problem in problems]
        else:
            files.append((file, []))
    return files, names


def _owner(name: str, names: dict[str, tuple[str, str | None]]) -> _Owner | None:
    path = PurePosixPath(name)
    if owner := _platform_owner(name, names):
        return owner
    if len(path.parts) > 1:
        return _Owner(path.parts[0], PurePosixPath(*path.parts[1:]).as_posix())
    return _Owner(path.stem, "") if path.stem else None


def _platform_owner(name: str, names: dict[str, tuple[str, str | None]]) -> _Owner | None:
    """Whose it is, if its path looks like a learning platform's."""
    for depth, part in enumerate(PurePosixPath(name).parts[:2]):  # some pack everything into one folder
        if match := _MOODLE.match(part):
            return _Owner(match["student"], match["rest"], match["id"])
        if match := _GRADESCOPE.match(part):
            student, sid = names.get(part, (part, None))
            return _Owner(student, "", sid or match["id"])
        if (match := _CANVAS.match(part)) and depth == 0:
            return _Owner(match["student"], match["rest"], match["id"], bool(match["late"]))
    return None


def _gradescope_names(file: File, notes: list[str]) -> dict[str, tuple[str, str | None]]:
    """Folder -> (name, student id), from Gradescope's list."""
    try:
        listed = yaml.safe_load(file.data)
        return {
            folder: (submission[":submitters"][0][":name"], _text(submission[":submitters"][0].get(":sid")))
            for folder, submission in listed.items()
        }
    except (yaml.YAMLError, AttributeError, LookupError, TypeError, UnicodeError) as error:
        notes.append(f"{file.name} is not Gradescope's list of submissions ({type(error).__name__}); its folders'"
                     " names are used")
        return {}


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)
