"""Predictions and quizzes: each asks one question of the bank, once in the lesson."""

import ast
from collections.abc import Iterator

from course_lib.authoring.calls import dotted
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem


def questions(page: Page) -> Iterator[Problem]:
    """A call of `predict` or `quiz` stands in a cell of that tag, and names a question that exists."""
    asked: set[str] = set()
    for cell in page.code:
        calls = [node for node in ast.walk(page.trees[cell.id])
                 if isinstance(node, ast.Call) and dotted(node.func) in ("predict", "quiz")]
        for tag in ("predict", "quiz"):
            if (tag in cell.tags) != any(dotted(call.func) == tag for call in calls):
                yield page.problem("questions", cell, f'{tag}("id") and tags=["{tag}"] go together')
        for call in calls:
            if why := _wrong(page, call, asked):
                yield page.problem("questions", cell, why, call.lineno)


def _wrong(page: Page, call: ast.Call, asked: set[str]) -> str | None:
    """What is wrong with one question, or None; adds it to those already asked."""
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    if not isinstance(name, str):
        return f'write the id out: {dotted(call.func)}("id")'
    if name in asked:
        return f"question {name!r} is asked a second time"
    asked.add(name)
    known = page.questions is None or name in page.questions
    return None if known else f"the bank has no question {name!r}"
