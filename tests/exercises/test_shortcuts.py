"""A forbidden function is noticed under whatever name it is called, and nothing else is."""

import contextlib
import sys
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.attention import attend
from course_lib.exercises.bank import all_exercises
from course_lib.exercises.judging import judge
from course_lib.exercises.shortcuts import ShortcutUsed, watch_for

SDPA = "torch.nn.functional.scaled_dot_product_attention"
alias = F.scaled_dot_product_attention
x = torch.randn(2, 2, 3, 4)


def _past_torch(function, *inputs):
    """A call that `__torch_function__` does not see."""
    with torch._C.DisableTorchFunction():
        return function(*inputs)


def _quietly(call):
    with contextlib.suppress(ShortcutUsed):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.scaled_dot_product_attention(x, x, x),
        lambda: alias(x, x, x, is_causal=True),
        lambda: torch.ops.aten.scaled_dot_product_attention(x, x, x),
        lambda: torch._C._nn.scaled_dot_product_attention(x, x, x),
        lambda: alias(x.clone().requires_grad_(), x, x),
        lambda: alias(x[0, 0], x[0, 0], x[0, 0]),
        lambda: _past_torch(alias, x, x, x),
        lambda: _past_torch(torch.ops.aten.scaled_dot_product_attention.default, x, x, x),
    ],
)
def test_fused_attention_is_seen(call):
    with pytest.raises(ShortcutUsed), watch_for((SDPA,)):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: x.softmax(-1),
        lambda: F.softmax(x, -1),
        lambda: nn.Softmax(-1)(x),
        lambda: x.log_softmax(-1),
        lambda: x.logsumexp(-1),
        lambda: torch.logcumsumexp(x, -1),
        lambda: torch.special.softmax(x, -1),
        lambda: alias(x, x, x),
        lambda: torch.ops.aten._softmax(x, -1, False),
        lambda: _past_torch(torch.softmax, x, -1),
        lambda: list(map(torch.softmax, [x], [-1])),
        lambda: nn.functional.cross_entropy(x[0, 0], torch.tensor([1, 0, 2])),
    ],
)
def test_softmax_is_seen(call):
    with pytest.raises(ShortcutUsed), watch_for(("torch.softmax", SDPA)):
        call()


@pytest.mark.filterwarnings("ignore:`torch.jit.trace` is deprecated")
def test_it_is_seen_where_no_python_calls_it():
    traced = torch.jit.trace(lambda q: alias(q, q, q), x)
    with contextlib.suppress(RuntimeError), watch_for((SDPA,)) as watch:  # what the interpreter of traces makes of it
        traced(x)
    assert watch.used


@pytest.mark.parametrize("name, call", [("torch.softmax", lambda: x.softmax(-1)),
                                        ("course_lib.attention.attend", lambda: attend(x, x, x))])
def test_in_another_thread_it_is_seen_too(name, call):
    with watch_for((name,)) as watch:
        worker = threading.Thread(target=_quietly, args=(call,))
        worker.start()
        worker.join()
    assert watch.used


def test_who_takes_the_watch_off_has_used_a_shortcut():
    def sly(scores, mask=None):
        sys.setprofile(None)
        return (scores - scores.amax(-1, keepdim=True)).exp()

    with watch_for(("torch.softmax",)) as watch:
        sly(x)
    assert watch.used == "sys.setprofile" and sys.getprofile() is None


def test_a_class_without_a_forward_is_seen_when_it_is_made():
    from course_lib.training import ConfusionMatrix as Counter

    with pytest.raises(ShortcutUsed, match="ConfusionMatrix"), watch_for(
            ("course_lib.training.confusion.ConfusionMatrix",)):
        Counter(3)


def test_python_functions_and_modules_are_seen():
    hidden_under = attend
    with pytest.raises(ShortcutUsed, match="attend"), watch_for(("course_lib.attention.attend",)):
        hidden_under(x, x, x)
    module = nn.MultiheadAttention(4, 2, batch_first=True).eval()
    with torch.no_grad(), pytest.raises(ShortcutUsed), watch_for(("torch.nn.MultiheadAttention",)):
        module(x[0], x[0], x[0])


def test_what_is_allowed_passes_and_the_profiler_is_put_back():
    before = sys.getprofile()
    with watch_for(("torch.softmax", SDPA, "torch.nn.MultiheadAttention")) as watch:
        (x @ x.mT).exp().sum()
    assert watch.used is None and sys.getprofile() is before


def test_a_swallowed_refusal_is_still_reported():
    def sly(q, k, v, mask=None):
        try:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        except Exception:
            return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v

    verdict = judge(all_exercises()["scaled-dot-product"], sly)
    assert verdict.finding.name == "shortcut" and "scaled_dot_product_attention" in verdict.finding.shows


def test_every_forbidden_name_exists():
    for exercise in all_exercises().values():
        with watch_for(exercise.forbid):
            pass
