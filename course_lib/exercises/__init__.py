"""Exercises that check themselves.

    lesson      check, hint, predict, quiz, progress: what a lesson calls
    exercise    what an exercise is: stages, mistakes, variants; question: what a question is
    bank        the exercises and questions themselves, a folder a chapter
    calling     runs an answer and notes what it did; knows nothing of what is right. shortcuts: forbidden calls
    judging     compares with the reference and names the mistake
    slips, form, stumbles, relations
                slips of conduct, of form, exceptions, and how a wrong output relates to the right one
    feedback    puts it into words; comparison: yours beside the expected; markup: HTML and plain text
    journal     what was tried and solved, kept beside the notebooks; overview: a table of it
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_lib.exercises.lesson import check, hint, predict, progress, quiz
    from course_lib.exercises.overview import progress_table

__all__ = ["check", "hint", "predict", "progress", "progress_table", "quiz"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for.

    A process that grades imports `exercises.calling`, and must not have the bank and its references in memory.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "overview" if name == "progress_table" else "lesson"
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
