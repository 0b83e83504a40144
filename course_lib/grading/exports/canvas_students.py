"""Which row of a gradebook is a student's. It is never guessed."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_lib.grading.exports.csv_bytes import Cell
from course_lib.grading.records import Record


@dataclass(frozen=True)
class Student:
    """A row: its place, the name as Canvas has it ("Lovelace, Ada"), ID, SIS User ID and SIS Login ID, its cells."""

    line: int
    name: str
    keys: Mapping[str, str]
    cells: tuple[Cell, ...]


def find_student(record: Record, students: Sequence[Student]) -> tuple[Student | None, str]:
    """The row, or None and why there is none.

    A number that the learning platform gave counts if the name fits it: another platform's numbers, or those of
    submissions, may by chance be those of other people. What was handed in under an ID or a login is that
    student's.
    """
    by_number = [s for s in students if record.lms_id and _is_key(record.lms_id, s)]
    strangers = [s for s in by_number if not _fits(record.student, s.name)]
    if strangers:
        return None, f"its number {record.lms_id} is that of {strangers[0].name!r} in the gradebook"
    namesakes = [s for s in students if _forms(record.student) & _forms(s.name)]
    if by_number and namesakes and not any(each in namesakes for each in by_number):
        return None, (f"its number {record.lms_id} is that of {by_number[0].name!r} in the gradebook, its name that"
                      f" of {namesakes[0].name!r}")
    called = record.student.strip()
    found = by_number or [s for s in students if called and _is_key(called, s)]
    found = found or [s for s in students if called and s.name.strip() == called]
    found = found or namesakes
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, "the gradebook has no such student"
    return None, f"{len(found)} rows could be meant: {', '.join(_who(s) for s in found)}"


def _is_key(text: str, student: Student) -> bool:
    return any(value and value.casefold() == text.casefold() for value in student.keys.values())


def _forms(name: str) -> set[str]:
    """The name's letters and digits alone, as "Ada Lovelace", "Lovelace, Ada" and "lovelaceada" share them."""
    last, _, first = name.partition(",")
    return {letters for letters in (_letters(name), _letters(first + last)) if letters}


def _fits(name: str, theirs: str) -> bool:
    """Whether two names can be one person's: the same letters, or a word in common (middle names come and go)."""
    words, others = ({_letters(word) for word in re.split(r"[\s,]+", each)} - {""} for each in (name, theirs))
    same = name.strip() == theirs.strip() or _forms(name) & _forms(theirs)
    return bool(same or any(len(word) > 1 for word in words & others))


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _who(student: Student) -> str:
    keys = ", ".join(f"{kind} {value}" for kind, value in student.keys.items() if value)
    return f"{student.name!r} ({keys})"
