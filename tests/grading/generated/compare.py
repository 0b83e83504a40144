"""What came out otherwise than it must, in sentences."""

from collections.abc import Iterator, Sequence

from course_lib.grading.records import ExerciseResult, Record

from .slips import Expected
from .students import Student


def unexpected(students: Sequence[Student], records: Sequence[Record]) -> list[str]:
    """A sentence for everything in a class's records that is not as expected; none if all is."""
    by_student = {record.student: record for record in records}
    found = [f"{name}: a record of nobody." for name in set(by_student) - {each.name for each in students}]
    for student in students:
        record = by_student.get(student.name)
        found += _of_one(student, record) if record else [f"{student.name}: no record."]
    return found


def _of_one(student: Student, record: Record) -> Iterator[str]:
    if bool(student.problem) != bool(record.problems) or student.problem not in " ".join(record.problems):
        yield f"{student.name}: problems are {record.problems}, expected was {student.problem!r}."
    for result in record.exercises:
        want = student.expected.get(result.id, Expected("missing"))
        if not _as_expected(result, want):
            how = student.story.get(result.id, "not handed in")
            came = f"{result.status}, {_name(result)}, {result.points:g} points, {result.messages}"
            yield f"{student.name}, {result.id} ({how}): {came}; expected was {want}."


def _as_expected(result: ExerciseResult, want: Expected) -> bool:
    points = result.of if want.status == "passed" else 0
    return ((result.status, _name(result), result.points) == (want.status, want.finding, points)
            and want.said in " ".join(result.messages))


def _name(result: ExerciseResult) -> str | None:
    return result.finding.name if result.finding else None
