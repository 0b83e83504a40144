"""grades.csv: a row a student, a column an exercise."""

import csv
from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.exports.words import number, one_line
from course_lib.grading.records import Record

_FORMULA = tuple("=+-@＝＋－＠")


def write_grades_csv(records: Sequence[Record], path: Path) -> None:
    """Write the table, in UTF-8 with a mark by which spreadsheets know it.

    A name that a spreadsheet would take for a formula gets an apostrophe in front. All cells are in quotes: where
    spreadsheets part cells at semicolons, what stands behind one in a name would be a cell of its own.
    """
    results = (result for record in records for result in record.exercises)
    exercises = list(dict.fromkeys((result.number, result.id) for result in results))
    exercises.sort(key=lambda each: [int(part) for part in each[0].split(".")])
    columns = [f"{number} {id}" for number, id in exercises]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL)
        table.writerow(["student", "lms id", "points", "of", "late", *columns, "problems", "to look at"])
        for record in records:
            points = {result.id: number(result.points) for result in record.exercises}
            late = "" if record.late is None else "yes" if record.late else "no"
            table.writerow([
                plain(record.student), plain(record.lms_id or ""), number(record.points), number(record.of), late,
                *(points.get(id, "") for _, id in exercises), plain("; ".join(record.problems)),
                plain("; ".join(record.look_at))])


def plain(text: str) -> str:
    """A text on one line that no spreadsheet runs."""
    text = one_line(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
