"""The five functions that a lesson calls: check, hint, predict, quiz, progress."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from course_lib.exercises import journal
from course_lib.exercises.bank import all_exercises, all_questions, number_of
from course_lib.exercises.feedback import hint_message, question_message, verdict_message
from course_lib.exercises.judging import DEFAULT_SEED, judge
from course_lib.exercises.markup import Message
from course_lib.exercises.overview import progress_message

T = TypeVar("T")

_rungs_shown: dict[str, int] = {}  # of this session: hints start again with a fresh kernel


def check(id: str, answer: Any, *, seed: int = DEFAULT_SEED) -> None:
    """Check an answer to an exercise and say what is right, what is not, and what to try next.

    Args:
        id: The exercise's name, or its number as on the card.
        answer: Your function, or your `nn.Module` class: the thing itself, not its result.
        seed: Draws other inputs.

    Raises:
        KeyError: No exercise has this id; the nearest ids are named.
    """
    exercise = _find(all_exercises(), id, "exercise")
    verdict = judge(exercise, answer, seed=seed)
    journal.note(
        "check",
        exercise.id,
        status=verdict.status,
        stage=verdict.stage.name if verdict.stage else None,
        finding=verdict.finding.name if verdict.finding else None,
    )
    _show(verdict_message(verdict))


def hint(id: str) -> None:
    """Show the next hint for an exercise: a nudge, then an outline, then nearly all of it.

    Raises:
        KeyError: No exercise has this id; the nearest ids are named.
    """
    exercise = _find(all_exercises(), id, "exercise")
    rung = _rungs_shown[exercise.id] = min(_rungs_shown.get(exercise.id, 0) + 1, len(exercise.hints))
    journal.note("hint", exercise.id, rung=rung)
    _show(hint_message(exercise, rung))


def predict(id: str, answer: str | None = None) -> None:
    """Ask for a prediction before the next cell runs; with a letter, tell what stands behind that option.

    Raises:
        KeyError: No question has this id; the nearest ids are named.
        ValueError: The answer is not one of the letters.
    """
    _ask(id, answer, "Predict")


def quiz(id: str, answer: str | None = None) -> None:
    """Ask a question about what was read; with a letter, tell what stands behind that option. Raises like `predict`."""
    _ask(id, answer, "Quiz")


def progress() -> None:
    """Show which exercises are solved, which were tried, and which are open."""
    _show(progress_message())


def _ask(id: str, answer: str | None, heading: str) -> None:
    question = _find(all_questions(), id, "question")
    if answer is not None:
        answer = str(answer).strip().lower().strip("()")
        if answer not in question.lettered():
            raise ValueError(
                f"answer {answer!r} is not an option of {id!r}; choose one of"
                f" {', '.join(question.lettered())}"
            )
        journal.note(heading.lower(), id, answer=answer, right=question.lettered()[answer].right)
    _show(question_message(question, heading, answer))


def _find(table: Mapping[str, T], id: str, kind: str) -> T:
    if id in table:
        return table[id]
    if kind == "exercise" and id in (numbers := {number_of(name): name for name in table}):
        return table[numbers[id]]  # "1.3", as it stands on the card
    near = get_close_matches(str(id), table, n=3, cutoff=0.4)
    meant = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(table)}"
    raise UnknownId(f"no {kind} is called {id!r}; {meant}")


class UnknownId(KeyError):
    """A `KeyError` whose message is printed as it is, without quotes around it."""

    def __str__(self) -> str:
        return self.args[0]


def _show(message: Message) -> None:
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython():
        from IPython.display import display

        display(message)
    else:
        print(message.text)
