"""`course build`: both notebooks of a lesson from its one source, or a check that they still agree."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.authoring.check import check_edition, check_pair, stored_faults
from course_lib.authoring.cover import write_cover
from course_lib.authoring.editions import EDITIONS, make_edition
from course_lib.authoring.execute import execute as run_notebook
from course_lib.authoring.problem import LessonError, Problem
from course_lib.authoring.report import describe
from course_lib.authoring.source import Lesson, read_lesson
from course_lib.paths import CHAPTERS, SOLUTIONS


def build(
    slugs: Iterable[str | int] | None = None, *, check: bool = False, execute: bool = True,
    solutions: Path = SOLUTIONS, chapters: Path = CHAPTERS,
) -> list[Problem]:
    """Build `chapters/NN_slug.ipynb` and `solutions/NN_slug.ipynb` from `solutions/NN_slug.py`.

    `slugs` names lessons by their number or name (`1`, `"01"`, `"01_dot_product_attention"`); None means all.
    A notebook is written only when its run has nothing wrong with it. `execute=False` writes notebooks
    without outputs, for a quick look. `check=True` writes and runs nothing: it tells in what the stored
    notebooks differ from their source.

    Prints a report. Returns the problems; an empty list means that all is well. Raises `ValueError` for a
    lesson that does not exist.
    """
    problems: list[Problem] = []
    for path in _sources(slugs, solutions):
        places = {"learner": chapters / f"{path.stem}.ipynb", "solved": solutions / f"{path.stem}.ipynb"}
        try:
            lesson = read_lesson(path)
            found = _check(lesson, places) if check else _build(lesson, places, execute)
        except LessonError as error:
            found = [error.problem]
        problems += found
    if check and slugs is None:
        problems += _orphans(solutions, chapters)
    for problem in problems:
        print(problem)
    return problems


def _sources(slugs: Iterable[str | int] | None, solutions: Path) -> list[Path]:
    sources = sorted(solutions.glob("[0-9][0-9]_*.py"))
    if slugs is None:
        return sources
    names = [f"{int(slug):02}" if str(slug).isdigit() else Path(str(slug)).stem for slug in slugs]
    for name in names:
        if not any(name in (path.stem, path.stem[:2]) for path in sources):
            there = ", ".join(path.stem for path in sources) or "none yet"
            raise ValueError(f"there is no lesson {name!r}; there are: {there}")
    return [path for path in sources if path.stem in names or path.stem[:2] in names]


def _check(lesson: Lesson, places: dict[str, Path]) -> list[Problem]:
    found = [problem for edition in EDITIONS for problem in check_edition(lesson, edition, places[edition])]
    return found + list(check_pair(lesson, places["learner"], places["solved"]))


def _build(lesson: Lesson, places: dict[str, Path], execute: bool) -> list[Problem]:
    problems: list[Problem] = []
    # Both are made before either runs: a malformed region shows at once.
    for edition, notebook in [(edition, make_edition(lesson, edition)) for edition in EDITIONS]:
        places[edition].parent.mkdir(parents=True, exist_ok=True)
        found = _run(lesson, edition, notebook, places[edition]) if execute else []
        if not found:
            _write(notebook, places[edition])
            if edition == "learner":
                write_cover(notebook, places[edition])
        problems += found
    return problems


def _run(lesson: Lesson, edition: str, notebook: NotebookNode, path: Path) -> list[Problem]:
    run = run_notebook(notebook, path.parent)
    print(describe(lesson, edition, run), flush=True)
    if run.stopped:
        identity, why = run.stopped
        line = next(cell.line for cell in lesson.cells if cell.id == identity)
        return [Problem(lesson.path, line, "run", f"in the {edition} edition the cell {why}", identity)]
    return list(stored_faults(lesson, notebook, path))


def _write(notebook: NotebookNode, path: Path) -> None:
    """Write in one step, so that a build that is stopped leaves the old notebook or the new one."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, delete=False,
                                     prefix=f".{path.stem}-", suffix=".tmp") as file:
        file.write(text)
    try:
        os.chmod(file.name, 0o644)    # a temporary file is private; a notebook is not
        os.replace(file.name, path)
    except OSError:
        os.unlink(file.name)
        raise


def _orphans(solutions: Path, chapters: Path) -> list[Problem]:
    """Notebooks in the lessons' folders that no source makes."""
    names = {path.stem for path in _sources(None, solutions)}
    notebooks = [*sorted(chapters.glob("*.ipynb")), *sorted(solutions.glob("*.ipynb"))]
    return [Problem(path, None, "check", f"no {path.stem}.py makes it; delete it, or write its source")
            for path in notebooks if path.stem not in names]
