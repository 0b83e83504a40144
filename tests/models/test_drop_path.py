"""Stochastic depth: whole branches of whole samples, in training only."""

import pytest
import torch
from timm.layers import DropPath as Theirs

from course_lib.models import DropPath
from course_lib.models.drop_path import drop_path_rates


@pytest.mark.parametrize("shape", [(4000,), (4000, 3), (4000, 2, 3)])
def test_a_sample_is_kept_whole_or_dropped_whole(shape):
    out = DropPath(0.3).train()(torch.ones(shape)).reshape(4000, -1)
    assert sorted(out.unique().tolist()) == pytest.approx([0.0, 1 / 0.7])
    assert (out == out[:, :1]).all()
    assert (out[:, 0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert out.mean().item() == pytest.approx(1.0, abs=0.05)


def test_equals_timm_for_the_same_draws(device):
    x = torch.randn(50, 3, 4, device=device)
    outs = []
    for module in (DropPath(0.4), Theirs(0.4)):
        torch.manual_seed(3)
        outs.append(module.train()(x))
    torch.testing.assert_close(*outs)


@pytest.mark.parametrize("module", [DropPath(0.9).eval(), DropPath(0.0).train(), DropPath().train()])
def test_does_nothing_in_eval_or_at_rate_zero(module):
    x = torch.randn(5, 3)
    assert torch.equal(module(x), x)


def test_gradient_dtype_and_input():
    x = torch.ones(200, 2, dtype=torch.bfloat16, requires_grad=True)
    out = DropPath(0.5).train()(x)
    out.sum().backward()
    assert out.dtype == torch.bfloat16 and torch.equal(x.grad, out.detach())  # x is 1: the slope is the mask
    assert (x == 1).all() and DropPath(0.5)(torch.zeros(0, 3)).shape == (0, 3)
    assert repr(DropPath(0.5)) == "DropPath(drop_prob=0.5)"


def test_rates_rise_evenly():
    assert drop_path_rates(0.3, 4) == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert drop_path_rates(0.3, 1) == [0.0] and drop_path_rates(0.0, 2) == [0.0, 0.0]


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: DropPath(1.0), r"drop_prob must lie in \[0, 1\), got 1.0"),
        (lambda: DropPath(-0.1), r"drop_prob must lie in"),
        (lambda: drop_path_rates(1.2, 3), r"drop_path_rate must lie in \[0, 1\), got 1.2"),
        (lambda: drop_path_rates(0.1, 0), r"depth must be at least 1, got 0"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
