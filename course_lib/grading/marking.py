"""One submission, from its notebooks to its record."""

import ast
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.exercises.bank import all_exercises, number_of
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.finding import Finding
from course_lib.exercises.judging import Expected, Verdict, compare
from course_lib.exercises.stumbles import explain_failure
from course_lib.grading import reasons
from course_lib.grading.assignment import Assignment
from course_lib.grading.conduct import Oddity, odd_conduct
from course_lib.grading.reading.answers import Found, LessonCells, find_answers, read_lesson, sheets_of
from course_lib.grading.reading.code import definitions, source_of
from course_lib.grading.reading.collect import Submission
from course_lib.grading.reading.sheets import Sheet
from course_lib.grading.records import ExerciseResult, Record
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.outcome import Outcome, Program, RecordedWitness
from course_lib.grading.workers.run import Workers, run_answer


@dataclass(frozen=True)
class Plan:
    """How a whole class is graded: the same for everybody, and all that decides what a record says.

    Attributes:
        assignment: what counts.
        seed: draws the inputs of every stage; private.
        notebooks: the chapters' notebooks as they were given out, by chapter.
        stamp: what goes into every record, beside the walls.
        limits: of one answer.
        hide: folders that no answer may see.
    """

    assignment: Assignment
    seed: int
    notebooks: Mapping[int, Path]
    stamp: Mapping[str, Any]
    limits: Limits = Limits()
    hide: tuple[Path, ...] = field(default=())


@dataclass
class _Notes:
    """What a person should look at: where the grader stumbled, and where odd code stands."""

    stumbled: list[str] = field(default_factory=list)
    odd: dict[Oddity, str] = field(default_factory=dict)

    def lines(self) -> tuple[str, ...]:
        return (*self.stumbled, *(f"{place}: `{each.code}` {each.does}" for each, place in self.odd.items()))


def mark(submission: Submission, plan: Plan, workers: Workers) -> Record:
    """Grade one submission. What its code does can change its own record, and nothing else."""
    sheets = sheets_of(submission.files)
    results, seconds, notes = [], {}, _Notes()
    start = time.perf_counter()
    for chapter in plan.assignment.chapters:
        exercises = plan.assignment.exercises(chapter)
        found = _found(sheets, exercises, plan.notebooks[chapter], notes)
        for id, exercise in exercises.items():
            began = time.perf_counter()
            results.append(_mark_one(exercise, found[id], plan, workers, notes))
            seconds[id] = round(time.perf_counter() - began, 3)
    problems = [*submission.problems, *(problem for sheet in sheets for problem in sheet.problems)]
    if not submission.files and not problems:
        problems.append("no notebook was handed in")
    return Record(
        student=submission.student, lms_id=submission.lms_id, title=plan.assignment.title, due=plan.assignment.due,
        late=submission.late, files=tuple(file.name for file in submission.files), digest=digest_of(submission),
        problems=tuple(problems), look_at=notes.lines(), exercises=tuple(results),
        stamp={**plan.stamp, "walls": list(workers.walls)},
        seconds={"total": round(time.perf_counter() - start, 3), **seconds},
    )


def digest_of(submission: Submission) -> str:
    """The sha256 of what was handed in: names and contents, in their order, and what could not be read."""
    digest = hashlib.sha256()
    for part in (*((file.name.encode("utf-8", "surrogatepass"), file.data) for file in submission.files),
                 *((b"problem", problem.encode("utf-8", "surrogatepass")) for problem in submission.problems)):
        for piece in part:
            digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


@cache
def _lesson(notebook: Path) -> LessonCells:
    return read_lesson(notebook)


@cache
def _expected(exercise: str, seed: int) -> Expected:
    return Expected(all_exercises()[exercise], seed)


def _found(
    sheets: Sequence[Sheet], exercises: Mapping[str, Exercise], notebook: Path, notes: _Notes
) -> Mapping[str, Found]:
    try:
        return find_answers(sheets, exercises, _lesson(notebook))
    except Exception as error:  # no submission ends the class's run
        notes.stumbled.append(f"chapter {notebook.name[:2]} could not be read: the grader stumbled over {_told(error)}")
        message = "Your notebook could not be read. It was put aside for somebody to look at."
        return dict.fromkeys(exercises, Found("broken", "", messages=(message,)))


