"""Which cell is the answer to which exercise, and what else of a submission runs with it. Nothing is run here."""

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib.exercises.exercise import Exercise
from course_lib.grading.reading.archives import File, shown
from course_lib.grading.reading.code import (
    definitions,
    is_stub,
    names_defined,
    parse,
    same_code,
    seems_to_define,
    source_of,
    what_is_needed,
)
from course_lib.grading.reading.sheets import Cell, Sheet, read_sheet

_MOST_CODE = 1_000_000  # characters in a submission; all lessons together have 300,000

@dataclass(frozen=True)
class LessonCells:
    """What the learner was given.

    Attributes:
        sources: the code of each cell of the chapter's notebook, by the cell's id.
        setup: its set-up cell.
        texts: the code of all cells of all chapters: whatever else is handed in, what the lessons say is nobody's own.
    """

    sources: Mapping[str, str]
    setup: ast.Module
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """An exercise in a submission.

    Attributes:
        status: "found"; "unattempted", the stub is as it was; "missing"; "broken", it is not Python.
        name: what to call once the code has run.
        setup: what of the lesson's set-up the code leans on, to run first.
        helpers: the learner's own code, cell by cell, to run before the answer.
        answer: the answer's cell.
        messages: what the learner should know about how the answer was found.
    """

    status: str
    name: str
    setup: str = ""
    helpers: tuple[str, ...] = ()
    answer: str = ""
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read:
    """A cell that is Python, parsed; or one that is not, and why."""

    cell: Cell
    sheet: str
    module: ast.Module | None
    error: SyntaxError | None = None


def read_lesson(notebook: Path) -> LessonCells:
    """The code of a released notebook: whoever changed it in their copy, the lesson's own set-up is run.

    Args:
        notebook: the chapter's; the other chapters' lie beside it.

    Raises:
        ValueError: it has no set-up cell.
    """
    cells = _code_cells(notebook)
    setup = [source for _, source, tags in cells if "setup" in tags]
    if len(setup) != 1:
        raise ValueError(f"{notebook.name} must have one cell tagged setup, has {len(setup)}.")
    every = {notebook, *notebook.parent.glob("[0-9][0-9]_*.ipynb")}
    texts = frozenset(source.strip() for each in every for _, source, _ in _code_cells(each))
    return LessonCells({id: source for id, source, _ in cells}, parse(setup[0]), texts)


@cache
def _code_cells(notebook: Path) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Id, source and tags of each code cell."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return tuple(
        (cell["id"], "".join(cell["source"]), tuple(cell["metadata"].get("tags", ())))
        for cell in content["cells"]
        if cell["cell_type"] == "code"
    )


def find_answers(
    sheets: Iterable[Sheet], exercises: Mapping[str, Exercise], lesson: LessonCells
) -> dict[str, Found]:
    """The answer to each exercise of a chapter, from the notebooks that one student handed in for it.

    A cell is an exercise's if its metadata says so and it defines the name that is asked for; failing that, if
    it defines the name. Its place does not matter. Of several answers the last that is Python and no longer
    the stub counts.

    What the lesson gave out is not run. The learner's own cells in the answer's notebook are, whole; of cells that
    they changed, and of their answers to other exercises, what these define. Another notebook is another kernel.

    Args:
        sheets: in the order in which they count; of two alike the later one wins.
        exercises: those of the chapter, by id.
        lesson: what was given out.
    """
    read = [_read(cell, sheet.name) for sheet in sheets for cell in sheet.cells]
    return {id: _find(exercise, read, lesson, exercises) for id, exercise in exercises.items()}


def _read(cell: Cell, sheet: str) -> _Read:
    try:
        return _Read(cell, sheet, parse(cell.source))
    except SyntaxError as error:
        return _Read(cell, sheet, None, error)


