"""What is run, and what came of it, as the judge is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.exercises.calling import Failure, Kind, Observation
from course_lib.exercises.exercise import Case, Exercise, Stage, draw_case
from course_lib.grading.workers.notes import Broken


@dataclass(frozen=True)
class Program:
    """What is run of one submission for one exercise, as source.

    Attributes:
        setup: The lesson's setup cell, the released one. It runs once for all, and is trusted.
        helpers: The learner's own cells before the answer, in their order.
        answer: The cell that defines `name`.
    """

    setup: str
    helpers: tuple[str, ...]
    answer: str
    name: str


@dataclass(frozen=True)
class Outcome:
    """What a worker brought back.

    Attributes:
        kind: What the answer is; None where it could not be asked.
        seen: What it did with each case, by the case's name, as far as the worker came.
        broken: The learner's own cell that stopped before there was an answer.
        stopped: "" or why the worker did not come to its end: "time", "memory", "died", "flooded", "garbled".
        told: The same in a sentence.
        printed: The beginning of what was printed, helper cells included, hidden stages not.
        seconds: By the clock on the wall.
    """

    kind: Kind | None
    seen: Mapping[str, Observation]
    broken: Broken | None = None
    stopped: str = ""
    told: str = ""
    printed: str = ""
    seconds: float = 0.0


class RecordedWitness:
    """Tells the judge what a worker saw. A case that it did not come to is a failure with the reason."""

    def __init__(self, outcome: Outcome):
        if outcome.kind is None:
            raise ValueError(f"there is no answer to judge: {outcome.told or outcome.broken}")
        self.kind, self._outcome = outcome.kind, outcome

    def saw(self, stage: Stage, case: Case, *, thorough: bool = True) -> Observation:
        """`thorough` is ignored: the worker was."""
        missing = Observation(failure=Failure("Stopped", self._outcome.told or "this case was not run"))
        return self._outcome.seen.get(stage.name, missing)


def cases_of(exercise: Exercise, seed: int, *, hidden: bool = True) -> dict[str, Case]:
    """What an answer is called with when it is graded: a case a stage, by the stage's name."""
    stages = exercise.stages if hidden else exercise.visible_stages()
    return {stage.name: draw_case(exercise, stage, seed) for stage in stages}
