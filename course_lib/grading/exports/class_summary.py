"""A class in numbers: what came of each exercise, and which mistakes were made how often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from course_lib.grading.records import Record

# How statuses are put together where six would be too many to take in.
GROUPS = (("right", ("passed",)), ("not yet", ("failed",)), ("error or stopped", ("broken", "stopped")),
          ("not tried", ("unattempted", "missing")))


@dataclass
class Summary:
    """An exercise over the class.

    Attributes:
        id, number, title: which.
        points, of: earned by all together, and to be earned.
        statuses: status -> how many.
    """

    id: str
    number: str
    title: str
    points: float = 0.0
    of: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def students(self) -> int:
        """For how many it was graded."""
        return self.statuses.total()

    @property
    def tried(self) -> int:
        """How many wrote something."""
        return self.students - self.statuses["unattempted"] - self.statuses["missing"]

    @property
    def share(self) -> float:
        """Points earned, 0 to 1."""
        return self.points / self.of if self.of else 0.0


@dataclass
class Mistake:
    """A mistake and who made it.

    Attributes:
        number, title: of the exercise.
        name: the mistake's.
        shows, try_next: the words that most of these students were given; numbers in them differ.
        students: who made it.
        hidden: how many of them in a hidden stage, of which they were told nothing.
    """

    number: str
    title: str
    name: str
    shows: str
    try_next: str
    students: tuple[str, ...]
    hidden: int


def summarise(records: Sequence[Record]) -> list[Summary]:
    """The exercises, in the order of the course."""
    table: dict[str, Summary] = {}
    for result in (each for record in records for each in record.exercises):
        summary = table.setdefault(result.id, Summary(result.id, result.number, result.title))
        summary.points += result.points
        summary.of += result.of
        summary.statuses[result.status] += 1
    return sorted(table.values(), key=lambda each: in_order(each.number))


def commonest_mistakes(records: Sequence[Record]) -> list[Mistake]:
    """Every mistake that somebody made, the commonest first."""
    made: dict[tuple[str, str], list] = {}
    for record in records:
        for result in record.exercises:
            if result.finding and result.status != "stopped":  # for its time or its conduct: nothing to teach
                made.setdefault((result.id, result.finding.name), []).append((record.student, result))
    mistakes = []
    for (_, name), cases in made.items():
        one = cases[0][1]
        words = Counter((result.finding.shows, result.finding.try_next) for _, result in cases)
        shows, try_next = words.most_common(1)[0][0]
        mistakes.append(Mistake(one.number, one.title, name, shows, try_next, tuple(who for who, _ in cases),
                                sum(r.stage_hidden for _, r in cases)))
    return sorted(mistakes, key=lambda each: (-len(each.students), in_order(each.number), each.name))


def in_order(number: str) -> list[int]:
    """"1.10" comes after "1.9"."""
    return [int(part) if part.isdecimal() else 0 for part in number.split(".")]
