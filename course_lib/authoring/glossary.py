"""The glossary: `***term***` marks where a lesson introduces a term, and GLOSSARY.md has a row for it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from course_lib.authoring.page import line_at, prose
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Lesson

TERM = re.compile(r"(?<!\*)\*\*\*([^*]+?)\*\*\*(?!\*)")
RULE = "glossary"
COLUMNS = "| term | 中文 | one line | chapter |"
CHAPTER = re.compile(r"\[?(\d+)\b")


def glossary_terms(lesson: Lesson) -> dict[str, int]:
    """The terms that a lesson introduces, as it writes them, each with the line of its first mark."""
    terms: dict[str, int] = {}
    for cell in lesson.cells:
        if cell.kind == "markdown":
            text = prose(cell.source)
            for found in TERM.finditer(text):
                terms.setdefault(" ".join(found[1].split()), cell.line + line_at(text, found.start()) - 1)
    return terms


def check_glossary(path: Path, lessons: Iterable[Lesson]) -> list[Problem]:
    """Where the glossary, a table `| term | 中文 | one line | chapter |`, and the lessons' marks disagree.

    Both ways: a marked term has a row with that chapter; a row of a chapter that is among `lessons` is marked
    there. Rows of chapters still to be written are left alone. Case does not matter.
    """
    lessons = list(lessons)
    if not path.exists():
        return [Problem(path, None, RULE, f"there is no glossary; it is a table {COLUMNS}")]
    rows, problems = {}, []
    for line, cells in _rows(path):
        if len(cells) != 4 or not all(cells) or not CHAPTER.match(cells[3]):
            problems.append(Problem(path, line, RULE, f"a row is {COLUMNS}, all filled"))
        elif cells[0].casefold() in rows:
            problems.append(Problem(path, line, RULE, f"a second row for {cells[0]!r}"))
        else:
            rows[cells[0].casefold()] = (int(CHAPTER.match(cells[3])[1]), line, cells[0])
    return problems + list(_unlisted(lessons, rows)) + list(_unmarked(path, lessons, rows))


def _unlisted(lessons: list[Lesson], rows: dict[str, tuple[int, int, str]]) -> Iterator[Problem]:
    introduced: dict[str, int] = {}
    for lesson in lessons:
        for term, line in glossary_terms(lesson).items():
            key = term.casefold()
            if key not in rows:
                yield Problem(lesson.path, line, RULE, f"the term {term!r} is not in the glossary")
            elif key in introduced:
                message = f"chapter {introduced[key]} introduced {term!r} already; a term is marked once"
                yield Problem(lesson.path, line, RULE, message)
            elif rows[key][0] != lesson.chapter:
                yield Problem(lesson.path, line, RULE, f"the glossary has {term!r} in chapter {rows[key][0]}")
            introduced.setdefault(key, lesson.chapter)


def _unmarked(path: Path, lessons: list[Lesson], rows: dict[str, tuple[int, int, str]]) -> Iterator[Problem]:
    marked = {lesson.chapter: {term.casefold() for term in glossary_terms(lesson)} for lesson in lessons}
    for key, (chapter, line, term) in rows.items():
        if chapter in marked and key not in marked[chapter]:
            yield Problem(path, line, RULE, f"chapter {chapter} does not introduce {term!r} as ***{term}***")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of the rows under the table's head, which a line of dashes ends."""
    in_table = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|"):
            in_table = False
        elif re.fullmatch(r"[|:\s-]+", line):
            in_table = True
        elif in_table:
            yield number, [cell.strip().strip("*") for cell in line.strip().strip("|").split("|")]
