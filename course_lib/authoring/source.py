"""Read the one source of a lesson, `solutions/NN_slug.py` in jupytext's percent format."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jupytext
from nbformat import ValidationError

from course_lib.authoring.problem import LessonError, Problem

# No magics: `# %matplotlib` stays the comment that it is, and `# cat` is not taken for a shell command.
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
NAME = re.compile(r"(\d\d)_[a-z0-9_]+")
MARKER = re.compile(r"# %%( |$)")
SLUG = re.compile(r"(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*")    # with `ex-` before it, at most a cell id's 64
KEPT_METADATA = {"tags", "exercise"}
JUPYTEXT_METADATA = {"lines_to_next_cell", "cell_marker"}    # how the source was laid out


@dataclass(frozen=True)
class Cell:
    """One cell as its author wrote it, with its solution regions still in it."""

    kind: Literal["code", "markdown"]
    source: str
    tags: tuple[str, ...]
    exercise: str | None    # the exercise's slug, in an exercise cell
    line: int               # of the first line of `source` in the file, counted from 1
    id: str                 # the same in both editions and across builds


@dataclass(frozen=True)
class Lesson:
    """A whole source file: `chapter` is the number that its name `slug` begins with."""

    path: Path
    chapter: int
    cells: tuple[Cell, ...]

    @property
    def slug(self) -> str:
        return self.path.stem


def read_lesson(path: Path | str) -> Lesson:
    """Read a lesson source.

    A cell's id is a hash of the chapter and the cell's own text, so that inserting a cell leaves the others'
    ids alone. An exercise cell is called `ex-<slug>` whatever it holds: graders find answers by it.

    Raises `LessonError` for a wrong file name, text before the first cell, unknown metadata, or an exercise
    cell without a slug or with one that was already used.
    """
    path = Path(path)
    name = NAME.fullmatch(path.stem)
    if name is None or path.suffix != ".py":
        raise _error(path, None, f"a lesson is called NN_slug.py, like 00_start_here.py, not {path.name!r}")
    chapter = int(name[1])
    text = path.read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt=PERCENT)
    except (ValidationError, AttributeError) as error:    # jupytext takes tags for strings before it looks
        why = str(error).splitlines()[0]
        raise _error(path, None, f'{why}; tags are a list of strings, like tags=["setup"]') from None
    lines = _first_lines(path, text)
    if len(lines) != len(notebook.cells):
        raise _error(path, 1, f"there are {len(lines)} `# %%` lines but {len(notebook.cells)} cells; let the "
                     "file begin with `# %%`, and keep `# %%` out of strings")
    seen: Counter[str] = Counter()
    cells = []
    for raw, line in zip(notebook.cells, lines, strict=True):
        tags, exercise = _metadata(path, line, raw)
        identity = f"ex-{exercise}" if exercise else _hashed_id(chapter, raw.cell_type, raw.source)
        seen[identity] += 1
        if seen[identity] > 1:
            if exercise:
                raise _error(path, line, f"a second exercise cell {exercise!r}; an exercise has one cell")
            identity += f"-{seen[identity]}"    # the same text again: only such twins depend on their order
        cells.append(Cell(raw.cell_type, raw.source, tags, exercise, line, identity))
    return Lesson(path, chapter, tuple(cells))


def _hashed_id(chapter: int, kind: str, source: str) -> str:
    return f"c{chapter:02}-" + hashlib.sha256(f"{chapter}\0{kind}\0{source}".encode()).hexdigest()[:12]


def _first_lines(path: Path, text: str) -> list[int]:
    """For every `# %%` line, the number of the first line under it that is part of the cell."""
    return list(_scan(text.splitlines()))


def _scan(lines: list[str]) -> Iterator[int]:
    for number, line in enumerate(lines, 1):
        if not MARKER.match(line):
            continue
        first = number
        while first < len(lines) and lines[first].strip() in {"", '"""', 'r"""'}:
            first += 1
        yield min(first + 1, len(lines))


def _metadata(path: Path, line: int, raw) -> tuple[tuple[str, ...], str | None]:
    if raw.cell_type not in ("code", "markdown"):
        raise _error(path, line, f"a lesson has code and markdown cells, not {raw.cell_type} ones")
    if unknown := sorted(raw.metadata.keys() - KEPT_METADATA - JUPYTEXT_METADATA):
        raise _error(path, line, f'unknown cell metadata {unknown}; there are tags=[...] and exercise="slug"')
    tags, exercise = raw.metadata.get("tags", []), raw.metadata.get("exercise")
    if ("exercise" in tags) != (exercise is not None) or (exercise and raw.cell_type != "code"):
        raise _error(path, line, 'an exercise is a code cell with both tags=["exercise"] and exercise="slug"')
    if exercise is not None and not (isinstance(exercise, str) and SLUG.fullmatch(exercise)):
        raise _error(path, line, f"a slug is lower-case words joined by hyphens, not {exercise!r}")
    return tuple(tags), exercise


def _error(path: Path, line: int | None, message: str) -> LessonError:
    return LessonError(Problem(path, line, "source", message))
