"""The two editions of a lesson as notebooks without outputs."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.authoring import regions
from course_lib.authoring.problem import LessonError, Problem
from course_lib.authoring.source import Cell, Lesson

EDITIONS = ("learner", "solved")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # No version: the notebook would differ between two authors' machines.
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                      "pygments_lexer": "ipython3"},
}


def make_edition(lesson: Lesson, edition: str) -> nbformat.NotebookNode:
    """The `"learner"` or the `"solved"` edition of a lesson, unexecuted.

    The editions share every cell's id and differ in two things only: solution regions, and cells tagged
    `instructor`, which the learner's edition does not have. Raises `LessonError` for a malformed region or a
    cell that is not Python.
    """
    cells = [_notebook_cell(lesson, cell, edition) for cell in cells_of(lesson, edition)]
    return new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)


def cells_of(lesson: Lesson, edition: str) -> list[Cell]:
    """The source's cells that an edition has."""
    if edition not in EDITIONS:
        raise ValueError(f"edition is 'learner' or 'solved', not {edition!r}")
    return [cell for cell in lesson.cells if edition == "solved" or "instructor" not in cell.tags]


def text_of(lesson: Lesson, cell: Cell, edition: str) -> str:
    """A cell's text in an edition."""
    try:
        if cell.exercise and edition == "learner":
            return regions.learner(cell.source, cell.exercise)
        if not cell.exercise and any(isinstance(part, regions.Region) for part in regions.split(cell.source)):
            raise regions.RegionError(0, "a solution region outside an exercise cell; give the cell "
                                      'tags=["exercise"] exercise="slug", or tag it "instructor"')
        return regions.solved(cell.source)
    except regions.RegionError as error:
        line = cell.line + error.offset
        raise LessonError(Problem(lesson.path, line, "region", str(error), cell.id)) from None


def _notebook_cell(lesson: Lesson, cell: Cell, edition: str) -> nbformat.NotebookNode:
    metadata = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.exercise:
        metadata["exercise"] = cell.exercise
    text = text_of(lesson, cell, edition)
    if cell.kind == "markdown":
        return new_markdown_cell(text, id=cell.id, metadata=metadata)
    _must_be_python(lesson, cell, edition, text)
    return new_code_cell(text, id=cell.id, metadata=metadata)


def _must_be_python(lesson: Lesson, cell: Cell, edition: str, text: str) -> None:
    try:
        compile(text, lesson.path.name, "exec")
    except SyntaxError as error:
        shown = (error.text or "").strip()
        # A line of the learner's stub has no line of its own in the source, so the message shows it.
        message = f"in the {edition} edition this cell is not Python: {error.msg}, at `{shown}`"
        raise LessonError(Problem(lesson.path, cell.line, "python", message, cell.id)) from None