def _mark_one(
    exercise: Exercise, found: Found, plan: Plan, workers: Workers, notes: _Notes
) -> ExerciseResult:
    if found.status != "found":
        return _result(exercise, plan, found.status, found.messages)
    where = f"{number_of(exercise.id)} {exercise.title}"
    odd = {each: "a cell of their own" for helper in found.helpers for each in odd_conduct(helper)}
    odd |= dict.fromkeys(odd_conduct(found.answer), where)
    notes.odd |= {each: place for each, place in odd.items() if place == where or each not in notes.odd}
    if exercise.forbid and (undermining := next((each for each in odd if each.undermines), None)):
        return _result(exercise, plan, "failed", found.messages, finding=reasons.not_run(undermining))
    program = Program(found.setup, found.helpers, found.answer, found.name)
    outcome = run_answer(workers, program, exercise, plan.seed, plan.limits)
    if outcome.kind is None and outcome.stopped and (bare := _bare(found)) != found:
        found = bare
        outcome = run_answer(workers, replace(program, helpers=bare.helpers), exercise, plan.seed, plan.limits)
    if outcome.stopped in ("time", "flooded"):  # how much was printed by then is different each time
        outcome = replace(outcome, printed="")
    if outcome.kind is None:
        return _without_answer(exercise, found, plan, outcome)
    try:
        verdict = compare(_expected(exercise.id, plan.seed), RecordedWitness(outcome), hidden=True)
    except Exception as error:  # a result that nobody thought of
        notes.stumbled.append(f"{where}: the result could not be compared: the grader stumbled over {_told(error)}")
        messages = (*found.messages, "What came out could not be compared. It was put aside for somebody to look at.")
        return _result(exercise, plan, "failed", messages, printed=outcome.printed)
    stopped = bool(outcome.stopped) and verdict.stage is not None and verdict.stage.name not in outcome.seen
    status = "stopped" if stopped else verdict.status
    finding = reasons.stopped(outcome) if stopped else verdict.finding
    messages = (*found.messages, *reasons.missing_name(finding, plan.notebooks[exercise.chapter]))
    return _result(exercise, plan, status, messages, verdict, finding, outcome.printed)


def _bare(found: Found) -> Found:
    """The same without what the learner's own cells do: they were stopped before it came to the answer."""
    helpers = tuple(source_of(definitions(ast.parse(helper))) for helper in found.helpers)
    message = ("Your own cells before the answer were stopped: they took all the time or memory there is. Of them,"
               " what they define was kept, and what they do was left out.")
    return replace(found, helpers=helpers, messages=(*found.messages, message)) if helpers != found.helpers else found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _without_answer(exercise: Exercise, found: Found, plan: Plan, outcome: Outcome) -> ExerciseResult:
    """The worker came to no answer: the learner's own cells stopped, or were stopped."""
    if outcome.broken:
        finding = explain_failure(outcome.broken.failure)
        where = {"answer": "the answer's own cell", "name": "looking up the answer by its name"}
        messages = (*found.messages, f"It stopped in {where.get(outcome.broken.cell, 'a cell before the answer')}.")
        messages = (*messages, *reasons.missing_name(finding, plan.notebooks[exercise.chapter]))
        return _result(exercise, plan, "broken", messages, finding=finding, printed=outcome.printed)
    messages, finding = found.messages, reasons.stopped(outcome)
    return _result(exercise, plan, "stopped", messages, finding=finding, printed=outcome.printed)


def _result(
    exercise: Exercise,
    plan: Plan,
    status: str,
    messages: Sequence[str],
    verdict: Verdict | None = None,
    finding: Finding | None = None,
    printed: str = "",
) -> ExerciseResult:
    worth = plan.assignment.points[exercise.id]
    stage = verdict.stage if verdict else None
    return ExerciseResult(
        id=exercise.id, number=number_of(exercise.id), chapter=exercise.chapter, title=exercise.title,
        points=worth if status == "passed" else 0.0, of=worth, status=status, stage=stage.name if stage else None,
        stage_hidden=bool(stage and stage.hidden), stages_passed=len(verdict.passed) if verdict else 0,
        stages=len(exercise.stages), finding=finding, messages=tuple(messages), printed=printed,
    )
