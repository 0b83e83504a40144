"""The calling half: what it may know, and a judge who never calls."""

import subprocess
import sys
from dataclasses import replace

import pytest
from torch import nn

import course_lib.exercises
from course_lib.exercises.bank import all_exercises
from course_lib.exercises.calling import Kind, kind_of, observe
from course_lib.exercises.judging import Expected, compare, judge, judge_by



def test_the_calling_half_brings_nothing_of_what_is_right_into_memory():
    code = ("import sys, course_lib.exercises.calling; "
            "print([m for m in sys.modules if m.startswith('course_lib.exercises.')])")
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name.rpartition(".")[2] for name in eval(answer)}
    assert loaded == {"calling", "exercise", "finding", "form", "shortcuts"}


def test_the_front_door_opens_on_demand():
    assert set(course_lib.exercises.__all__) <= set(dir(course_lib.exercises))
    assert all(callable(getattr(course_lib.exercises, name)) for name in course_lib.exercises.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        course_lib.exercises.chek
    with pytest.raises(ImportError):
        from course_lib.exercises import chek  # noqa: F401


@pytest.mark.parametrize("answer, what", [
    (len, "function"), (lambda: 0, "function"), (dict, "class"), (nn.ReLU, "module class"), (nn.ReLU(), "module"),
    (3, "value"), (None, "value")])
def test_kinds(answer, what):
    assert kind_of(answer).what == what


class Recorded:
    """A witness with notes of all stages, taken before the judge is asked."""

    def __init__(self, exercise, answer, seed):
        from course_lib.exercises.exercise import draw_case

        self.kind = kind_of(answer)
        self.notes = {stage.name: observe(answer, draw_case(exercise, stage, seed), exercise.forbid)
                      for stage in exercise.stages}

    def saw(self, stage, case, *, thorough=True):
        return self.notes[stage.name]


@pytest.mark.parametrize("id", ["scaled-dot-product", "receptive-field", "pre-norm-block"])
def test_notes_are_as_good_as_the_answer_itself(id):
    """So grading may judge what a worker wrote down."""
    exercise = all_exercises()[id]
    for answer in [exercise.reference, *(mistake.answer for mistake in exercise.mistakes[::4]), None, len]:
        told = judge_by(exercise, Recorded(exercise, answer, 5), seed=5, hidden=True)
        seen = judge(exercise, answer, seed=5, hidden=True)
        for field in ("status", "stage", "finding", "passed"):
            assert getattr(told, field) == getattr(seen, field)


def test_what_is_expected_is_run_once_however_many_are_judged():
    exercise, calls = all_exercises()["scaled-dot-product"], []
    original = exercise.reference
    exercise = replace(exercise, reference=lambda *inputs: calls.append(1) or original(*inputs))
    expected = Expected(exercise, 5)
    witnesses = [Recorded(exercise, mistake.answer, 5) for mistake in exercise.mistakes]
    first = [compare(expected, witness, hidden=True) for witness in witnesses]
    calls.clear()
    again = [compare(expected, witness, hidden=True) for witness in witnesses]
    assert not calls
    for verdict, repeated, mistake in zip(first, again, exercise.mistakes, strict=True):
        assert verdict.finding == repeated.finding and verdict.finding.name == mistake.name


def test_a_judge_believes_no_kind_that_is_not_what_was_asked_for():
    class Liar:
        kind = Kind("value", "int", "a `int`")

        def saw(self, stage, case, *, thorough=True):
            raise AssertionError("there was nothing to see")

    verdict = judge_by(all_exercises()["scaled-dot-product"], Liar())
    assert verdict.status == "failed" and verdict.finding.name == "a result, not the function"
