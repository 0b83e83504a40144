"""A lesson as the linter's rules look at it: its headings, sections, prose and syntax trees."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell, Lesson

HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
# What is not prose: fenced code, inline code, display and inline formulas.
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


class ExerciseFacts(Protocol):
    """What a card says of an exercise; `course_lib.exercises.Exercise` has it."""

    @property
    def chapter(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def difficulty(self) -> int: ...
    @property
    def importance(self) -> int: ...
    @property
    def minutes(self) -> int: ...


@dataclass(frozen=True)
class Heading:
    """One heading line; `offset` counts from the cell's first line."""

    level: int
    text: str
    cell: Cell
    offset: int


@dataclass(frozen=True)
class Section:
    """The cells from one `##` heading up to the next. What comes before the first has the heading None."""

    heading: Heading | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Page:
    """A lesson and what it may refer to: exercises by id, in the bank's order, and the ids of questions."""

    lesson: Lesson
    exercises: Mapping[str, ExerciseFacts] | None = None
    questions: Collection[str] | None = None

    @cached_property
    def code(self) -> list[Cell]:
        return [cell for cell in self.lesson.cells if cell.kind == "code"]

    @cached_property
    def markdown(self) -> list[Cell]:
        return [cell for cell in self.lesson.cells if cell.kind == "markdown"]

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Syntax trees by cell id; markers and stubs are comments, so line numbers are the source's."""
        trees = {}
        for cell in self.code:
            try:
                trees[cell.id] = ast.parse(cell.source)
            except SyntaxError:    # reported when the editions are made
                trees[cell.id] = ast.Module([], [])
        return trees

    @cached_property
    def headings(self) -> list[Heading]:
        return [heading for cell in self.markdown for heading in _headings(cell)]

    @cached_property
    def sections(self) -> list[Section]:
        starts = {id(heading.cell): heading for heading in reversed(self.headings) if heading.level == 2}
        sections: list[tuple[Heading | None, list[Cell]]] = [(None, [])]
        for cell in self.lesson.cells:
            if id(cell) in starts:
                sections.append((starts[id(cell)], []))
            sections[-1][1].append(cell)
        return [Section(heading, tuple(cells)) for heading, cells in sections]

    def problem(self, rule: str, cell: Cell | None, message: str, line: int = 1) -> Problem:
        """A problem at a line of a cell, counted from 1 as syntax trees do."""
        if cell is None:
            return Problem(self.lesson.path, None, rule, message)
        return Problem(self.lesson.path, cell.line + line - 1, rule, message, cell.id)


def prose(text: str) -> str:
    """Markdown with code and formulas blanked out; every character that stays keeps its place."""
    return NOT_PROSE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def line_at(text: str, position: int) -> int:
    """The line, from 1, on which a position in a text lies."""
    return text.count("\n", 0, position) + 1


def _headings(cell: Cell) -> Iterator[Heading]:
    fenced = False
    for offset, line in enumerate(cell.source.split("\n")):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (found := HEADING.match(line)):
            yield Heading(len(found[1]), found[2], cell, offset)
