"""Whatever a well-formed report claims, the judge comes to a verdict, and it is not that the answer is right."""

from dataclasses import replace

import pytest
import torch

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.calling import Kind, observe
from course_lib.exercises.judging import judge_by
from course_lib.grading.workers.notes import of_case, read_case
from course_lib.grading.workers.outcome import Outcome, RecordedWitness, cases_of
from course_lib.grading.workers.wire import FrameReader, WireError, encode

# What PyTorch says when it compares a complex number with a real one; it does compare.
pytestmark = pytest.mark.filterwarnings("ignore:Casting complex")
BANK = all_exercises()
SEED = 2**40 + 1
# A function, one with a mask, a module, one of two inputs, one that returns bools, one that returns a whole number.
EXERCISES = ["stable-softmax", "scaled-dot-product", "squeeze-excite", "additive-scores", "shifted-mask", "eca-kernel"]
ODD = {
    "bool": lambda like: torch.ones(like.shape, dtype=torch.bool),
    "complex": lambda like: torch.ones(like.shape, dtype=torch.complex64),
    "bfloat16": lambda like: torch.ones(like.shape, dtype=torch.bfloat16),
    "eight bits": lambda like: torch.ones(like.shape, dtype=torch.uint8),
    "whole numbers": lambda like: torch.full(like.shape, -(2**63), dtype=torch.int64),
    "NaN": lambda like: torch.full(like.shape, torch.nan),
    "infinity": lambda like: torch.full(like.shape, torch.inf),
    "one number": lambda like: torch.ones(()),
    "no numbers": lambda like: torch.ones(0, *like.shape),
    "no numbers, long axes": lambda like: torch.empty(2**20, 0, 2**20),
    "one axis more": lambda like: torch.ones(1, *like.shape),
    "sixteen axes": lambda like: torch.ones([1] * 16),
    "None": lambda like: None,
    "text": lambda like: "text",
    "a number": lambda like: float("nan"),
    "a large number": lambda like: 2**899,
    "a tuple": lambda like: (torch.ones(2), None),
    "lists": lambda like: [[[[torch.ones(1, dtype=torch.bool)]]]],
    "a dict": lambda like: {"a": torch.ones(2)},
    "empty": lambda like: (),
    "a foreign thing": lambda like: object(),
}
FIELDS = ("output", "repeat", "output and repeat", "alone", "inputs_after", "gradients", "all")


def first_tensor(value):
    values = value if isinstance(value, (tuple, list)) else [value]
    return next((each for each in values if isinstance(each, torch.Tensor)), torch.ones(2, 3))


def changed(seen, field, odd):
    like = first_tensor(seen.output)
    everywhere = {
        "output": odd(like), "repeat": odd(like), "alone": odd(like),
        "inputs_after": {name: odd(first_tensor(value)) for name, value in seen.inputs_after.items()},
        "gradients": {name: odd(first_tensor(value)) for name, value in seen.gradients.items()},
    }
    names = {"all": tuple(everywhere), "output and repeat": ("output", "repeat")}.get(field, (field,))
    return replace(seen, **{name: everywhere[name] for name in names})


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("field", FIELDS)
def test_odd_reports(id, field):
    exercise = BANK[id]
    cases = cases_of(exercise, SEED)
    right = {name: observe(exercise.reference, case) for name, case in cases.items()}
    kind = Kind("module class" if exercise.wants_module else "function", "f", "f")
    for name, odd in ODD.items():
        try:
            seen = {
                stage: read_case(FrameReader().feed(encode(of_case(i, changed(right[stage], field, odd))))[0], i, case)
                for i, (stage, case) in enumerate(cases.items())
            }
        except WireError:  # refused before the judge: as good
            continue
        verdict = judge_by(exercise, RecordedWitness(Outcome(kind, seen)), seed=SEED, hidden=True)
        harmless = field not in ("output", "all")
        assert verdict.status == "failed" or harmless, (name, verdict)


def test_the_right_report_is_right():
    for id in EXERCISES:
        seen = {name: observe(BANK[id].reference, case) for name, case in cases_of(BANK[id], SEED).items()}
        kind = Kind("module class" if BANK[id].wants_module else "function", "f", "f")
        assert judge_by(BANK[id], RecordedWitness(Outcome(kind, seen)), seed=SEED, hidden=True).status == "passed"


def test_no_report_at_all():
    for id in EXERCISES:
        kind = Kind("module class" if BANK[id].wants_module else "function", "f", "f")
        verdict = judge_by(BANK[id], RecordedWitness(Outcome(kind, {})), seed=SEED, hidden=True)
        assert (verdict.status, verdict.passed) == ("failed", ())
