"""A CSV with the columns of `nbgrader export`, for whoever has tools that read those."""

import csv
from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.exports.grades_csv import plain
from course_lib.grading.records import Record

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
           "late_submission_penalty", "score", "max_score")


def write_nbgrader_csv(records: Sequence[Record], path: Path) -> None:
    """Write a row a student. What a record does not know (names apart, e-mail, time of handing in) is empty.

    Scores are decimal numbers, as nbgrader writes them. Nothing is taken off for being late.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        for record in records:
            points, of = (str(float(round(value, 4))) for value in (record.points, record.of))
            table.writerow({
                "assignment": plain(record.title), "duedate": plain(record.due or ""),
                "student_id": plain(record.lms_id or record.student), "raw_score": points,
                "late_submission_penalty": "0.0", "score": points, "max_score": of,
            })
