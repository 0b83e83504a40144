"""From a program to an outcome: what stops it, what is kept, and a server that can be lost."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.calling import Kind, Observation, observe
from course_lib.exercises.exercise import Case
from course_lib.exercises.judging import judge_by
from course_lib.grading.workers import notes, wire
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.listener import Listener
from course_lib.grading.workers.outcome import Outcome, Program, RecordedWitness, cases_of
from course_lib.grading.workers.run import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="grading needs fork")
CASES = {"a": Case({}), "b": Case({})}
START = notes.of_kind(Kind("function", "function", "a `function`"))
DEFAULT = Limits()
ENDED = {"code": 0, "processor": 0.1, "left": 0}


def heard(*reports, printed=b"", ended=ENDED, limits=DEFAULT):
    listener = Listener(CASES, len(CASES), limits)
    for data, is_print in ((printed, True), (b"".join(map(wire.encode, reports)), False)):
        out, into = os.pipe()
        os.write(into, data)
        os.close(into)
        while listener.read(out, printed=is_print):
            pass
        os.close(out)
    return listener.outcome(ended, 1.0)


def test_what_is_complete_counts_and_what_follows_is_not_read():
    first, second = notes.of_case(0, Observation(output=1)), notes.of_case(1, Observation(output=2))
    outcome = heard(START, first, second, notes.of_case(0, Observation(output=3)), "more")
    assert [seen.output for seen in outcome.seen.values()] == [1, 2] and not outcome.stopped
    outcome = heard(START, first)
    assert list(outcome.seen) == ["a"] and outcome.stopped == "died"
    outcome = heard(START, first, first, second)
    assert list(outcome.seen) == ["a"] and outcome.stopped == "garbled" and "case 1 was due" in outcome.told


@pytest.mark.parametrize(
    "code, processor, why",
    [
        (0, 0.1, "died"),
        (1, 0.1, "died"),
        (-9, 0.1, "memory"),
        (-9, 11, "time"),
        (-11, 1, "memory"),
        (-signal.SIGXCPU, 1, "time"),
    ],
)
def test_why_a_worker_ended(code, processor, why):
    outcome = heard(START, ended={"code": code, "processor": processor, "left": 2})
    assert outcome.stopped == why and outcome.told.endswith("2 of its processes could not be ended.")


def test_what_is_printed_is_bounded_and_harmless():
    outcome = heard(printed=b"\x1b[2Jcaf\xc3\xa9 \xff\x00" + b"x" * 50_000, limits=Limits(printed=100))
    assert outcome.printed.startswith("\ufffd[2Jcafé \ufffd\ufffdxxx") and len(outcome.printed) == 100
    assert heard(printed=b"x" * 2000, limits=Limits(flood=1000)).stopped == "flooded"


CLAIMS = [None, True, 3, float("nan"), "passed", (), [torch.ones(2)], {"a": 1}, wire.Foreign()]
CLAIMS += [
    torch.ones(shape).to(dtype)
    for shape in ((), (0,), (2, 3), (2, 3, 1, 1), (5,))
    for dtype in (torch.float32, torch.complex64, torch.bfloat16, torch.int8, torch.bool)
]


@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.parametrize("field", ["output", "repeat", "alone", "inputs_after", "gradients"])
def test_whatever_a_worker_claims_the_judge_comes_to_an_end(field):
    exercise = all_exercises()["squeeze"]
    cases = cases_of(exercise, 1)
    for claim in CLAIMS:
        seen = {}
        for number, (name, case) in enumerate(cases.items()):
            honest = notes.of_case(number, observe(lambda x: x.mean((2, 3)) * 1.5, case))
            among = field in ("inputs_after", "gradients")
            forged = {**honest, field: {"x": claim} if among else claim}
            try:
                (report,) = wire.FrameReader().feed(wire.encode(forged))
                seen[name] = notes.read_case(report, number, case)
            except wire.WireError:
                break
        outcome = Outcome(Kind("function", "function", "a `function`"), seen)
        assert judge_by(exercise, RecordedWitness(outcome), seed=1, hidden=True).status == "failed", claim


@pytest.fixture(scope="module")
def workers():
    with Workers() as workers:
        yield workers


def run(workers, answer, **options):
    cases = {"one": Case({"x": torch.ones(2)}), "two": Case({"x": torch.ones(3)})}
    return workers.run(Program("import os, time, torch", (), answer, "f"), cases, **options)


def test_a_case_that_hangs_keeps_those_before_it(workers):
    outcome = run(
        workers,
        "def f(x):\n if len(x) == 3: print('stuck'); time.sleep(60)\n return x",
        limits=Limits(seconds=2),
    )
    assert list(outcome.seen) == ["one"] and outcome.stopped == "time" and outcome.printed == "stuck\n"
    assert "2 s" in outcome.told and outcome.kind.what == "function"


def test_a_job_larger_than_a_pipe(workers):
    cases = {"big": Case({"x": torch.arange(10.0**6)})}
    outcome = workers.run(Program("", (), "f = lambda x: x.flip(0)", "f"), cases)
    assert torch.equal(outcome.seen["big"].output, torch.arange(10.0**6).flip(0))


def test_a_result_too_large_to_hand_back_is_told(workers):
    failure = run(workers, "f = lambda x: torch.zeros(1).expand(10**12)").seen["one"].failure
    assert failure.type == "WireError" and "too large to be handed back" in failure.message


def test_the_same_program_gives_the_same_numbers(workers):
    answer = (
        "import random, numpy\n"
        "draw = torch.randn(3), random.random(), float(numpy.random.rand()), hash('x')\n"
        "def f(x): return draw"
    )
    first, second = (run(workers, answer).seen["one"].output for _ in range(2))
    assert torch.equal(first[0], second[0]) and first[1:] == second[1:]


def test_several_work_side_by_side(workers):
    def grade(hand, name):
        outcomes = [run(hand, f"def f(x): print('{name}'); return x * {i}") for i in range(5)]
        return [(each.seen["two"].output[0].item(), set(each.printed.split())) for each in outcomes]

    with Workers() as others, ThreadPoolExecutor(2) as pool:
        found = list(pool.map(grade, (workers, others), ("one", "two")))
    assert found == [[(i, {name}) for i in range(5)] for name in ("one", "two")]
