"""Hold the two built notebooks against their source, without running anything."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.validator import iter_validate

from course_lib.authoring import outputs, regions
from course_lib.authoring.cover import check_cover
from course_lib.authoring.editions import make_edition
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell, Lesson

REBUILD = "run `course build`"


def check_edition(lesson: Lesson, edition: str, path: Path) -> Iterator[Problem]:
    """Everything in which the notebook at `path` is not what `edition` of the lesson should be."""
    notebook, problem = read_notebook(path)
    if notebook is None:
        yield problem
        return
    expected = make_edition(lesson, edition)
    yield from _different_cells(lesson, expected, notebook, path)
    if notebook.metadata != expected.metadata:
        yield Problem(path, None, "check", f"the notebook's metadata are not the course's; {REBUILD}")
    yield from stored_faults(lesson, notebook, path)
    if edition == "learner":
        yield from check_cover(notebook, path)


def check_pair(lesson: Lesson, learner: Path, solved: Path) -> Iterator[Problem]:
    """What differs between the two built notebooks beside solution regions and instructor cells.

    The notebooks are compared with each other, not with what the source would give, so that a slip in making
    the editions shows.
    """
    left, right = read_notebook(learner)[0], read_notebook(solved)[0]
    if left is None or right is None:
        return    # `check_edition` says so
    sources = {cell.id: cell for cell in lesson.cells}
    shared = [cell for cell in right.cells if "instructor" not in cell.metadata.get("tags", [])]
    if [cell.id for cell in left.cells] != [cell.id for cell in shared]:
        yield Problem(learner, None, "editions", f"the editions have other cells or orders; {REBUILD}")
    ours = {cell.id: cell for cell in left.cells}
    for cell in shared:
        twin = ours.get(cell.id)
        if twin is None:
            continue
        if (twin.metadata, twin.cell_type) != (cell.metadata, cell.cell_type):
            yield Problem(learner, None, "editions", f"the editions' metadata differ; {REBUILD}", cell.id)
        if twin.source != cell.source and not _only_regions(sources.get(cell.id), twin.source, cell.source):
            message = f"the editions differ outside a solution region; {REBUILD}"
            yield Problem(learner, None, "editions", message, cell.id)


def stored_faults(lesson: Lesson, notebook: NotebookNode, path: Path) -> Iterator[Problem]:
    """What is wrong with a notebook's stored outputs."""
    lines = {cell.id: cell.line for cell in lesson.cells}
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for fault in outputs.faults(cell):
            message = f"in {path.parent.name}/{path.name} the cell {fault}"
            yield Problem(lesson.path, lines.get(cell.id), "output", message, cell.id)
        if cell.execution_count is not None:
            count += 1
            if cell.execution_count != count:
                message = f"the cell was run as number {cell.execution_count}, not {count}; {REBUILD}"
                yield Problem(path, None, "check", message, cell.id)
                count = cell.execution_count


def read_notebook(path: Path) -> tuple[NotebookNode, None] | tuple[None, Problem]:
    """The notebook, or why there is none."""
    if not path.exists():
        return None, Problem(path, None, "check", f"the notebook is missing; {REBUILD}")
    try:
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))    # `read` would mend it first
    except ValueError:
        return None, Problem(path, None, "check", f"not a notebook, not even JSON; {REBUILD}")
    fault = next(iter_validate(notebook, version=4, version_minor=5), None)
    if fault is not None:
        return None, Problem(path, None, "check", f"not a 4.5 notebook ({fault.message}); {REBUILD}")
    return notebook, None


def _different_cells(
    lesson: Lesson, expected: NotebookNode, notebook: NotebookNode, path: Path
) -> Iterator[Problem]:
    lines = {cell.id: cell.line for cell in lesson.cells}
    wanted = {cell.id: cell for cell in expected.cells}
    found = {cell.get("id"): cell for cell in notebook.cells}
    for identity in [identity for identity in wanted if identity not in found]:
        yield Problem(lesson.path, lines[identity], "check",
                      f"this cell is not in {path.parent.name}/{path.name}; {REBUILD}", identity)
    for identity in [identity for identity in found if identity not in wanted]:
        message = f"the cell is not in {lesson.path.name}; write it there, then {REBUILD}"
        yield Problem(path, None, "check", message, identity)
    order = [cell.get("id") for cell in notebook.cells]
    if sorted(order) != sorted(set(order)) or (found.keys() == wanted.keys() and order != list(wanted)):
        yield Problem(path, None, "check", f"the cells are not in the source's order, once each; {REBUILD}")
    for identity in [identity for identity in wanted if identity in found]:
        for part in ("cell_type", "source", "metadata"):
            if wanted[identity][part] != found[identity][part]:
                where = f"{lesson.path.name}:{lines[identity]}"
                message = f"the cell's {part} is not the one of {where}; {REBUILD}"
                yield Problem(path, None, "check", message, identity)


def _only_regions(cell: Cell | None, learner: str, solved: str) -> bool:
    """Whether both texts are the cell's lines outside its regions, with anything in the regions' places."""
    if cell is None or cell.exercise is None:
        return False
    parts = regions.split(cell.source)
    outside = "".join(re.escape(part) + "\n" if isinstance(part, str) else r"(?:.*\n)*" for part in parts)
    return all(re.fullmatch(outside, text + "\n") for text in (learner, solved))
