"""ContextGating against loops and F.glu, and what every gate must hold."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from course_lib.attention import ContextGating

TIGHT = {"rtol": 1e-5, "atol": 1e-5}


@torch.no_grad()
@given(lead=st.lists(st.integers(0, 3), max_size=3), dim=st.integers(1, 6))
def test_equals_loops(lead, dim):
    layer, x = ContextGating(dim), torch.randn(*lead, dim)
    weight, bias = layer.fc.weight.tolist(), layer.fc.bias.tolist()
    before, want = x.clone(), torch.empty(x.shape)
    for vector, gated in zip(x.reshape(-1, dim), want.view(-1, dim), strict=True):
        for o in range(dim):
            score = bias[o] + sum(weight[o][i] * vector[i].item() for i in range(dim))
            gated[o] = vector[o] / (1 + math.exp(-score))
    assert_close(layer(x), want, **TIGHT)
    assert_close(layer.gate(x) * x, want, **TIGHT)
    assert torch.equal(x, before)


@pytest.mark.parametrize("shape", [(6,), (2, 6), (2, 5, 6), (2, 3, 5, 6)], ids=str)
def test_equals_a_gated_linear_unit(shape, device):
    layer, x = ContextGating(6).to(device), torch.randn(shape, device=device)
    assert_close(layer(x), F.glu(torch.cat([x, layer.fc(x)], dim=-1)), **TIGHT)


def test_can_close_and_open():
    """A ReLU before the sigmoid would keep every gate above a half."""
    layer = ContextGating(6)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    gate = layer.gate(torch.randn(64, 6))
    assert gate.shape == (64, 6)
    assert gate.min() < 0.1 and gate.max() > 0.9 and 0 <= gate.min() and gate.max() <= 1


def test_one_feature_can_close_another():
    """The gate of a feature need not depend on that feature: this is what it has of its context."""
    layer = ContextGating(2)
    layer.load_state_dict({"fc.weight": torch.tensor([[0.0, -50.0], [0.0, 0.0]]), "fc.bias": torch.zeros(2)})
    assert_close(layer(torch.tensor([[3.0, 1.0], [3.0, -1.0]])), torch.tensor([[0.0, 0.5], [3.0, -0.5]]))


def test_tokens_do_not_meet():
    layer, x = ContextGating(6), torch.randn(3, 5, 6)
    for b in range(3):
        for n in range(5):
            assert_close(layer(x[b : b + 1, n : n + 1]), layer(x)[b : b + 1, n : n + 1], **TIGHT)


def test_every_parameter_has_a_name_and_a_gradient():
    layer, x = ContextGating(6), torch.randn(2, 5, 6, requires_grad=True)
    assert list(layer.state_dict()) == ["fc.weight", "fc.bias"]
    layer(x).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in [*layer.parameters(), x])


def test_strides_dtypes_and_autocast(device):
    layer, x = ContextGating(6).to(device), torch.randn(2, 5, 6, device=device)
    want = layer(x)
    assert_close(layer(x.transpose(0, 1).contiguous().transpose(0, 1)), want, **TIGHT)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert_close(layer(x).float(), want, rtol=3e-2, atol=3e-2)
    got = layer.bfloat16()(x.bfloat16())
    assert got.dtype == torch.bfloat16 and got.device.type == device
    assert_close(got.float(), want, rtol=3e-2, atol=3e-2)


def test_eval_is_the_same_and_it_fits_in_sequential():
    layer, x = ContextGating(6), torch.randn(2, 5, 6)
    assert torch.equal(nn.Sequential(layer, nn.Linear(6, 3))[0](x), layer.eval()(x))


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: ContextGating(0), "dim must be at least 1, got 0"),
        (lambda: ContextGating(6)(torch.zeros(2, 5)), r"x must be vectors \(\.\.\., 6\), got shape \(2, 5\)"),
        (lambda: ContextGating(6)(torch.zeros(())), r"x must be vectors \(\.\.\., 6\), got shape \(\)"),
        (lambda: ContextGating(6).gate(torch.zeros(2, 6).long()), "x must be a floating-point tensor"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
