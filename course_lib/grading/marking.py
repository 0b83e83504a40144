"""One submission, from its notebooks to its record."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.exercises.bank import all_exercises, number_of
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.finding import Finding
from course_lib.exercises.judging import Expected, Verdict, compare
from course_lib.exercises.stumbles import explain_failure
from course_lib.grading.answers import Found, LessonCells, find_answers, read_lesson, sheets_of
from course_lib.grading.assignment import Assignment
from course_lib.grading.collect import Submission
from course_lib.grading.limits import Limits
from course_lib.grading.outcome import Outcome, Program, RecordedWitness
from course_lib.grading.records import ExerciseResult, Record
from course_lib.grading.run import Workers, run_answer


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


def mark(submission: Submission, plan: Plan, workers: Workers) -> Record:
    """Grade one submission. What its code does can change its own record, and nothing else."""
    sheets = sheets_of(submission.files)
    results, seconds = [], {}
    start = time.perf_counter()
    for chapter in plan.assignment.chapters:
        exercises = plan.assignment.exercises(chapter)
        found = find_answers(sheets, exercises, _lesson(plan.notebooks[chapter]))
        for id, exercise in exercises.items():
            began = time.perf_counter()
            results.append(_mark_one(exercise, found[id], plan, workers))
            seconds[id] = round(time.perf_counter() - began, 3)
    problems = [*submission.problems, *(problem for sheet in sheets for problem in sheet.problems)]
    if not submission.files and not problems:
        problems.append("no notebook was handed in")
    return Record(
        student=submission.student, lms_id=submission.lms_id, title=plan.assignment.title, due=plan.assignment.due,
        late=submission.late, files=tuple(file.name for file in submission.files), digest=digest_of(submission),
        problems=tuple(problems), exercises=tuple(results), stamp={**plan.stamp, "walls": list(workers.walls)},
        seconds={"total": round(time.perf_counter() - start, 3), **seconds},
    )


def digest_of(submission: Submission) -> str:
    """The sha256 of what was handed in: names and contents, in their order, and what could not be read."""
    digest = hashlib.sha256()
    for part in (*((file.name.encode(), file.data) for file in submission.files),
                 *((b"problem", problem.encode()) for problem in submission.problems)):
        for piece in part:
            digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


@cache
def _lesson(notebook: Path) -> LessonCells:
    return read_lesson(notebook)


@cache
def _expected(exercise: str, seed: int) -> Expected:
    return Expected(all_exercises()[exercise], seed)


def _mark_one(exercise: Exercise, found: Found, plan: Plan, workers: Workers) -> ExerciseResult:
    if found.status != "found":
        return _result(exercise, plan, found.status, found.messages)
    program = Program(found.setup, found.helpers, found.answer, found.name)
    outcome = run_answer(workers, program, exercise, plan.seed, plan.limits)
    if outcome.kind is None:
        return _without_answer(exercise, found, plan, outcome)
    verdict = compare(_expected(exercise.id, plan.seed), RecordedWitness(outcome), hidden=True)
    stopped = bool(outcome.stopped) and verdict.stage is not None and verdict.stage.name not in outcome.seen
    status = "stopped" if stopped else verdict.status
    finding = Finding(outcome.stopped, outcome.told, _what_to_do(outcome)) if stopped else verdict.finding
    return _result(exercise, plan, status, found.messages, verdict, finding, outcome.printed)


def _without_answer(exercise: Exercise, found: Found, plan: Plan, outcome: Outcome) -> ExerciseResult:
    """The worker came to no answer: the learner's own cells stopped, or were stopped."""
    if outcome.broken:
        finding = explain_failure(outcome.broken.failure)
        where = {"answer": "the answer's own cell", "name": "looking up the answer by its name"}
        messages = (*found.messages, f"It stopped in {where.get(outcome.broken.cell, 'a cell before the answer')}.")
        return _result(exercise, plan, "broken", messages, finding=finding, printed=outcome.printed)
    finding = Finding(outcome.stopped or "stopped", outcome.told, _what_to_do(outcome))
    return _result(exercise, plan, "stopped", found.messages, finding=finding, printed=outcome.printed)


def _what_to_do(outcome: Outcome) -> str:
    if outcome.stopped == "time":
        return ("Is there a loop that does not end, or does a cell of your own train or download something? Put that"
                " under `if __name__ == \"__main__\":`, or take it out of the notebook that you hand in.")
    if outcome.stopped == "memory":
        return "Does a list or a tensor grow without end, or is a tensor made for every pair of everything?"
    return "The exercise asks for a function of its inputs. It needs no files, no other processes and no network."


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
