"""Why an answer was not run to its end, in words for the learner."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from course_lib.exercises.finding import Finding
from course_lib.grading.conduct import Oddity
from course_lib.grading.reading.answers import read_lesson
from course_lib.grading.reading.code import names_defined, parse
from course_lib.grading.workers.outcome import Outcome


def stopped(outcome: Outcome) -> Finding:
    """What ended the worker, and what to do."""
    return Finding(outcome.stopped or "stopped", outcome.told, _what_to_do(outcome.stopped))


def _what_to_do(why: str) -> str:
    if why == "time":
        return ("Is there a loop that does not end, or does a cell of your own train or download something? Put that"
                " under `if __name__ == \"__main__\":`, or take it out of the notebook that you hand in.")
    if why == "memory":
        return "Does a list or a tensor grow without end, or is a tensor made for every pair of everything?"
    return "The exercise asks for a function of its inputs. It needs no files, no other processes and no network."


def not_run(odd: Oddity) -> Finding:
    """Where an exercise forbids something, and the code could get round that."""
    return Finding(
        "undermines a rule",
        f"This exercise forbids some calls, and your code could get round that: `{odd.code}` {odd.does}."
        " It was not run.",
        "No answer needs it. Take it out, of cells of your own too. If you had another reason, tell your instructor.",
    )


def missing_name(finding: Finding | None, notebook: Path) -> Iterator[str]:
    """Why a name is not there that is there in the lesson's notebook."""
    missing = re.search(r"NameError: name '(\w+)' is not defined", finding.shows) if finding else None
    if missing and missing[1] in _names_of(notebook):
        yield (f"`{missing[1]}` is made in a cell of the lesson. Those are not run when work is graded: an answer has"
               " its inputs, what the set-up cell imports, and cells of your own.")


@cache
def _names_of(notebook: Path) -> frozenset[str]:
    return frozenset().union(*(names_defined(parse(source)) for source in read_lesson(notebook).sources.values()))
