"""A real worker's notes are as good as the answer itself, and it has nothing that it must not have."""

import inspect
import io
import subprocess
import sys

import pytest
import torch
from torch import nn

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.calling import Failure
from course_lib.exercises.exercise import Case
from course_lib.exercises.judging import judge, judge_by
from course_lib.grading.workers.notes import Broken
from course_lib.grading.workers.outcome import Program, RecordedWitness, cases_of
from course_lib.grading.workers.parcel import pack
from course_lib.grading.workers.run import Workers, run_answer
from course_lib.grading.workers.worker import Job, load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="grading needs fork")
SETUP = "import torch\nfrom torch import nn\nfrom course_lib.exercises import check, hint, quiz\n"
CASES = {
    "one": Case({"x": torch.arange(6.0).view(2, 3)}, batched=("x",)),
    "two": Case({"x": torch.ones(1, 2)}),
}


@pytest.fixture(scope="module")
def workers():
    with Workers() as workers:
        yield workers


def run(workers, answer, *helpers, name="f", cases=CASES, **options):
    return workers.run(Program(SETUP, helpers, answer, name), cases, **options)


def test_the_worker_side_brings_nothing_of_what_is_right_into_memory():
    code = (
        "import sys, course_lib.grading.workers.server; "
        "print([m for m in sys.modules if m.startswith('course_lib.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    parts = {name.removeprefix("course_lib.") for name in eval(out)}
    assert parts == {"exercises", "grading", "grading.workers"} | {
        f"exercises.{name}" for name in ("calling", "exercise", "finding", "form", "shortcuts")
    } | {
        f"grading.workers.{name}"
        for name in (
            "beginning", "building", "channel", "confine", "disarm", "huge_pages", "landlock", "leftovers", "limits", "namespaces", "notes", "rights", "server",
            "syscall_filter", "told", "values", "walls", "wire", "worker",
        )
    }


def test_an_answer_is_run_in_the_lessons_namespace(workers):
    outcome = run(workers, "def f(x): return twice(x)", "def twice(x): return 2 * x", "check('any', f)")
    assert outcome.seen["one"].output.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert outcome.seen["one"].gradients["x"].shape == (2, 3) and outcome.kind.what == "function"
    assert "NameError" in outcome.printed and not outcome.stopped


def test_no_answer_finds_anything_of_the_one_before(workers):
    run(
        workers,
        "import builtins\nleft = builtins.left = torch.left = 1\ndef f(x): return x",
        "open('left', 'w').write('x')",
    )
    outcome = run(
        workers, "import os\ndef f(x): return 'left' in globals(), hasattr(torch, 'left'), os.listdir()"
    )
    assert outcome.seen["one"].output == (False, False, [])


@pytest.mark.parametrize(
    "answer, helpers, cell, kind, line",
    [
        ("def f(x) return x", (), "answer", "SyntaxError", "def f(x) return x"),
        ("1 / 0\ndef f(x): return x", (), "answer", "ZeroDivisionError", "1 / 0"),
        ("def g(x): return x", (), "name", "NameError", ""),
        ("", ("def f(x):\n  oops(",), "helper 1", "SyntaxError", "oops("),
        ("f = g", ("def g(x):\n  oops(",), "answer", "NameError", "f = g"),
        ("exit()", (), "answer", "SystemExit", "exit()"),
        ("raise KeyboardInterrupt", (), "answer", "KeyboardInterrupt", "raise KeyboardInterrupt"),
    ],
)
def test_cells_that_stop_are_told_with_their_line(workers, answer, helpers, cell, kind, line):
    outcome = run(workers, answer, *helpers)
    assert isinstance(outcome.broken, Broken) and (outcome.broken.cell, outcome.broken.failure.type) == (
        cell,
        kind,
    )
    assert outcome.broken.failure.line.strip() == line and not outcome.seen
    with pytest.raises(ValueError, match="no answer to judge"):
        RecordedWitness(outcome)


def test_a_helper_that_stops_does_not_stop_the_rest(workers):
    outcome = run(workers, "def f(x): return x", "1 / 0")
    assert not outcome.broken and len(outcome.seen) == 2 and "ZeroDivisionError" in outcome.printed


def test_what_is_printed_is_kept_but_for_hidden_stages(workers):
    outcome = run(workers, "print('cell')\ndef f(x): print(len(x)); return x", hidden=frozenset({"two"}))
    assert outcome.printed == "cell\n2\n"


@pytest.mark.parametrize("hidden", ["one", "two"])
def test_hidden_cases_are_in_no_worker_before_the_open_ones_are_done_and_printed_nowhere_then(workers, hidden):
    helper = "import gc, os\nkept = os.dup(1)\nprint([len(o.cases) for o in gc.get_objects() if type(o).__name__ == 'Job'])"
    answer = "def f(x):\n    os.write(kept, f'{len(x)} '.encode())\n    print(len(x), end=' ')\n    return x"
    cases = {"one": Case({"x": torch.ones(3)}), "two": Case({"x": torch.ones(5)})}
    outcome = run(workers, answer, helper, cases=cases, hidden=frozenset({hidden}))
    assert {name: len(seen.output) for name, seen in outcome.seen.items()} == {"one": 3, "two": 5}
    assert ("5" if hidden == "two" else "3") not in outcome.printed
    assert outcome.printed.startswith("[1]") and ("3" if hidden == "two" else "5") in outcome.printed


def test_a_module_gets_its_weights(workers):
    case = Case(
        {"x": torch.ones(1, 2)}, {"n": 2}, {"weight": torch.full((1, 2), 3.0), "bias": torch.zeros(1)}
    )
    answer = "class f(nn.Linear):\n  def __init__(self, n): super().__init__(n, 1)"
    outcome = run(workers, answer, cases={"a": case})
    assert outcome.seen["a"].output.item() == 6 and outcome.kind.what == "module class"


def test_inputs_arrive_as_they_are_in_memory():
    job = Job(
        (),
        "",
        "f",
        (
            Case(
                {
                    "x": torch.arange(6.0).view(2, 3).T,
                    "y": torch.ones(2, 1).expand(2, 3),
                    "z": torch.ones(0, 2),
                    "n": nn.ReLU(),
                }
            ),
        ),
        False,
        (),
    )
    case = load(io.BytesIO(pack(job))).cases[0]
    assert torch.equal(case.inputs["x"], torch.arange(6.0).view(2, 3).T) and case.inputs["x"].stride() == (
        1,
        3,
    )
    assert torch.equal(case.inputs["y"], torch.ones(2, 3)) and case.inputs["z"].shape == (0, 2)


def test_what_a_worker_cannot_have_is_refused_before_it_is_sent():
    reference = all_exercises()["squeeze"].reference
    with pytest.raises(ValueError, match="does not see the bank"):
        pack(Job((), "", "f", (Case({"x": reference}),), False, ()))


def test_a_setup_cell_that_fails_is_not_the_learners_fault(workers):
    with pytest.raises(RuntimeError, match="setup cell stopped with ZeroDivisionError"):
        workers.run(Program("1 / 0", (), "", "f"), CASES)
    with pytest.raises(RuntimeError, match="no_such"):
        run(workers, "", forbid=("course_lib.no_such.thing",))
    assert run(workers, "def f(x): return x").seen


# Judged through a worker as on the spot


def sources(exercise):
    """Answers that can be written down: (answer, cell, name), from the answers' own module."""
    module = inspect.getmodule(exercise.reference)
    cell = inspect.getsource(module)
    for answer in (exercise.reference, *(mistake.answer for mistake in exercise.mistakes[::4])):
        name = getattr(answer, "__name__", "")
        if inspect.getmodule(answer) is module and getattr(module, name, None) is answer:
            yield answer, cell, name


@pytest.mark.parametrize("id", ["squeeze", "receptive-field", "straight-through", "class-token"])
def test_a_workers_notes_are_judged_as_the_answer_itself(workers, id):
    exercise = all_exercises()[id]
    written = list(sources(exercise))
    for answer, cell, name in written:
        outcome = run_answer(workers, Program(SETUP, (), cell, name), exercise, seed=5)
        told = judge_by(exercise, RecordedWitness(outcome), seed=5, hidden=True)
        seen = judge(exercise, answer, seed=5, hidden=True)
        for field in ("status", "stage", "finding", "passed"):
            assert getattr(told, field) == getattr(seen, field), (name, field)
    assert written[0][0] is exercise.reference


BROKEN = [
    "raise NotImplementedError('exercise squeeze')",
    "return",
    "return 1",
    "return x.sum((2, 3))",
    "return x / 0",
    "return x.mean((2, 3)).tolist()",
    "x.zero_(); return x.sum((2, 3))",
    "return torch.rand(2)",
    "exit()",
    "return x.mean((2, 3)).detach()",
    "return x[5, 7, 9]",
    "return x.mean((2, 3)).double()",
    "raise KeyError(3)",
]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_answers_are_told_as_on_the_spot(workers, body):
    exercise, namespace = all_exercises()["squeeze"], {"torch": torch}
    cell = f"def f(x):\n    {body}\n"
    exec(cell, namespace)
    outcome = run_answer(workers, Program(SETUP, (), cell, "f"), exercise, seed=5)
    told = judge_by(exercise, RecordedWitness(outcome), seed=5, hidden=True)
    seen = judge(exercise, namespace["f"], seed=5, hidden=True)
    assert (told.status, told.passed, told.stage) == (seen.status, seen.passed, seen.stage)
    assert (told.finding and told.finding.name) == (seen.finding and seen.finding.name)


@pytest.mark.parametrize(
    "answer", ["f = 3", "f = None", "f = nn.ReLU()", "class f: pass", "class f(nn.Module): pass"]
)
def test_what_is_no_function_is_told_as_on_the_spot(workers, answer):
    exercise, namespace = all_exercises()["squeeze"], {"nn": nn}
    exec(answer, namespace)
    outcome = run_answer(workers, Program(SETUP, (), answer, "f"), exercise, seed=5)
    told = judge_by(exercise, RecordedWitness(outcome), seed=5, hidden=True)
    seen = judge(exercise, namespace["f"], seed=5, hidden=True)
    assert (told.status, told.finding) == (seen.status, seen.finding) and told.status == "failed"


def test_a_case_that_was_not_reached_fails_with_the_reason(workers):
    exercise = all_exercises()["squeeze"]
    outcome = run(
        workers, "def f(x): return x.mean((2, 3))", cases=dict(list(cases_of(exercise, 5).items())[:2])
    )
    verdict = judge_by(exercise, RecordedWitness(outcome), seed=5, hidden=True)
    assert verdict.stage is exercise.stages[2] and len(verdict.passed) == 2
    assert outcome.seen[exercise.stages[0].name].failure is None
    assert (
        Failure("Stopped", "this case was not run")
        == RecordedWitness(outcome).saw(verdict.stage, None).failure
    )


@pytest.mark.parametrize("id", ["tokens-and-back", "matching-width"])
def test_functions_among_the_inputs_reach_the_worker(workers, id):
    exercise = all_exercises()[id]
    cell = inspect.getsource(inspect.getmodule(exercise.reference))
    outcome = run_answer(workers, Program(SETUP, (), cell, exercise.reference.__name__), exercise, seed=5)
    assert judge_by(exercise, RecordedWitness(outcome), seed=5, hidden=True).status == "passed"
