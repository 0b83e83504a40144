"""What an exercise forbids is gone from its worker, whatever the learner's code has done to those who watch."""

import sys

import pytest
import torch

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.exercise import Case
from course_lib.exercises.shortcuts import function_of
from course_lib.grading.workers.outcome import Program
from course_lib.grading.workers.run import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="grading needs fork")
SOFTMAX, SDPA = "torch.softmax", "torch.nn.functional.scaled_dot_product_attention"
CASES = {"a": Case({"x": torch.randn(2, 2, 3, 4)})}
SETUP = "import sys, threading, torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
BLINDED = """
import course_lib.exercises.shortcuts as s
s.watch_for.__enter__ = lambda watch: watch
s.watch_for.__exit__ = lambda *_: None
"""


@pytest.fixture(scope="module")
def workers():
    with Workers() as workers:
        yield workers


def run(workers, answer, *helpers, forbid=()):
    outcome = workers.run(Program(SETUP, helpers, answer, "f"), CASES, forbid=forbid)
    assert not outcome.broken and not outcome.stopped, (outcome.broken, outcome.told)
    return outcome.seen["a"]


def refused(workers, call, name):
    """Whether the call comes through where it is allowed, and is refused where it is not, with nobody watching."""
    answer = f"def f(x): return {call}"
    allowed, forbidden = run(workers, answer, BLINDED), run(workers, answer, BLINDED, forbid=(name,))
    assert allowed.failure is None and isinstance(allowed.output, torch.Tensor)
    return forbidden.output is None and (forbidden.shortcut or "not allowed" in forbidden.failure.message)


@pytest.mark.parametrize("call", [
    "x.softmax(-1)", "x.double().softmax(-1)", "x.detach().softmax(-1)", "x.log_softmax(-1)", "x.logsumexp(-1)",
    "torch.softmax(x.detach(), -1, out=torch.empty_like(x))", "torch.logcumsumexp(x, -1)",
    "F.cross_entropy(x[0, 0], torch.tensor([1, 0, 2]))", "F.scaled_dot_product_attention(x, x, x)",
])
def test_softmax_is_gone(workers, call):
    assert refused(workers, call, SOFTMAX)


@pytest.mark.parametrize("call", [
    "F.scaled_dot_product_attention(x, x, x)", "F.scaled_dot_product_attention(x.detach(), x.detach(), x.detach())",
    "F.scaled_dot_product_attention(x, x, x, torch.ones(3, 3).bool())",
    "torch.ops.aten.scaled_dot_product_attention(x, x, x)",
    "nn.MultiheadAttention(4, 2, batch_first=True).eval()(x[0], x[0], x[0], need_weights=False)[0]",
])
def test_fused_attention_is_gone_and_softmax_is_there(workers, call):
    assert refused(workers, call, SDPA)
    assert not refused(workers, "x.softmax(-1)", SDPA)


def test_a_thread_from_before_is_refused_too(workers):
    helper = """
from queue import Queue
asked, said = Queue(), Queue()
def serve():
    while True:
        try: said.put(asked.get().softmax(-1))
        except BaseException as error: said.put(error)
threading.Thread(target=serve, daemon=True).start()
"""
    answer = "def f(x):\n    asked.put(x)\n    return type(said.get()).__name__"
    assert run(workers, answer, helper).output == "Tensor"
    assert run(workers, answer, helper, forbid=(SOFTMAX,)).output == "ShortcutUsed"


def test_every_forbidden_function_is_refused_by_its_name(workers):
    names = sorted({name for exercise in all_exercises().values() for name in exercise.forbid})
    functions = [name for name in names if not name.startswith("torch.autograd") and name not in (SOFTMAX, SDPA)]
    assert len(functions) > 30
    answer = f"""
from course_lib.exercises.shortcuts import ShortcutUsed, function_of
def f(x):
    told = []
    for name in {functions}:
        try: function_of(name)(None, None)
        except ShortcutUsed as used: told.append(used.name)
        except Exception: told.append("")
    return told
"""
    assert set(run(workers, answer, BLINDED).output) == {""}
    told = run(workers, answer, BLINDED, forbid=tuple(names)).output
    # A function with two names is told by either.
    assert [function_of(name) for name in told] == [function_of(name) for name in functions]


def test_gradients_can_be_taken_although_they_are_forbidden_to_the_answer(workers):
    seen = run(workers, "def f(x): return 2 * x", forbid=("torch.autograd.grad",))
    assert seen.gradients["x"].any()
    assert run(workers, "def f(x): return torch.autograd.grad(x.sum(), x)[0]", forbid=("torch.autograd.grad",)).shortcut
