"""Whose a file is: what the learning platforms call the folders and files that students hand in.

The platform writes the first part of a path. All after it is the student's own, and may be made to look like another
student's: it is never asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

METADATA = "submission_metadata.yml"  # Gradescope's list of who is who
_CANVAS = re.compile(r"^(?P<student>[^_]+)(?P<late>_LATE)?_(?P<id>\d+)_\d+_.*$", re.DOTALL)
# Not greedy: what comes after the platform's own words is the student's.
_MOODLE = re.compile(r"^(?P<student>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?.*$", re.DOTALL)
_GRADESCOPE = re.compile(r"^submission_(?P<id>\d+)$")
Listed = Mapping[str, tuple[str, str | None]]  # a folder of Gradescope's: a name, and a number where there is one


@dataclass(frozen=True)
class Owner:
    """A student. Two people may have one name; the platform's number tells them apart."""

    student: str
    lms_id: str | None = None
    late: bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.student, self.lms_id or ""


def owner_of(path: str, listed: Listed) -> Owner:
    """Whose a file is, from its path in the place that the platform has filled."""
    top, slash, _ = path.partition("/")
    return _platform_owner(top, listed) or Owner(top if slash else PurePosixPath(top).stem)


def all_the_platforms(paths: list[str]) -> bool:
    """Whether all paths are such as a learning platform gives, in one folder or in none."""
    prefix = common_folder(paths)
    rests = [path[len(prefix) :] for path in paths]
    return any(map(named_by_platform, rests)) and all(named_by_platform(r) or r == METADATA for r in rests)


def named_by_platform(path: str) -> bool:
    return _platform_owner(path.partition("/")[0], {}) is not None


def common_folder(paths: list[str]) -> str:
    """The folder that all lie in, with its slash: some platforms pack everything into one. Empty for none."""
    top = paths[0].partition("/")[0] if paths else ""
    if named_by_platform(top) or not all(path.startswith(f"{top}/") for path in paths):
        return ""
    return f"{top}/"


def _platform_owner(top: str, listed: Listed) -> Owner | None:
    """Whose it is, if a learning platform named it."""
    if match := _MOODLE.match(top):
        return Owner(match["student"], match["id"])
    if match := _GRADESCOPE.match(top):
        student, sid = listed.get(top, (top, None))
        return Owner(student, sid or match["id"])
    if match := _CANVAS.match(top):
        return Owner(match["student"], match["id"], bool(match["late"]))
    return None


def read_list(data: bytes) -> dict[str, tuple[str, str | None]]:
    """Gradescope's list of who is who, by folder.

    Raises:
        ValueError: it is none.
    """
    try:
        return {folder: _name_and_number(each[":submitters"][0]) for folder, each in yaml.safe_load(data).items()}
    except (yaml.YAMLError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None


def _name_and_number(submitter: Mapping[str, object]) -> tuple[str, str | None]:
    number = submitter.get(":sid")
    return str(submitter[":name"]), None if number in (None, "") else str(number)
