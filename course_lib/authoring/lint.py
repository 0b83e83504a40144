"""The form of a lesson, held by rules; a rule's own docstring says what it asks for."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from course_lib.authoring.editions import EDITIONS, make_edition
from course_lib.authoring.page import ExerciseFacts, Page
from course_lib.authoring.problem import LessonError, Problem
from course_lib.authoring.rules import (
    cards, cells, figures, headings, links, names, network, questions, references, seeds, voice,
)
from course_lib.authoring.source import read_lesson

Rule = Callable[[Page], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    headings.title, headings.sections, cells.tags, cells.setup, cells.length, cards.cards, cards.bank,
    questions.questions, figures.alternative_text, seeds.seeded, names.defined, references.references,
    links.links, network.offline, voice.voice,
)


def lint(path: Path | str, *, exercises: Mapping[str, ExerciseFacts] | None = None,
         questions: Collection[str] | None = None) -> list[Problem]:
    """What is wrong with the form of the lesson source at `path`, in the order of its lines.

    `exercises` (by id, in the bank's order) and `questions` (their ids) are what cards, predictions and
    quizzes are held against; without them that is left out.
    """
    try:
        page = Page(read_lesson(path), exercises, questions)
    except LessonError as error:
        return [error.problem]
    found = [problem for rule in RULES for problem in rule(page)]
    for edition in EDITIONS:
        try:
            make_edition(page.lesson, edition)
        except LessonError as error:
            found.append(error.problem)
    return sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0)
