"""A gradebook as Canvas exports it: its columns and its students.

A row of headings (Student or LastName and FirstName, ID, perhaps SIS User ID, SIS Login ID, Section, an assignment
a column as "Title (id)", totals that are read only), perhaps a row that marks columns with "Manual Posting", a row
of "Points Possible", then a row a student.
"""

import re
from difflib import get_close_matches

from course_lib.grading.exports.canvas_students import Student
from course_lib.grading.exports.csv_bytes import Cell, read_cells

_ABOUT_STUDENTS = {"Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID",
                   "Root Account", "Section"}
_TOTALS = re.compile(r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")


class GradebookError(ValueError):
    """The file is no gradebook, or has no such column; the message says what to do."""


def read_gradebook(gradebook: bytes) -> list[list[Cell]]:
    """Its rows, the headings first.

    Raises:
        GradebookError: it is none.
    """
    for delimiter in ",;\t":
        try:
            rows = read_cells(gradebook, delimiter)
        except ValueError as error:
            raise GradebookError(str(error)) from None
        head = {cell.text.strip() for cell in rows[0]} if rows else set()
        if "ID" in head and ("Student" in head or {"LastName", "FirstName"} <= head):
            return rows
    raise GradebookError("this is no gradebook as Canvas exports it: its first row must have the columns Student"
                         " and ID. In Canvas: Grades, Export, Export Entire Gradebook.")


def find_column(head: list[str], assignment: str) -> int:
    """The place of an assignment's column, named by its heading, its title, or the number in brackets.

    Raises:
        GradebookError: it is not there, is there twice, or is a total that Canvas computes.
    """
    titles = {i: re.fullmatch(r"(.*?)(?: \((\d+)\))?", title, re.DOTALL) for i, title in enumerate(head)
              if title and title not in _ABOUT_STUDENTS}
    asked = assignment.strip()
    for part in (0, 2, 1):  # the whole heading, the number, the title
        hits = [i for i, match in titles.items() if match[part] == asked]
        if len(hits) > 1:
            which = ", ".join(head[i] for i in hits)
            raise GradebookError(f"{len(hits)} columns are called {asked!r}: {which}. Give the number in brackets.")
        if hits and _TOTALS.search(head[hits[0]]):
            raise GradebookError(f"the column {asked!r} is one that Canvas computes; it cannot be written.")
        if hits:
            return hits[0]
    near = get_close_matches(asked, [head[i] for i in titles], n=3, cutoff=0.3) or [head[i] for i in titles]
    there = f"There are: {', '.join(near)}." if near else "It has no assignment: make one in Canvas first."
    raise GradebookError(f"no column is called {asked!r}. {there}")


def read_students(
    head: list[str], rows: list[list[Cell]], column: int
) -> tuple[str | None, list[Student]]:
    """What stands in the column under "Points Possible" (None without such a row), and the students' rows.

    Raises:
        GradebookError: the column is read only.
    """
    at = {title: i for i, title in reversed(list(enumerate(head)))}
    possible, students = None, []
    for line, cells in enumerate(rows):
        texts = [cell.text.strip() for cell in cells] + [""] * (len(head) - len(cells))
        if possible is None and not texts[at["ID"]] and any(texts):
            if "Points Possible" in texts[0]:
                possible = texts[column]
                if "read only" in possible:
                    raise GradebookError(f"the column {head[column]!r} is read only.")
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
