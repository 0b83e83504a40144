"""A chapter as learners are given it, and the solved edition's text for each of its exercises."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.exercise import Exercise
from course_lib.paths import CHAPTERS, SOLUTIONS

Cells = list[dict[str, Any]]


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        number, file: 1 and "01_dot_product_attention.ipynb".
        notebook: the learner's edition, as JSON has it.
        solved: the text of each exercise's cell in the solved edition, by exercise.
        exercises: by id, in their order.
    """

    number: int
    file: str
    notebook: Mapping[str, Any]
    solved: Mapping[str, str]
    exercises: Mapping[str, Exercise]

    def fresh(self, *, outputs: bool) -> dict[str, Any]:
        """A copy of the notebook to write into; with the pictures that its cells have drawn, or without."""
        if outputs:
            return copy.deepcopy(dict(self.notebook))
        cells = [{**cell, "metadata": dict(cell["metadata"])} | ({"outputs": []} if "outputs" in cell else {})
                 for cell in self.notebook["cells"]]
        return {**self.notebook, "cells": cells}

    def name(self, exercise: str) -> str:
        """The function or class that the exercise asks for."""
        return self.exercises[exercise].signature.split("(")[0]


@cache
def chapter(number: int) -> Chapter:
    """The chapter, read once."""
    given, solved = (json.loads(next(folder.glob(f"{number:02}_*.ipynb")).read_text(encoding="utf-8"))
                     for folder in (CHAPTERS, SOLUTIONS))
    return Chapter(
        number, next(CHAPTERS.glob(f"{number:02}_*.ipynb")).name, given,
        {cell["metadata"]["exercise"]: "".join(cell["source"]) for cell in solved["cells"]
         if cell["cell_type"] == "code" and "exercise" in cell["metadata"]},
        {id: exercise for id, exercise in all_exercises().items() if exercise.chapter == number},
    )


def place_of(cells: Cells, exercise: str) -> int:
    """Where the exercise's cell stands."""
    return next(i for i, cell in enumerate(cells)
                if cell["cell_type"] == "code" and cell["metadata"].get("exercise") == exercise)
