"""CBAM against timm's and against loops; what its two wirings share and where they part."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers.cbam import CbamModule, ChannelAttn
from torch import nn
from torch.testing import assert_close

from course_lib.attention import CBAM, CBAMChannelGate, ParallelCBAM

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
GATES = [
    pytest.param(lambda: CBAMChannelGate(6, 2), id="channel"),
    pytest.param(lambda: CBAM(6, 2), id="sequential"),
    pytest.param(lambda: ParallelCBAM(6, 2), id="parallel"),
]


def sigmoid(score):
    return 1 / (1 + math.exp(-score))


def channel_loops(layer, x):
    """One sample, (C, H, W) -> C gates."""
    scores = [0.0] * len(x)
    for pool in (lambda values: sum(values) / len(values), max):
        pooled = [pool(x[c].flatten().tolist()) for c in range(len(x))]
        for row, column in zip(layer.fc1.weight[:, :, 0, 0], layer.fc2.weight[:, :, 0, 0].T, strict=True):
            hidden = max(0.0, sum(w * p for w, p in zip(row.tolist(), pooled, strict=True)))
            scores = [s + w * hidden for s, w in zip(scores, column.tolist(), strict=True)]
    return [sigmoid(s) for s in scores]


def spatial_loops(layer, x):
    """One sample, (C, H, W) -> (H, W) gates."""
    (dim, height, width), reach = x.shape, layer.conv.kernel_size[0] // 2
    gates = torch.zeros(height, width)
    for i in range(height):
        for j in range(width):
            score = layer.conv.bias.item()
            for y in range(max(0, i - reach), min(height, i + reach + 1)):
                for z in range(max(0, j - reach), min(width, j + reach + 1)):
                    here, kernel = x[:, y, z].tolist(), layer.conv.weight[0, :, y - i + reach, z - j + reach]
                    score += kernel[0].item() * sum(here) / dim + kernel[1].item() * max(here)
            gates[i, j] = sigmoid(score)
    return gates


@torch.no_grad()
@settings(max_examples=15)
@given(
    batch=st.integers(0, 2),
    dim=st.integers(1, 5),
    height=st.integers(1, 3),
    width=st.integers(1, 4),
    reduction=st.sampled_from([1, 2, 16]),
    kernel_size=st.sampled_from([1, 3, 7]),
)
def test_equals_loops(batch, dim, height, width, reduction, kernel_size):
    sequential, parallel = CBAM(dim, reduction, kernel_size), ParallelCBAM(dim, reduction, kernel_size)
    for parameter in sequential.channel.parameters():
        nn.init.normal_(parameter)
    parallel.load_state_dict(sequential.state_dict())
    x = torch.randn(batch, dim, height, width)
    before = x.clone()
    got = sequential(x), parallel(x)
    assert got[0].shape == got[1].shape == x.shape
    for b in range(batch):
        channel = torch.tensor(channel_loops(sequential.channel, x[b]))[:, None, None]
        assert_close(sequential.channel.gate(x)[b], channel, **TIGHT)
        after, beside = (spatial_loops(sequential.spatial, seen) for seen in (channel * x[b], x[b]))
        assert_close(got[0][b], after * channel * x[b], **TIGHT)
        assert_close(got[1][b], beside * channel * x[b], **TIGHT)
    assert torch.equal(x, before)


@pytest.mark.parametrize("dim, reduction", [(32, 16), (12, 4), (24, 16), (6, 16), (5, 1)])
def test_channel_gate_is_timms_and_state_dicts_go_both_ways(dim, reduction, device):
    ours, theirs = CBAMChannelGate(dim, reduction), ChannelAttn(dim, rd_channels=max(1, dim // reduction))
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, dim, 5, 9, device=device)
    assert_close(ours.to(device)(x), theirs.to(device)(x), **TIGHT)
    ours.load_state_dict(theirs.state_dict())


@pytest.mark.parametrize("kernel_size", [3, 7])
def test_sequential_is_timms_with_its_batch_norm_folded(kernel_size, device):
    theirs = CbamModule(12, rd_channels=3, spatial_kernel_size=kernel_size).to(device).eval()
    norm = theirs.spatial.conv.bn
    for statistic in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(statistic)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    ours = CBAM(12, 4, kernel_size).to(device)
    ours.channel.load_state_dict(theirs.channel.state_dict())
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()  # (1,)
    weight, bias = theirs.spatial.conv.conv.weight * factor, norm.bias - norm.running_mean * factor
    ours.spatial.load_state_dict({"conv.weight": weight, "conv.bias": bias})
    x = torch.randn(2, 12, 5, 9, device=device)
    assert_close(ours(x), theirs(x), **TIGHT)


def test_the_order_of_the_gates_matters():
    layer, x = CBAM(6, 2), torch.randn(2, 6, 5, 9)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    parallel = ParallelCBAM(6, 2)
    parallel.load_state_dict(layer.state_dict())
    where_first = layer.channel(layer.spatial(x))
    results = [layer(x), parallel(x), where_first]
    for i, one in enumerate(results):
        assert all((one - other).abs().max() > 1e-3 for other in results[i + 1 :])
    assert_close(layer(x), layer.spatial(layer.channel(x)))
    assert_close(parallel(x), layer.spatial.gate(x) * layer.channel(x), **TIGHT)


def test_two_pools_see_more_than_one():
    """Two maps of one mean: the maximum tells a spot from a haze."""
    layer = CBAMChannelGate(2, 1)
    for parameter in layer.parameters():
        nn.init.eye_(parameter[:, :, 0, 0])
    x = torch.ones(1, 2, 4, 5)
    x[0, 1] = 0
    x[0, 1, 2, 3] = 20.0
    haze, spot = layer.gate(x).flatten().tolist()
    assert haze == pytest.approx(sigmoid(1 + 1)) and spot == pytest.approx(sigmoid(1 + 20))


def test_parameters_have_names_and_the_middle_keeps_a_channel():
    state = CBAM(6, 16).state_dict()
    names = ["channel.fc1.weight", "channel.fc2.weight", "spatial.conv.weight", "spatial.conv.bias"]
    assert list(state) == names
    assert state["channel.fc1.weight"].shape == (1, 6, 1, 1)
    assert state["spatial.conv.weight"].shape == (1, 2, 7, 7)
    assert CBAM(64).channel.fc1.out_channels == 4


@pytest.mark.parametrize("make", GATES)
class TestEveryGate:
    def test_scales_by_its_gate(self, make, device):
        layer, x = make().to(device), torch.randn(2, 6, 5, 9, device=device)
        assert_close(layer(x), layer.gate(x) * x, **TIGHT)
        shape = (2, 6, 1, 1) if isinstance(layer, CBAMChannelGate) else (2, 6, 5, 9)
        assert layer.gate(x).shape == shape

    def test_can_close_and_open(self, make):
        """ReLUs before the sigmoids would keep every gate above a half, the product of two above a quarter."""
        layer = make()
        for parameter in layer.parameters():
            nn.init.normal_(parameter)
        gate = layer.gate(torch.randn(8, 6, 15, 19))
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

    @pytest.mark.parametrize(
        "x, sentence",
        [
            (torch.zeros(2, 5, 5, 9), r"x must be a feature map \(B, 6, H, W\), got shape \(2, 5, 5, 9\)"),
            (torch.zeros(6, 5, 9), r"x must be a feature map \(B, 6, H, W\), got shape \(6, 5, 9\)"),
            (torch.zeros(2, 6, 5, 9).long(), "x must be a floating-point tensor, got torch.int64"),
            (torch.zeros(2, 6, 0, 9), r"x must have a place or more .* got shape \(2, 6, 0, 9\)"),
        ],
    )
    def test_refuses_what_is_no_such_map(self, make, x, sentence):
        for use in (make(), make().gate):
            with pytest.raises(ValueError, match=sentence):
                use(x)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: CBAM(0), "dim and reduction must be at least 1, got 0 and 16"),
        (lambda: ParallelCBAM(6, 0), "dim and reduction must be at least 1, got 6 and 0"),
        (lambda: CBAM(6, 2, 4), "kernel_size must be odd and at least 1, got 4"),
    ],
)
def test_bad_numbers(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
