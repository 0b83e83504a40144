"""Points into the gradebook that an instructor exported from Canvas: one column, and not a byte beside it.

The export has a row of headings (Student or LastName and FirstName, ID, perhaps SIS User ID, SIS Login ID, Section, an
assignment a column as "Title (id)", totals that are read only), perhaps a row that marks columns with "Manual Posting",
a row of "Points Possible", then a row a student.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from course_lib.grading.exports.canvas_students import Student, find_student
from course_lib.grading.exports.csv_bytes import Cell, read_cells, replace_cells
from course_lib.grading.exports.words import number
from course_lib.grading.records import Record

_ABOUT_STUDENTS = {"Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID",
                   "Root Account", "Section"}
_TOTALS = re.compile(r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")
_KEPT = {"EX": "is excused there", "N/A": "does not have this assignment there"}


class GradebookError(ValueError):
    """The file is no gradebook, or has no such column; the message says what to do."""


@dataclass(frozen=True)
class Filled:
    """What came of it.

    Attributes:
        data: the gradebook with the column filled.
        column: the column's heading.
        filled: student, what the cell said before, what it says now.
        left_out: student, and why nothing was entered.
        without_record: rows of the gradebook for which there was no record; they are as they were.
        notes: what the instructor should know before uploading.
    """

    data: bytes
    column: str
    filled: tuple[tuple[str, str, str], ...]
    left_out: tuple[tuple[str, str], ...]
    without_record: tuple[str, ...]
    notes: tuple[str, ...]


def write_canvas(source: Path, target: Path, records: Sequence[Record], assignment: str, *,
                 scale: bool = False) -> Filled:
    """Fill a column of the gradebook in `source` and write the whole to `target`, which must not be there yet.

    Raises:
        GradebookError: as `fill_canvas`.
        FileExistsError: `target` is there.
    """
    try:
        result = fill_canvas(source.read_bytes(), records, assignment, scale=scale)
    except GradebookError as error:
        raise GradebookError(f"{source}: {error}") from None
    with target.open("xb") as file:
        file.write(result.data)
    return result


def fill_canvas(gradebook: bytes, records: Sequence[Record], assignment: str, *, scale: bool = False) -> Filled:
    """Enter each record's points in one column.

    A student is found by ID, SIS User ID, SIS Login ID, or by a name that only one row has. Where two rows could be
    meant, or a number and a name do not belong together, nothing is entered and it is said. Excused students stay so.

    Args:
        gradebook: the exported file.
        assignment: the column: its whole heading, its title, or the number that stands behind it in brackets.
        scale: whether to convert to the column's Points Possible, where they are not those of the records.

    Raises:
        GradebookError: it is no gradebook; the column is not there, is there twice, or cannot be written.
    """
    rows = _rows(gradebook)
    head = [cell.text.strip() for cell in rows[0]]
    column = _column(head, assignment)
    possible, students = _people(head, rows[1:], column)
    if _TOTALS.search(head[column]) or "read only" in (possible or ""):
        raise GradebookError(f"the column {head[column]!r} is one that Canvas computes; it cannot be written.")
    factor, notes = _factor(possible, records, head[column], scale)

    found = {record.student: find_student(record, students) for record in records}
    wanted: dict[int, list[str]] = {}
    for name, (row, _) in found.items():
        if row is not None:
            wanted.setdefault(row.line, []).append(name)
    changes: dict[Cell, str] = {}
    filled, left_out = [], []
    for record in records:
        row, why = found[record.student]
        if row is not None and len(wanted[row.line]) > 1:
            others = [name for name in wanted[row.line] if name != record.student]
            row, why = None, f"the row of {row.name!r} could also be for {', '.join(map(repr, others))}"
        cell = row.cells[column] if row is not None and column < len(row.cells) else None
        if row is not None and cell is None:
            why = f"the row of {row.name!r} is too short: the file was changed by another program"
        elif cell is not None and cell.text.strip() in _KEPT:
            cell, why = None, f"{row.name!r} {_KEPT[cell.text.strip()]}"
        if cell is None:
            left_out.append((record.student, why))
            continue
        changes[cell] = number(record.points * factor)
        filled.append((record.student, cell.text, changes[cell]))
    idle = tuple(student.name for student in students if student.line not in wanted)
    return Filled(replace_cells(gradebook, changes), head[column], tuple(filled), tuple(left_out), idle, tuple(notes))


def _rows(gradebook: bytes) -> list[list[Cell]]:
    for delimiter in ",;\t":
        try:
            rows = read_cells(gradebook, delimiter)
        except ValueError as error:
            raise GradebookError(str(error)) from None
        head = {cell.text.strip() for cell in rows[0]} if rows else set()
        if "ID" in head and ("Student" in head or {"LastName", "FirstName"} <= head):
            return rows
    raise GradebookError("this is no gradebook as Canvas exports it: its first row must have the columns Student and"
                         " ID. In Canvas: Grades, Export, Export Entire Gradebook.")


def _column(head: list[str], assignment: str) -> int:
    titles = {i: re.fullmatch(r"(.*?)(?: \((\d+)\))?", title, re.DOTALL) for i, title in enumerate(head)
              if title and title not in _ABOUT_STUDENTS}
    asked = assignment.strip()
    for part in (0, 2, 1):  # the whole heading, the number, the title
        hits = [i for i, match in titles.items() if match[part] == asked]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise GradebookError(f"{len(hits)} columns are called {asked!r}: {', '.join(head[i] for i in hits)}. Give"
                                 " the number in brackets.")
    near = get_close_matches(asked, [head[i] for i in titles], n=3, cutoff=0.3) or [head[i] for i in titles]
    there = f"There are: {', '.join(near)}." if near else "There is no assignment in it: make one in Canvas first."
    raise GradebookError(f"no column is called {asked!r}. {there}")


def _people(head: list[str], rows: list[list[Cell]], column: int) -> tuple[str | None, list[Student]]:
    """The cell of "Points Possible", and the students' rows."""
    at = {title: i for i, title in reversed(list(enumerate(head)))}
    possible, students = None, []
    for line, cells in enumerate(rows):
        texts = [cell.text.strip() for cell in cells] + [""] * (len(head) - len(cells))
        if possible is None and not texts[at["ID"]] and any(texts):
            if "Points Possible" in texts[0]:
                possible = texts[column]
                continue
            if all(not text or text.lower().startswith(("manual posting", "muted")) for text in texts):
                continue
        if "Student" in at:
            name = _unquoted(texts[at["Student"]])
        else:
            name = f"{_unquoted(texts[at['LastName']])}, {_unquoted(texts[at['FirstName']])}"
        keys = {kind: texts[at[kind]] for kind in ("ID", "SIS User ID", "SIS Login ID") if kind in at}
        students.append(Student(line, name, keys, tuple(cells)))
    return possible, students


def _unquoted(name: str) -> str:
    """Canvas writes a name that begins with = as ="name"."""
    match = re.fullmatch(r'="(.*)"', name, re.DOTALL)
    return match[1] if match else name


def _factor(possible: str | None, records: Sequence[Record], title: str, scale: bool) -> tuple[float, list[str]]:
    worth = sorted({record.of for record in records})
    try:
        out_of = float((possible or "").replace(",", "."))
    except ValueError:
        return 1.0, [f"the points possible in {title!r} are not told; the points were entered as they are."]
    if worth in ([], [out_of]):
        return 1.0, []
    if scale and len(worth) == 1 and worth[0]:
        return out_of / worth[0], [f"points out of {number(worth[0])} were converted to points out of"
                                   f" {number(out_of)}."]
    return 1.0, [f"{title!r} has {number(out_of)} points in Canvas, the records {' or '.join(map(number, worth))}."]
