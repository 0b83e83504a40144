"""Exceptions that people meet get advice that fits them."""

import pytest
import torch
from torch import nn

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.judging import judge
from course_lib.exercises.stumbles import _ADVICE

ATTENTION, MULTI_HEAD = all_exercises()["scaled-dot-product"], all_exercises()["multi-head"]


def _used_early(q, k, v, mask=None):
    w = s.softmax(-1)
    s = q @ k.mT
    return w @ v


def _again(q, k, v, mask=None):
    return _again(q, k, v, mask)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (lambda q, k, v, mask=None: q @ k, "inner sizes"),
        (lambda q, k, v, mask=None: q + v, "aligned at the right"),
        (lambda q, k, v, mask=None: torch.cat([q.mT, q.mT[..., :1]], dim=0), "`expand`"),
        (lambda q, k, v, mask=None: torch.cat([q[None], q]), "equally many axes"),
        (lambda q, k, v, mask=None: q.reshape(7, 7) @ v, "number of elements"),
        (lambda q, k, v, mask=None: q.T.view(-1), "Use `reshape`"),
        (lambda q, k, v, mask=None: (q - q.max(-1)) @ v, "`.values`"),
        (_used_early, "before the line that sets it"),
        (lambda q, k, v, mask=None: qq, "A typo"),  # noqa: F821
        (lambda q, k, v, mask=None: q.reshape(q.shape[0] / 1, -1), "`//`"),
        (lambda q, k, v, mask=None: q.reshape(1, q.shape[0] / 1, -1), "`//`"),
        (lambda q, k, v, mask=None: q if q > 0 else k, "one yes or no"),
        (lambda q, k, v, mask=None: q.masked_fill(~mask, 0), "if mask is not None"),
        (lambda q, k, v, mask=None: q.masked_fill(mask.logical_not(), 0), "if mask is not None"),
        (lambda q, k, v, mask=None: -(q > 0) * v, "boolean"),
        (lambda q, k, v, mask=None: [B for B, H, N, D in [q.shape]], "Count names and axes"),
        (lambda q, k, v, mask=None: (q @ k.mT).double() @ v, "`.to(q.dtype)`"),
        (lambda q, k, v, mask=None: torch.from_numpy(q.numpy()), "Stay in torch"),
        (_again, "calls itself"),
        (lambda q, k: q, "`def` line"),
        (lambda q, k, v, mask=None: torch.softmax(q), "need a `dim`"),
        (lambda q, k, v, mask=None: torch.zeros(10**13), "more memory"),
        (lambda q, k, v, mask=None: 1 / 0, "print the shape before"),
    ],
)
def test_advice(answer, advice):
    finding = judge(ATTENTION, answer).finding
    assert finding.name.startswith("raised") and advice in finding.try_next, finding


class NoSuper(nn.Module):
    def __init__(self, dim, num_heads):
        self.qkv = nn.Linear(dim, 3 * dim)


class NoForward(MULTI_HEAD.reference):
    forward = nn.Module.forward


@pytest.mark.parametrize(
    ("answer", "advice"), [(NoSuper, "super().__init__()"), (NoForward, "spelled right")]
)
def test_advice_for_modules(answer, advice):
    assert advice in judge(MULTI_HEAD, answer).finding.try_next


def test_the_quoted_line_is_the_learners_own():
    def answer(q, k, v, mask=None):
        return torch.nn.functional.layer_norm(q, (99,)) @ v

    assert "layer_norm(q, (99,))" in judge(ATTENTION, answer).finding.shows


def test_every_piece_of_advice_is_a_sentence():
    assert all(advice[0].isupper() or advice[0] == "`" for _, advice in _ADVICE)
    assert all(advice.endswith((".", "?")) for _, advice in _ADVICE)
