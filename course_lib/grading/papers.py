"""From records to everything that is handed back or on: one call writes it all."""

from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.exports.cards import cards_of
from course_lib.grading.exports.class_report import write_class_report
from course_lib.grading.exports.feedback_html import write_feedback
from course_lib.grading.exports.grades_csv import write_grades_csv
from course_lib.grading.exports.gradescope import write_gradescope
from course_lib.grading.exports.junit import write_junit
from course_lib.grading.exports.nbgrader import write_nbgrader_csv
from course_lib.grading.records import Record, file_names


def write_papers(records: Sequence[Record], out: Path, notebooks: Sequence[Path] = ()) -> list[Path]:
    """Write grades.csv, feedback/, class.html, nbgrader.csv, junit.xml and gradescope/ into `out`.

    Args:
        records: of a class.
        out: a folder; what is there under these names is written anew, since all of it follows from the records.
        notebooks: those that were given out, for the words of what was asked.

    Returns:
        What was written: a file or a folder each.
    """
    names = file_names(record.student for record in records)
    cards = cards_of(notebooks)
    for folder in ("feedback", "gradescope"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for record in records:
        write_feedback(record, out / "feedback" / f"{names[record.student]}.html", cards)
        write_gradescope(record, out / "gradescope" / f"{names[record.student]}.json")
    write_grades_csv(records, out / "grades.csv")
    write_class_report(records, out / "class.html")
    write_nbgrader_csv(records, out / "nbgrader.csv")
    write_junit(records, out / "junit.xml")
    return [out / name for name in ("grades.csv", "class.html", "feedback", "nbgrader.csv", "junit.xml", "gradescope")]
