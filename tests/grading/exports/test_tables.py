"""grades.csv and nbgrader's columns."""

import csv

import pytest

from course_lib.grading.exports.grades_csv import write_grades_csv
from course_lib.grading.exports.nbgrader import COLUMNS, write_nbgrader_csv


def read(path, encoding="utf-8-sig"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def test_a_row_a_student_and_a_column_an_exercise(record, result, tmp_path):
    late = record("Bob", result("failed", id="b", number="1.10", of=3.0), result(), late=True, lms_id="7",
                  problems=("one", "two"), look_at=("three",))
    write_grades_csv([record("Ada", result(id="c", number="1.9", points=1.25)), late], tmp_path / "g.csv")
    assert read(tmp_path / "g.csv") == [
        ["student", "lms id", "points", "of", "late", "1.1 stable-softmax", "1.9 c", "1.10 b", "problems",
         "to look at"],
        ["Ada", "", "1.25", "2", "", "", "1.25", "", "", ""],
        ["Bob", "7", "2", "5", "yes", "2", "", "0", "one; two", "three"],
    ]
    assert (tmp_path / "g.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # Excel takes it for latin-1 otherwise


@pytest.mark.parametrize("write", [write_grades_csv, write_nbgrader_csv])
def test_no_name_becomes_a_formula_or_another_cell(record, tmp_path, write, name):
    write([record(name, problems=(name,), title=name)], tmp_path / "g.csv")
    head, row = read(tmp_path / "g.csv")
    assert len(row) == len(head)
    assert not any(cell.startswith(tuple("=+-@\t\r＝＋－＠")) for cell in row)
    assert not any(ord(c) < 32 for cell in row for c in cell)


def test_what_stands_behind_a_semicolon_is_no_cell_of_its_own(record, tmp_path):
    """Where commas are decimal, spreadsheets part cells at semicolons."""
    write_grades_csv([record("x;=1+1")], tmp_path / "g.csv")
    with (tmp_path / "g.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter=";") for cell in row]
    assert not any(cell.startswith("=") for cell in cells)


def test_nbgraders_columns(record, tmp_path):
    write_nbgrader_csv([record("Ada"), record("Bob", lms_id="17", due="2026-12-01T23:59:00")], tmp_path / "n.csv")
    head, ada, bob = read(tmp_path / "n.csv", "utf-8")
    # as `nbgrader export` writes them (nbgrader/plugins/export.py)
    assert head == ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
                    "late_submission_penalty", "score", "max_score"] == list(COLUMNS)
    assert ada == ["Chapter 1", "", "", "Ada", "", "", "", "2.0", "0.0", "2.0", "2.0"]
    assert (bob[1], bob[3]) == ("2026-12-01T23:59:00", "17")
    assert b"\r" not in (tmp_path / "n.csv").read_bytes()


def test_tables_of_nobody(tmp_path):
    write_grades_csv([], tmp_path / "g.csv")
    write_nbgrader_csv([], tmp_path / "n.csv")
    assert len(read(tmp_path / "g.csv")) == len(read(tmp_path / "n.csv")) == 1
