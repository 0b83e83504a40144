"""Exercise cards: complete, in order, each over its exercise cell, and saying what the bank says."""

import ast
import re
from collections.abc import Iterator

from course_lib.authoring import regions
from course_lib.authoring.calls import dotted
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell

HEAD = re.compile(r"### Exercise (\d+)\.(\d+) · (\S.*)")
FACTS = re.compile(r"\*\*difficulty\*\* ([●○]{5}) \*\*importance\*\* ([●○]{5}) "
                   r"\*\*about (\d+) minutes?\*\* \*\*(\d+) points?\*\*")
FACTS_FORM = "**difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**"


def cards(page: Page) -> Iterator[Problem]:
    """`### Exercise N.k · Title` in order, with a line of facts, and right under it the exercise cell."""
    visible = [cell for cell in page.lesson.cells if "instructor" not in cell.tags]
    number = 0
    for cell, below in zip(visible, [*visible[1:], None], strict=True):
        if cell.kind == "markdown" and ("card" in cell.tags or "### Exercise" in cell.source):
            number += 1
            yield from _card(page, cell, below, number)
        elif cell.exercise:
            yield from _exercise_cell(page, cell)
    for above, cell in zip([None, *visible], visible, strict=False):
        if cell.exercise and (above is None or "card" not in above.tags):
            yield page.problem("card", cell, 'an exercise cell stands right under its card, tags=["card"]')


def bank(page: Page) -> Iterator[Problem]:
    """Every exercise of the chapter is in the lesson once, and its card repeats what the bank says."""
    if page.exercises is None:
        return
    chapter = page.lesson.chapter
    of_chapter = [slug for slug, exercise in page.exercises.items() if exercise.chapter == chapter]
    shown = [cell.exercise for cell in page.code if cell.exercise]
    for slug in of_chapter:
        if slug not in shown:
            yield page.problem("bank", None, f"the bank's exercise {slug!r} is not in the lesson")
    for above, cell in zip(page.lesson.cells, page.lesson.cells[1:], strict=False):
        if not cell.exercise:
            continue
        if cell.exercise not in of_chapter:
            message = f"the bank has no exercise {cell.exercise!r} in chapter {chapter}"
            yield page.problem("bank", cell, message)
            continue
        number = f"{chapter}.{of_chapter.index(cell.exercise) + 1}"
        yield from _agrees(page, above, cell.exercise, number)


def _card(page: Page, cell: Cell, below: Cell | None, number: int) -> Iterator[Problem]:
    if "card" not in cell.tags:
        yield page.problem("card", cell, 'the card of an exercise has tags=["card"]')
    head, facts = HEAD.match(cell.source), FACTS.search(cell.source)
    full_number = f"{page.lesson.chapter}.{number}"
    if not head:
        yield page.problem("card", cell, f"a card begins with `### Exercise {full_number} · Title`")
    elif f"{head[1]}.{head[2]}" != full_number:
        yield page.problem("card", cell, f"this is exercise {full_number}, not {head[1]}.{head[2]}")
    if not facts:
        yield page.problem("card", cell, f"the card lacks its line of facts: {FACTS_FORM}")
    elif not all(re.fullmatch("●+○*", dots) for dots in facts.group(1, 2)):
        yield page.problem("card", cell, "one to five dots are filled, from the left")
    if below is None or not below.exercise:
        yield page.problem("card", cell, "right under a card stands its exercise cell")


def _exercise_cell(page: Page, cell: Cell) -> Iterator[Problem]:
    if regions.BEGIN not in cell.source:
        yield page.problem("card", cell, f"an exercise cell has a solution region, from `{regions.BEGIN}`")
    calls = [node for node in ast.walk(page.trees[cell.id]) if isinstance(node, ast.Call)]
    checked = [call.args[0] for call in calls if dotted(call.func) == "check" and call.args]
    if [node.value for node in checked if isinstance(node, ast.Constant)] != [cell.exercise]:
        message = f'an exercise cell checks its answer, once: check("{cell.exercise}", ...)'
        yield page.problem("card", cell, message)


def _agrees(page: Page, card: Cell, slug: str, number: str) -> Iterator[Problem]:
    exercise = page.exercises[slug]
    head, facts = HEAD.match(card.source), FACTS.search(card.source)
    if not head or not facts:
        return    # `cards` says so
    told = {"number": f"{head[1]}.{head[2]}", "title": head[3].strip(), "difficulty": facts[1].count("●"),
            "importance": facts[2].count("●"), "minutes": int(facts[3]), "points": int(facts[4])}
    for fact, value in told.items():
        wanted = number if fact == "number" else getattr(exercise, fact)
        if value != wanted:
            yield page.problem("bank", card, f"the card's {fact} is {value!r}; the bank's is {wanted!r}")
