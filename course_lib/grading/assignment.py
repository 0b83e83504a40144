"""What is handed out and graded: a title, a date, exercises and their points. A few lines of TOML, or none."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.exercise import Exercise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = """\
title = "Week 3: looking things up"
due = 2026-12-01T23:59:00          # shown to learners; leave it out if there is none
chapters = "1-3"                   # or [1, 3]
leave_out = ["multi-head"]         # exercises of these chapters that do not count

[points]                           # where they are to differ from the course's
scaled-dot-product = 5
"""
_KEYS = {"title", "due", "chapters", "leave_out", "points"}


class AssignmentError(ValueError):
    """What is wrong with an assignment, and what to write instead."""


@dataclass(frozen=True)
class Assignment:
    """What counts.

    Attributes:
        title: what the assignment is called.
        chapters: their numbers, in order.
        points: what each exercise that counts is worth, by id, in the order of the course.
        due: when it is due, as it was written; None if there is no date.
    """

    title: str
    chapters: tuple[int, ...]
    points: Mapping[str, float]
    due: str | None = None

    def exercises(self, chapter: int) -> dict[str, Exercise]:
        """Those of a chapter that count, by id."""
        return {id: exercise for id, exercise in all_exercises().items()
                if id in self.points and exercise.chapter == chapter}


def whole_chapters(text: str) -> Assignment:
    """All exercises of "3", "1-3" or "1,4-5", at the course's points.

    Raises:
        AssignmentError: that names no chapters, or some that have no exercises.
    """
    return _assignment({"chapters": text})


def read_assignment(path: Path) -> Assignment:
    """Read an assignment's TOML file; `EXAMPLE` shows one.

    Raises:
        AssignmentError: it is not TOML, has a key or an exercise that is unknown, or points that are no number.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AssignmentError(f"{path} cannot be read: {error}. An assignment looks like this:\n\n{EXAMPLE}") from None
    try:
        return _assignment(content)
    except AssignmentError as error:
        raise AssignmentError(f"{path}: {error}") from None


def _assignment(content: Mapping[str, Any]) -> Assignment:
    if unknown := sorted(set(content) - _KEYS):
        raise AssignmentError(f"{unknown[0]!r} is no key of an assignment{_near(unknown[0], _KEYS)}.")
    chapters = _chapters(content.get("chapters"))
    worth = {id: float(exercise.points) for id, exercise in all_exercises().items() if exercise.chapter in chapters}
    for id in content.get("leave_out", []):
        if id not in worth:
            raise AssignmentError(f"leave_out names {id!r}, which is no exercise of chapters"
                                  f" {', '.join(map(str, chapters))}{_near(id, worth)}.")
        del worth[id]
    for id, points in content.get("points", {}).items():
        if id not in worth:
            raise AssignmentError(f"points names {id!r}, which is no exercise that counts{_near(id, worth)}.")
        if isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 <= points < float("inf"):
            raise AssignmentError(f"points for {id!r} must be a number of at least 0, got {points!r}.")
        worth[id] = float(points)
    if not worth:
        raise AssignmentError("no exercise is left that counts.")
    due = content.get("due")
    if due is not None and not isinstance(due, (date, datetime, str)):
        raise AssignmentError(f"due must be a date, as in 2026-12-01T23:59:00, got {due!r}.")
    title = content.get("title") or f"Chapter{'s' * (len(chapters) > 1)} {', '.join(map(str, chapters))}"
    return Assignment(str(title), chapters, worth, due.isoformat() if isinstance(due, date) else due)


def _chapters(given: Any) -> tuple[int, ...]:
    numbers: set[int] = set()
    there = {exercise.chapter for exercise in all_exercises().values()}
    try:
        if isinstance(given, str):
            for part in given.split(","):
                first, _, last = part.partition("-")
                ends = int(first), int(last or first)
                if ends[0] > ends[1]:
                    raise ValueError(part)
                # Chapters that are still to come may lie between, not at the ends: that would be a slip.
                numbers |= {*ends, *(there & set(range(*ends)))}
        else:
            numbers = {int(number) for number in ([given] if isinstance(given, int) else given)}
    except (TypeError, ValueError):
        raise AssignmentError(f'chapters must be numbers, as in "1-3", "1,4" or [1, 4], got {given!r}.') from None
    if missing := sorted(numbers - there):
        raise AssignmentError(f"chapter {missing[0]} has no exercises; there are chapters"
                              f" {', '.join(map(str, sorted(there)))}.")
    if not numbers:
        raise AssignmentError('chapters must name at least one, as in "1-3".')
    return tuple(sorted(numbers))


def _near(word: str, known: Mapping[str, Any] | set[str]) -> str:
    near = get_close_matches(str(word), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
