"""The exercises and questions of the course, a folder a chapter, a file an exercise."""

from collections import Counter
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.question import Question


@cache
def all_exercises() -> dict[str, Exercise]:
    """Every exercise by its id, in the order of the course."""
    return _unique(exercise for chapter in _chapters() for exercise in chapter.EXERCISES)


@cache
def all_questions() -> dict[str, Question]:
    """Every question by its id, in the order of the course."""
    return _unique(question for chapter in _chapters() for question in chapter.QUESTIONS)


@cache
def number_of(exercise_id: str) -> str:
    """The exercise's number as on its card: "1.3" is the third of chapter 1."""
    seen: Counter[int] = Counter()
    for exercise in all_exercises().values():
        seen[exercise.chapter] += 1
        if exercise.id == exercise_id:
            return f"{exercise.chapter}.{seen[exercise.chapter]}"
    raise KeyError(exercise_id)


def _chapters() -> list[ModuleType]:
    names = sorted(module.name for module in iter_modules(__path__) if module.name.startswith("ch"))
    return [import_module(f"{__name__}.{name}") for name in names]


def _unique(items):
    table = {}
    for item in items:
        if item.id in table:
            raise ValueError(f"two entries of the bank are called {item.id!r}")
        table[item.id] = item
    return table
