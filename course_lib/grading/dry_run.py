"""A trial before anybody hands in: the solved edition must get every point, the untouched learner's edition none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.exports.words import number
from course_lib.grading.marking import Plan
from course_lib.grading.reading.archives import File
from course_lib.grading.reading.collect import Submission
from course_lib.grading.records import ExerciseResult, Record
from course_lib.paths import SOLUTIONS

_EDITIONS = ("the solved edition", "the untouched edition")


@dataclass(frozen=True)
class Trial:
    """What an exercise gave, solved and untouched."""

    solved: ExerciseResult
    untouched: ExerciseResult

    @property
    def wrong(self) -> str:
        """Empty, or what did not come out as it must, in words."""
        found = []
        if self.solved.status != "passed":
            found.append(f"solved, it {_told(self.solved)}")
        if self.untouched.status != "unattempted":
            found.append(f"untouched, it {_told(self.untouched)}")
        return "; ".join(found)


def dry_run(
    plan: Plan, engine: Callable[[Sequence[Submission], Plan], Iterator[Record]], solutions: Path = SOLUTIONS
) -> list[Trial]:
    """Grade both editions as if two students had handed them in.

    Args:
        plan: what counts, and the learner's notebooks.
        engine: what runs submissions.
        solutions: where the solved notebooks are, under the learner's names.

    Returns:
        An exercise each, in the order of the course.

    Raises:
        FileNotFoundError: a chapter has no solved edition here.
    """
    files: dict[str, list[File]] = {edition: [] for edition in _EDITIONS}
    for chapter, notebook in plan.notebooks.items():
        solved = solutions / notebook.name
        if not solved.exists():
            raise FileNotFoundError(f"there is no solved edition of chapter {chapter}, {solved}: a dry run needs the"
                                    " instructor's checkout.")
        for edition, path in zip(_EDITIONS, (solved, notebook), strict=True):
            files[edition].append(File(path.name, path.read_bytes()))
    submissions = [Submission(edition, tuple(files[edition])) for edition in _EDITIONS]
    records = {record.student: record for record in engine(submissions, plan)}
    return [Trial(*pair) for pair in zip(*(records[edition].exercises for edition in _EDITIONS), strict=True)]


def describe_trials(trials: Sequence[Trial]) -> str:
    """A table, a line an exercise, and what came of it."""
    width = max(len(trial.solved.title) for trial in trials)
    lines = [f"{'exercise':<{width + 5}}  solved  untouched"]
    for trial in trials:
        lines.append(f"{trial.solved.number:>4} {trial.solved.title:<{width}}"
                     f"  {_points(trial.solved):>6}  {_points(trial.untouched):>9}"
                     + (f"   <- {trial.wrong}" if trial.wrong else ""))
    failed = [trial for trial in trials if trial.wrong]
    if failed:
        names = ", ".join(f"{trial.solved.number} {trial.solved.id}" for trial in failed)
        return "\n".join([*lines, f"{len(failed)} of {len(trials)} exercises cannot be graded as they are: {names}"])
    worth = number(sum(trial.solved.of for trial in trials))
    lines.append(f"All {len(trials)} exercises: the solved edition gets all {worth} points, the untouched one none.")
    return "\n".join(lines)


def _points(result: ExerciseResult) -> str:
    return f"{number(result.points)}/{number(result.of)}"


def _told(result: ExerciseResult) -> str:
    stage = f' in stage "{result.stage}"' if result.stage else ""
    reason = f" ({result.finding.name})" if result.finding else ""
    return f"{'is' if result.status in ('missing', 'broken', 'unattempted') else 'was'} {result.status}{stage}{reason}"
