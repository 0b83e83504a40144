"""Cells: known tags, one set-up cell, and no more lines than one idea takes."""

import ast
from collections.abc import Iterator

from course_lib.authoring import regions
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell

TAGS = {"setup", "predict", "quiz", "poke", "card", "cover", "exercise", "instructor", "long",
        "nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
MOST_LINES, MOST_LINES_OF_A_CLASS = 15, 30


def tags(page: Page) -> Iterator[Problem]:
    """A tag that nothing knows is a misspelt one."""
    for cell in page.lesson.cells:
        for tag in cell.tags:
            if tag not in TAGS:
                yield page.problem("tags", cell, f"unknown tag {tag!r}; there are {', '.join(sorted(TAGS))}")


def setup(page: Page) -> Iterator[Problem]:
    """One code cell is the set-up, and it stands before the first section."""
    found = [cell for cell in page.code if "setup" in cell.tags]
    if len(found) != 1:
        yield page.problem("setup", found[1] if found else None,
                           f'a lesson has one code cell tagged "setup"; this one has {len(found)}')
    for cell in found[:1]:
        if cell not in page.sections[0].cells:
            yield page.problem("setup", cell, "the set-up cell stands before the first section")


def length(page: Page) -> Iterator[Problem]:
    """A code cell shows the learner at most 15 lines that are not blank; the set-up and a class 30."""
    for cell in page.code:
        lines = sum(bool(line.strip()) for line in _seen(cell).split("\n"))
        has_class = any(isinstance(node, ast.ClassDef) for node in page.trees[cell.id].body)
        most = MOST_LINES_OF_A_CLASS if has_class or "setup" in cell.tags else MOST_LINES
        if lines > most:
            yield page.problem("length", cell, f"the cell has {lines} lines, and {most} is the most")


def _seen(cell: Cell) -> str:
    try:
        return regions.learner(cell.source, cell.exercise or "")
    except regions.RegionError:    # reported when the editions are made
        return ""
