"""Points into the gradebook that an instructor exported from Canvas: one column, and not a byte beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.exports.canvas_book import GradebookError, find_column, read_gradebook, read_students
from course_lib.grading.exports.canvas_students import find_student
from course_lib.grading.exports.csv_bytes import Cell, replace_cells
from course_lib.grading.exports.words import number, one_line
from course_lib.grading.records import Record

_KEPT = {"EX": "is excused there", "N/A": "does not have this assignment there"}


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


def fill_canvas(
    gradebook: bytes, records: Sequence[Record], assignment: str, *, scale: bool = False
) -> Filled:
    """Enter each record's points in one column.

    A student is found by ID, SIS User ID, SIS Login ID, or by a name that only one row has. Where two rows could
    be meant, or a number and a name do not belong together, nothing is entered and it is said. Excused students
    stay so.

    Args:
        gradebook: the exported file.
        assignment: the column: its whole heading, its title, or the number that stands behind it in brackets.
        scale: whether to convert to the column's Points Possible, where they are not those of the records.

    Raises:
        GradebookError: it is no gradebook; the column is not there, is there twice, or cannot be written.
    """
    rows = read_gradebook(gradebook)
    head = [cell.text.strip() for cell in rows[0]]
    column = find_column(head, assignment)
    possible, students = read_students(head, rows[1:], column)
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
    data = replace_cells(gradebook, changes)
    return Filled(data, head[column], tuple(filled), tuple(left_out), idle, tuple(notes))


def _factor(
    possible: str | None, records: Sequence[Record], title: str, scale: bool
) -> tuple[float, list[str]]:
    """What points are multiplied by, and what to say about it."""
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
    theirs = " or ".join(map(number, worth))
    return 1.0, [f"{title!r} has {number(out_of)} points in Canvas, the records {theirs}."]


def describe_filled(filled: Filled) -> str:
    """What was entered and what was not, in words for the instructor."""
    lines = [f"{len(filled.filled)} entered in the column {one_line(filled.column)!r}."]
    over = [f"{one_line(student)} {one_line(before)} -> {after}" for student, before, after in filled.filled
            if before.strip() and before.strip() != after]
    if over:
        lines.append(f"{len(over)} had other points there: {'; '.join(over)}")
    lines += [f"Not entered: {one_line(student)}: {one_line(why)}" for student, why in filled.left_out]
    if filled.without_record:
        lines.append(f"{len(filled.without_record)} without a submission, left as they are:"
                     f" {'; '.join(map(one_line, filled.without_record))}")
    return "\n".join([*lines, *(f"Note: {note}" for note in filled.notes)])
