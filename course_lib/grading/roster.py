"""Who should have handed in: a list of the class, held against what was collected."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.exports.canvas_book import GradebookError, read_gradebook, read_students
from course_lib.grading.exports.canvas_students import Student, find_student
from course_lib.grading.reading.collect import Submission
from course_lib.grading.records import Record


@dataclass(frozen=True)
class Roll:
    """What came of it.

    Attributes:
        size: how many are on the list.
        missing: who of them handed nothing in.
        strangers: who handed something in and was not found on the list, and why not.
    """

    size: int
    missing: tuple[str, ...]
    strangers: tuple[tuple[str, str], ...]


def read_roster(path: Path) -> list[Student]:
    """The class: a text file with a student a line, or a gradebook as Canvas exports it (.csv).

    Raises:
        ValueError: there is nobody on it, or it cannot be read.
    """
    data = path.read_bytes()
    if path.suffix.lower() == ".csv":
        try:
            rows = read_gradebook(data)
        except GradebookError as error:
            raise GradebookError(f"{path}: {error} A list of names, one a line, goes into a .txt file.") from None
        students = read_students([cell.text.strip() for cell in rows[0]], rows[1:], 0)[1]
    else:
        try:
            lines = data.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not a text file in UTF-8: write one student a line.") from None
        students = [Student(number, line.strip(), {}, ()) for number, line in enumerate(lines) if line.strip()]
    if not students:
        raise ValueError(f"there is nobody in {path}: write one student a line.")
    return students


def call_the_roll(handed_in: Sequence[Submission | Record], students: Sequence[Student]) -> Roll:
    """Hold the list against submissions or records. As in Canvas' gradebook, nobody is guessed."""
    there, strangers = set(), []
    for each in handed_in:
        student, why = find_student(each, students)
        if student is None:
            strangers.append((each.student, why.replace("the gradebook", "the list")))
        else:
            there.add(student.line)
    missing = tuple(student.name for student in students if student.line not in there)
    return Roll(len(students), missing, tuple(strangers))
