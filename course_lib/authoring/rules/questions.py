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
                yield page.problem("questions", cell, f'{tag}("id") stands in a cell with tags=["{tag}"], and only there')
        for call in calls:
            name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
            if not isinstance(name, str):
                yield page.problem("questions", cell, f'write the id out: {dotted(call.func)}("id")', call.lineno)
            elif name in asked:
                yield page.problem("questions", cell, f"question {name!r} is asked a second time", call.lineno)
            elif page.questions is not None and name not in page.questions:
                yield page.problem("questions", cell, f"the bank has no question {name!r}", call.lineno)
            asked.add(str(name))
            if len(call.args) + len(call.keywords) > 1:
                yield page.problem("questions", cell, "a lesson asks; it does not give the answer too", call.lineno)
