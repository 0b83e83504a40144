"""Gates of channels: equal to torchvision's and timm's, and to plain loops; what every gate must hold."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timm.layers import EcaModule
from torchvision.ops import SqueezeExcitation as TorchvisionSqueezeExcitation

from course_lib.attention import EfficientChannelAttention, SqueezeExcitation, eca_kernel_size

GATES = [
    pytest.param(lambda: SqueezeExcitation(12, 4), id="SE"),
    pytest.param(lambda: EfficientChannelAttention(12), id="ECA"),
]


@pytest.mark.parametrize(("dim", "reduction"), [(32, 16), (12, 4), (24, 1)])
def test_se_is_torchvisions_to_the_last_bit_and_state_dicts_go_both_ways(dim, reduction):
    ours, theirs = SqueezeExcitation(dim, reduction), TorchvisionSqueezeExcitation(dim, dim // reduction)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, dim, 5, 7)
    assert torch.equal(ours(x), theirs(x))
    ours.load_state_dict(TorchvisionSqueezeExcitation(dim, dim // reduction).state_dict())


@pytest.mark.parametrize("dim", [8, 16, 64, 100, 256, 512])
def test_eca_is_timms(dim):
    ours, theirs = EfficientChannelAttention(dim), EcaModule(channels=dim)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, dim, 5, 7)
    torch.testing.assert_close(ours(x), theirs(x))


@given(st.integers(1, 2), st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(1, 12))
def test_se_by_loops(batch, dim, height, width, reduction):
    layer, x = SqueezeExcitation(dim, reduction), torch.randn(batch, dim, height, width)
    (w1, b1), (w2, b2) = ((fc.weight[:, :, 0, 0], fc.bias) for fc in (layer.fc1, layer.fc2))
    assert len(b1) == max(1, dim // reduction)
    for b in range(batch):
        means = [x[b, c].mean() for c in range(dim)]
        hidden = [max(sum(w1[s, c] * means[c] for c in range(dim)) + b1[s], torch.tensor(0.0)) for s in range(len(b1))]
        for c in range(dim):
            score = sum(w2[c, s] * hidden[s] for s in range(len(b1))) + b2[c]
            torch.testing.assert_close(layer.gate(x)[b, c, 0, 0], 1 / (1 + torch.exp(-score)), rtol=1e-4, atol=1e-5)


@given(st.integers(1, 2), st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_eca_by_loops(batch, dim, height, width):
    layer, x = EfficientChannelAttention(dim), torch.randn(batch, dim, height, width)
    kernel = layer.conv.weight[0, 0]
    reach = len(kernel) // 2
    for b in range(batch):
        for c in range(dim):
            near = [i for i in range(c - reach, c + reach + 1) if 0 <= i < dim]
            score = sum(kernel[i - c + reach] * x[b, i].mean() for i in near)
            torch.testing.assert_close(layer.gate(x)[b, c, 0, 0], 1 / (1 + torch.exp(-score)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("dim", "size"), [(1, 3), (8, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)])
def test_the_kernel_grows_with_the_logarithm_and_is_odd(dim, size):
    assert eca_kernel_size(dim) == size
    assert abs(size - (math.log2(dim) + 1) / 2) <= 2.5


@pytest.mark.parametrize("make", GATES)
class TestEveryGate:
    def test_scales_each_channel_by_one_number(self, make, device):
        layer, x = make().to(device), torch.randn(2, 12, 5, 7, device=device)
        assert layer.gate(x).shape == (2, 12, 1, 1)
        torch.testing.assert_close(layer(x), x * layer.gate(x))

    def test_can_close_and_open(self, make):
        """A ReLU before the sigmoid would keep every gate above a half."""
        layer, x = make(), torch.randn(64, 12, 3, 4)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=3.0)
        gate = layer.gate(10 * x)
        assert gate.min() < 0.1 and gate.max() > 0.9 and 0 <= gate.min() and gate.max() <= 1

    def test_samples_do_not_meet(self, make):
        layer, x = make(), torch.randn(3, 12, 5, 7)
        torch.testing.assert_close(layer(x)[:1], layer(x[:1]))

    def test_every_parameter_learns_and_the_argument_stays(self, make):
        layer, x = make(), torch.randn(2, 12, 5, 7)
        before = x.clone()
        layer(x).square().sum().backward()
        assert torch.equal(x, before) and layer.state_dict()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters())

    def test_other_sizes_types_and_layouts(self, make):
        layer, x = make(), torch.randn(2, 12, 6, 9)
        assert layer(x[..., :1, :1]).shape == (2, 12, 1, 1)
        torch.testing.assert_close(layer(x.to(memory_format=torch.channels_last)), layer(x))
        assert layer.double()(x.double()).dtype == torch.float64
        assert layer.bfloat16()(x.bfloat16()).dtype == torch.bfloat16

    @pytest.mark.parametrize("x", [torch.randn(2, 11, 5, 7), torch.randn(12, 5, 7), torch.ones(2, 12, 5, 7).long()])
    def test_refuses_what_is_no_such_map(self, make, x):
        with pytest.raises(ValueError, match="x must be"):
            make()(x)


@pytest.mark.parametrize("make", [
    lambda: SqueezeExcitation(0), lambda: SqueezeExcitation(8, 0), lambda: EfficientChannelAttention(0),
    lambda: eca_kernel_size(0),
])
def test_refuses_numbers_below_one(make):
    with pytest.raises(ValueError, match="at least 1"):
        make()
