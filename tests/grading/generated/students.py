"""A class from a seed: who hands in what, in which form, and what must come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from .chapters import Chapter, chapter, place_of
from .endless import HANGING
from .forms import FORMS, ROOM_FOR_ONE, RUINS, STATES
from .slips import OF_FUNCTIONS, SLIPS, Expected
from .written import written

CHAPTERS = (1, 2, 3)
_FIRST = (
    "Ada", "Bo-ra", "Çelik", "D'Arcy", "李", "Øystein", "Zoë, Jr.", 'Kit "K"', "Mary Ann", "नेहा", "=1+1", "x")


@dataclass
class Student:
    """One submission and what must come of it.

    Attributes:
        name: as the record must have it.
        files: what is handed in, by path.
        expected: by exercise; of those that are not here nothing was handed in.
        problem: a part of what must be said of what could not be read; empty if nothing.
        story: how it was made, for whoever reads about it.
        hanging: whether one of its answers never ends.
    """

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    expected: dict[str, Expected] = field(default_factory=dict)
    problem: str = ""
    story: dict[str, str] = field(default_factory=dict)
    hanging: bool = False


class _Deal:
    """Whatever there is comes up in turn, in an order that the seed decides: forty students meet it all."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self._decks: dict[str, Iterator[Any]] = {}

    def one(self, of: str, cards: Sequence[Any]) -> Any:
        if of not in self._decks:
            self._decks[of] = cycle(self.random.sample(list(cards), len(cards)))
        return next(self._decks[of])


def make_class(size: int, *, hanging: int = 0, seed: int = 0) -> list[Student]:
    """A class of `size` students, in `hanging` of whose submissions one answer never ends.

    Raises:
        ValueError: more are to hang than there are.
    """
    if not 0 <= hanging <= size:
        raise ValueError(f"hanging must be between 0 and size = {size}, got {hanging}.")
    deal = _Deal(seed)
    endless = set(deal.random.sample(range(size), hanging))
    return [_student(f"{_FIRST[i % len(_FIRST)]} {i:03}", deal, i in endless) for i in range(size)]


def hand_in(students: Sequence[Student], place: Path) -> None:
    """Write what a class hands in into one folder."""
    for student in students:
        for name, data in student.files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _student(name: str, deal: _Deal, hanging: bool) -> Student:
    student = Student(name, hanging=hanging)
    form = deal.one("form", list(FORMS))
    count = 1 if form in ROOM_FOR_ONE else deal.one("chapters handed in", (1, 2, 3, 3, 2))
    numbers = sorted(deal.random.sample(CHAPTERS, count))
    hang_in = deal.random.choice(numbers) if hanging else None
    diligent = deal.random.random() < 0.15
    ruined = None if hanging or deal.random.random() > 0.1 else deal.random.choice(numbers)
    notebooks = {}
    for number in numbers:
        one = chapter(number)
        notebook = _worked_on(one, student, deal, hang=number == hang_in, diligent=diligent)
        state = deal.one("state", ["as today"] * 8 + list(STATES))
        notebooks[one.file] = STATES[state](notebook)
        if number == ruined:
            ruin, student.problem = deal.one("ruin", list(RUINS.values()))
            notebooks[one.file] = ruin(notebooks[one.file])
            student.expected = {id: want for id, want in student.expected.items() if id not in one.exercises}
            student.story |= dict.fromkeys(one.exercises, "in a notebook that cannot be read")
    student.files = FORMS[form](name, notebooks)
    return student


def _worked_on(one: Chapter, student: Student, deal: _Deal, *, hang: bool, diligent: bool) -> dict[str, Any]:
    """The chapter's notebook with a student's answers, and what must come of each noted in `student`."""
    notebook = one.fresh(outputs=deal.random.random() < 0.1)
    cells = notebook["cells"]
    functions = [id for id, exercise in one.exercises.items() if not exercise.wants_module]
    endless = deal.random.choice(functions) if hang else None
    for id in one.exercises:
        at, solved = place_of(cells, id), one.solved[id]
        chance = 0.0 if diligent else deal.random.random()
        if id == endless:
            how = deal.one("hanging", list(HANGING))
            expected = HANGING[how](cells, at, solved, one.name(id), id)
        elif chance < 0.2:
            how, expected = "the solved edition's", Expected("passed")
            cells[at]["source"] = solved
        elif chance < 0.75:
            answer = deal.one(id, [each for each in written(one.number) if each.exercise == id])
            how = f"{'right' if answer.right else 'wrong'}, {answer.name}"
            cells[at]["source"] = f'{answer.source}\n\n\ncheck("{id}", {one.name(id)})'
            expected = Expected("passed") if answer.right else Expected("failed", answer.name)
        else:
            slips = SLIPS | (OF_FUNCTIONS if id in functions else {})
            how = deal.one(f"slip {id in functions}", list(slips))
            expected = slips[how](cells, at, solved, one.name(id), id)
        student.expected[id], student.story[id] = expected, how
    return notebook