def _find(exercise: Exercise, read: list[_Read], lesson: LessonCells, exercises: Mapping[str, Exercise]) -> Found:
    name = exercise.signature.split("(")[0]
    given = lesson.sources.get(f"ex-{exercise.id}", "")
    candidates = [each for each in read if _answers(each, exercise.id, name, lesson)]
    labelled = [each for each in candidates if each.cell.exercise == exercise.id]
    candidates = labelled or candidates
    written = [each for each in candidates if not _untouched(each, given, name, exercise.id)]
    parsed = [each for each in written if each.module is not None]
    if parsed:
        chosen = parsed[-1]
        helpers = _helpers(chosen, read, lesson, exercises)
        setup = what_is_needed(lesson.setup, [*helpers, chosen.module])
        return Found("found", name, source_of(setup), tuple(map(source_of, helpers)), source_of(chosen.module),
                     tuple(_remarks(chosen, labelled, written, name)))
    if written:
        return Found("broken", name, messages=(_where_it_breaks(written[-1]),))
    if candidates:
        return Found("unattempted", name)
    return Found("missing", name, messages=(_nowhere(name, read, exercises),))


def _answers(each: _Read, exercise: str, name: str, lesson: LessonCells) -> bool:
    """Whether a cell is an answer to the exercise. A label alone is not enough: it can be moved to another cell."""
    labelled = each.cell.exercise == exercise
    if each.module is not None:
        defines = name in names_defined(each.module, imports=labelled)  # elsewhere an import is a use of the course's own
    else:
        defines = seems_to_define(each.cell.source, name)
    if labelled:
        return defines
    return defines and not _is_lessons_own(each.cell, lesson)


def _is_lessons_own(cell: Cell, lesson: LessonCells) -> bool:
    """Whether the lesson gave this cell out, under its id or, where ids were lost, in its words."""
    if cell.id in lesson.sources:
        return same_code(cell.source, lesson.sources[cell.id])
    return cell.source.strip() in lesson.texts


def _untouched(each: _Read, given: str, name: str, exercise: str) -> bool:
    if each.module is None:
        return False
    return is_stub(each.module, name, exercise) or (bool(given) and same_code(each.cell.source, given))


def _helpers(
    chosen: _Read, read: list[_Read], lesson: LessonCells, exercises: Mapping[str, Exercise]
) -> list[ast.Module]:
    helpers = []
    for each in (each for each in read if each.sheet == chosen.sheet):
        if each is chosen or each.module is None or not each.module.body or _is_lessons_own(each.cell, lesson):
            continue
        theirs = each.cell.id not in lesson.sources and each.cell.exercise not in exercises
        module = each.module if theirs else definitions(each.module)
        if module.body:
            helpers.append(module)
    return helpers


def _remarks(chosen: _Read, labelled: list[_Read], written: list[_Read], name: str) -> Iterable[str]:
    if not labelled:
        yield (f"The exercise's own cell was not there; `{name}` was found in cell {chosen.cell.position}"
               f" of {chosen.sheet} by its name.")
    others = [each for each in written if each is not chosen]
    if others:
        yield (f"`{name}` was written in {len(written)} cells; the one in cell {chosen.cell.position} of"
               f" {chosen.sheet} counted, the last that is Python.")
    for each in [each for each in others if each.module is None][:3]:
        yield _where_it_breaks(each)


def _where_it_breaks(each: _Read) -> str:
    error = each.error
    line = (error.text or "").strip()[:100]
    at = f", at `{line}`" if line else ""
    number = f"line {error.lineno} of " if error.lineno else ""
    told = f"{number}cell {each.cell.position} of {each.sheet} is not Python: {error.msg or error}{at}"
    return told[0].upper() + told[1:]


def _nowhere(name: str, read: list[_Read], exercises: Mapping[str, Exercise]) -> str:
    others = {each.cell.exercise for each in read if each.cell.exercise} - set(exercises)
    if others and not any(each.cell.exercise in exercises for each in read):
        return (f"No cell defines `{name}`. The notebook has exercises of another chapter"
                f" ({', '.join(shown(each[:60]) for each in sorted(others)[:3])}): was the right file handed in?")
    return f"No cell defines `{name}`. Was the cell deleted, or the function renamed?"


def sheets_of(files: Iterable[File]) -> tuple[Sheet, ...]:
    """The notebooks of a submission, read, as far as they hold no more code than a person writes."""
    sheets: list[Sheet] = []
    room = _MOST_CODE
    for file in files:
        sheet = read_sheet(file.name, file.data)
        room -= sum(len(cell.source) + 100 for cell in sheet.cells)  # an empty cell is work too
        if room < 0:
            problem = f"{sheet.name} was left out: with it there would be more code than is read of one submission."
            sheet = Sheet(sheet.name, (), (*sheet.problems, problem))
        sheets.append(sheet)
    return tuple(sheets)
