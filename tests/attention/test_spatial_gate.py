"""The spatial gates against loops over places and against timm's, and what every gate must hold."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers.cbam import SpatialAttn
from torch import nn
from torch.testing import assert_close

from course_lib.attention import CBAMSpatialGate, SpatialGate, soft_location

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
GATES = [pytest.param(lambda: SpatialGate(6, 4), id="convolutions"), pytest.param(CBAMSpatialGate, id="CBAM")]


def convolution_by_loops(x, conv):
    """One sample, (C, H, W) -> (out, H, W): what lies outside the map is 0."""
    (_, height, width), reach = x.shape, conv.kernel_size[0] // 2
    out = torch.zeros(conv.out_channels, height, width)
    for o in range(conv.out_channels):
        for i in range(height):
            for j in range(width):
                out[o, i, j] = conv.bias[o]
                for di in range(-reach, reach + 1):
                    for dj in range(-reach, reach + 1):
                        if 0 <= i + di < height and 0 <= j + dj < width:
                            out[o, i, j] += conv.weight[o, :, di + reach, dj + reach] @ x[:, i + di, j + dj]
    return out


@torch.no_grad()
@settings(max_examples=15)
@given(
    batch=st.integers(0, 2),
    dim=st.integers(1, 4),
    hidden=st.integers(1, 3),
    height=st.integers(1, 4),
    width=st.integers(1, 5),
)
def test_convolutions_equal_loops(batch, dim, hidden, height, width):
    layer, x = SpatialGate(dim, hidden), torch.randn(batch, dim, height, width)
    before, gate = x.clone(), layer.gate(x)
    assert gate.shape == (batch, 1, height, width)
    for b in range(batch):
        middle = convolution_by_loops(x[b], layer.conv1).clamp(min=0)
        scores = convolution_by_loops(middle, layer.conv2)
        assert_close(gate[b], 1 / (1 + torch.exp(-scores)), **TIGHT)
    assert_close(layer(x), x * gate)
    assert torch.equal(x, before)


@torch.no_grad()
@settings(max_examples=15)
@given(
    batch=st.integers(0, 2),
    dim=st.integers(1, 4),
    height=st.integers(1, 4),
    width=st.integers(1, 5),
    kernel_size=st.sampled_from([1, 3, 7]),
)
def test_cbam_equals_loops(batch, dim, height, width, kernel_size):
    layer, x = CBAMSpatialGate(kernel_size), torch.randn(batch, dim, height, width)
    before, gate = x.clone(), layer.gate(x)
    assert gate.shape == (batch, 1, height, width)
    for b in range(batch):
        pooled = torch.zeros(2, height, width)
        for i in range(height):
            for j in range(width):
                here = x[b, :, i, j].tolist()
                pooled[:, i, j] = torch.tensor([sum(here) / dim, max(here)])
        scores = convolution_by_loops(pooled, layer.conv)
        assert_close(gate[b], 1 / (1 + torch.exp(-scores)), **TIGHT)
    assert_close(layer(x), x * gate)
    assert torch.equal(x, before)


@pytest.mark.parametrize("kernel_size", [3, 7])
def test_cbam_equals_timm_with_its_batch_norm_folded(kernel_size, device):
    theirs = SpatialAttn(kernel_size).to(device).eval()
    norm = theirs.conv.bn
    for statistic in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(statistic)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    ours = CBAMSpatialGate(kernel_size).to(device)
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()  # (1,)
    weight, bias = theirs.conv.conv.weight * factor, norm.bias - norm.running_mean * factor
    ours.load_state_dict({"conv.weight": weight, "conv.bias": bias})
    x = torch.randn(2, 6, 5, 9, device=device)
    assert_close(ours(x), theirs(x), **TIGHT)


def test_cbam_takes_any_number_of_channels():
    layer, x = CBAMSpatialGate(), torch.randn(2, 6, 5, 9)
    doubled = torch.cat([x, x], dim=1)  # the same mean and maximum
    assert_close(layer.gate(doubled), layer.gate(x))


def test_gates_are_no_distribution():
    x = torch.randn(2, 6, 14, 14)
    gate = SpatialGate(6).gate(x)
    assert (gate.sum((1, 2, 3)) > 20).all()
    assert_close(soft_location(x, gate.logit())[1].sum((1, 2, 3)), torch.ones(2))


def test_a_gate_takes_nothing_from_a_far_one():
    layer, x = SpatialGate(6), torch.randn(1, 6, 5, 9)
    changed = x.clone()
    changed[..., 0] += 100.0
    assert torch.equal(layer.gate(changed)[..., 2:], layer.gate(x)[..., 2:])
    assert not torch.equal(layer.gate(changed)[..., :2], layer.gate(x)[..., :2])


def test_parameters_have_names():
    names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]
    assert list(SpatialGate(6, 4).state_dict()) == names
    assert SpatialGate(6).conv1.weight.shape == (6, 6, 3, 3)
    state = CBAMSpatialGate().state_dict()
    assert list(state) == ["conv.weight", "conv.bias"] and state["conv.weight"].shape == (1, 2, 7, 7)


@pytest.mark.parametrize("make", GATES)
class TestEveryGate:
    def test_scales_each_place_by_one_number(self, make, device):
        layer, x = make().to(device), torch.randn(2, 6, 5, 9, device=device)
        assert layer.gate(x).shape == (2, 1, 5, 9)
        assert_close(layer(x) / x, layer.gate(x).expand_as(x), **TIGHT)

    def test_can_close_and_open(self, make):
        """A ReLU before the sigmoid would keep every gate above a half."""
        layer = make()
        for parameter in layer.parameters():
            nn.init.normal_(parameter)
        gate = layer.gate(torch.randn(2, 6, 15, 19))
        assert gate.min() < 0.1 and gate.max() > 0.9 and 0 <= gate.min() and gate.max() <= 1

    def test_samples_do_not_meet(self, make):
        layer, x = make(), torch.randn(3, 6, 5, 9)
        together = layer(x)
        for b in range(3):
            assert_close(layer(x[b : b + 1]), together[b : b + 1], **TIGHT)

    def test_every_parameter_gets_a_gradient(self, make):
        layer, x = make(), torch.randn(2, 6, 5, 9, requires_grad=True)
        layer(x).square().sum().backward()
        assert all(p.grad.abs().max() > 0 for p in [*layer.parameters(), x])

    def test_other_sizes_and_strides(self, make):
        layer, x = make(), torch.randn(2, 6, 5, 9)
        assert layer(x[..., :1, :1]).shape == (2, 6, 1, 1)
        assert layer(torch.randn(1, 6, 16, 8)).shape == (1, 6, 16, 8)
        strided = x.transpose(2, 3).contiguous().transpose(2, 3)
        assert_close(layer(strided), layer(x), **TIGHT)
        assert_close(layer(x.to(memory_format=torch.channels_last)), layer(x), **TIGHT)

    def test_dtypes_and_autocast(self, make, device):
        layer, x = make().to(device), torch.randn(2, 6, 5, 9, device=device)
        want = layer(x)
        with torch.autocast(device, dtype=torch.bfloat16):
            assert_close(layer(x).float(), want, rtol=3e-2, atol=3e-2)
        got = layer.bfloat16()(x.bfloat16())
        assert got.dtype == torch.bfloat16 and layer.gate(x.bfloat16()).dtype == torch.bfloat16
        assert_close(got.float(), want, rtol=3e-2, atol=3e-2)

    def test_eval_is_the_same_and_it_fits_in_sequential(self, make):
        layer, x = make(), torch.randn(2, 6, 5, 9)
        assert torch.equal(nn.Sequential(layer, nn.Conv2d(6, 3, 1))[0](x), layer.eval()(x))


X = torch.zeros(2, 6, 5, 9)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: SpatialGate(0), "dim and hidden_dim must be at least 1, got 0 and 0"),
        (lambda: SpatialGate(6, 0), "dim and hidden_dim must be at least 1, got 6 and 0"),
        (lambda: CBAMSpatialGate(6), "kernel_size must be odd and at least 1, got 6"),
        (lambda: CBAMSpatialGate(-1), "kernel_size must be odd and at least 1, got -1"),
        (lambda: SpatialGate(4)(X), r"x must be a feature map \(B, 4, H, W\), got shape \(2, 6, 5, 9\)"),
        (lambda: CBAMSpatialGate()(X[0]), r"x must be a feature map \(B, C, H, W\), .* got shape \(6, 5"),
        (lambda: CBAMSpatialGate()(X.long()), "x must be a floating-point tensor, got torch.int64"),
        (lambda: CBAMSpatialGate()(X[:, :0]), r"C at least 1, got shape \(2, 0, 5, 9\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
