"""AttentionGate against its equations pixel by pixel, in float64, on maps with H != W."""

import math

import pytest
import torch
from torch.testing import assert_close

from course_lib.attention import AttentionGate, record_attention


def by_pixels(gate, skip, gating):
    """Equations 1 and 2 place by place, then the bilinear resampling by hand: (B, C, 2h, 2w), (B, D, h, w) -> (B, 1, 2h, 2w)."""
    (batch, _, height, width), out = gating.shape, torch.empty(len(skip), 1, *skip.shape[2:]).double()
    w_x, w_g, b_g = gate.w_skip.weight, gate.w_gating.weight[:, :, 0, 0], gate.w_gating.bias
    for b in range(batch):
        alpha = {}
        for r in range(height):
            for c in range(width):
                seen = sum(w_x[:, :, i, j] @ skip[b, :, 2 * r + i, 2 * c + j] for i in range(2) for j in range(2))
                met = (seen + w_g @ gating[b, :, r, c] + b_g).clamp(min=0)
                q = (gate.psi.weight[0, :, 0, 0] @ met + gate.psi.bias).item()
                alpha[r, c] = 1 / (1 + math.exp(-q))
        for y in range(2 * height):
            for x in range(2 * width):
                out[b, 0, y, x] = bilinear(alpha, (y + 0.5) / 2 - 0.5, (x + 0.5) / 2 - 0.5, height, width)
    return out


def bilinear(values, y, x, height, width):
    """Between the centres of the four cells around; at the edge the last cell goes on."""
    top, left, found = math.floor(y), math.floor(x), 0.0
    for r, share_r in ((top, top + 1 - y), (top + 1, y - top)):
        for c, share_c in ((left, left + 1 - x), (left + 1, x - left)):
            found += share_r * share_c * values[min(max(r, 0), height - 1), min(max(c, 0), width - 1)]
    return found


def maps(batch=2, skip_dim=6, gating_dim=5, height=3, width=4, **options):
    return (torch.randn(batch, skip_dim, 2 * height, 2 * width, **options),
            torch.randn(batch, gating_dim, height, width, **options))


@pytest.mark.parametrize("inner", [None, 1, 7])
@pytest.mark.parametrize("size", [(3, 4), (4, 2), (1, 3), (1, 1)])
def test_by_pixels(inner, size):
    gate = AttentionGate(6, 5, inner).double()
    skip, gating = maps(height=size[0], width=size[1], dtype=torch.float64)
    found, need = gate.coefficients(skip, gating), by_pixels(gate, skip, gating)
    assert_close(found, need)
    assert_close(gate(skip, gating), need * skip)


def test_names_and_widths():
    gate = AttentionGate(6, 5)
    assert {name: tuple(p.shape) for name, p in gate.named_parameters()} == {
        "w_skip.weight": (3, 6, 2, 2), "w_gating.weight": (3, 5, 1, 1), "w_gating.bias": (3,),
        "psi.weight": (1, 3, 1, 1), "psi.bias": (1,)}
    assert gate.w_skip.stride == (2, 2) and AttentionGate(1, 2).psi.in_channels == 1


def test_one_coefficient_for_all_channels():
    gate, (skip, gating) = AttentionGate(6, 5), maps()
    assert gate.coefficients(skip, gating).shape == (2, 1, 6, 8)
    ratios = gate(skip, gating) / skip
    assert_close(ratios, ratios[:, :1].expand_as(ratios), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("bias", "value"), [(-12.0, 0.0), (12.0, 1.0)])
def test_can_close_and_open(bias, value):
    """The ReLU stands before psi: after it, no coefficient could be below 0.5."""
    gate, (skip, gating) = AttentionGate(6, 5), maps()
    torch.nn.init.constant_(gate.psi.bias, bias)
    alpha = gate.coefficients(skip, gating)
    assert_close(alpha, torch.full_like(alpha, value), rtol=0, atol=1e-3)
    torch.nn.init.constant_(gate.psi.bias, 0.0)
    torch.nn.init.constant_(gate.psi.weight, -9.0)
    assert gate.coefficients(skip, gating).min() < 0.01


def test_the_decoder_opens_and_closes_it():
    """With a psi that looks at the gating alone, the skip of one half goes through, of the other not."""
    gate = AttentionGate(2, 1, 1)
    with torch.no_grad():
        gate.w_skip.weight.zero_(), gate.w_gating.weight.fill_(1.0), gate.w_gating.bias.zero_()
        gate.psi.weight.fill_(40.0), gate.psi.bias.fill_(-20.0)
    gating = torch.zeros(1, 1, 3, 6)
    gating[..., 3:] = 1.0
    alpha = gate.coefficients(torch.randn(1, 2, 6, 12), gating)
    assert alpha[..., :5].max() < 1e-6 and alpha[..., 7:].min() > 1 - 1e-6
    assert_close(alpha[0, 0, 0, 5:7], torch.tensor([0.25, 0.75]))  # resampled after the sigmoid, not before


def test_samples_do_not_meet_and_another_size_does():
    gate, (skip, gating) = AttentionGate(6, 5), maps(3)
    assert_close(gate(skip, gating)[1:2], gate(skip[1:2], gating[1:2]))
    assert gate(*maps(1, height=5, width=2)).shape == (1, 6, 10, 4)
    assert gate(*maps(0)).shape == (0, 6, 6, 8)


def test_gradients_reach_everything():
    gate, (skip, gating) = AttentionGate(6, 5), maps()
    gate(skip.requires_grad_(), gating.requires_grad_()).square().sum().backward()
    for name, p in [*gate.named_parameters(), ("skip", skip), ("gating", gating)]:
        assert p.grad.abs().sum() > 0, name
    assert gating.grad.abs().sum(1).gt(0).sum() > 20               # 24 places; some may stand behind the ReLU


def test_is_no_softmax():
    gate, (skip, gating) = AttentionGate(6, 5), maps()
    with pytest.raises(RuntimeError, match="Nothing was recorded"), record_attention(gate):
        gate(skip, gating)


def test_dtypes(device):
    gate, (skip, gating) = AttentionGate(6, 5).to(device), maps(device=device)
    right = gate(skip, gating)
    with torch.autocast(device, torch.bfloat16):
        assert_close(gate(skip, gating).float(), right, rtol=0.05, atol=0.05)
    half = gate.bfloat16()(skip.bfloat16(), gating.bfloat16())
    assert half.dtype == torch.bfloat16
    assert_close(half.float(), right, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: AttentionGate(0, 5), "at least 1, got 0, 5 and 1"),
    (lambda: AttentionGate(6, 0), "at least 1"),
    (lambda: AttentionGate(6, 5, 0), "at least 1, got 6, 5 and 0"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 6, 7, 8), torch.randn(2, 5, 3, 4)), r"skip must be \(2, 6, 6, 8\)"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 6, 8, 6), torch.randn(2, 5, 3, 4)), "twice the height and width"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 6, 3, 4), torch.randn(2, 5, 3, 4)), "twice the height and width"),
    (lambda: AttentionGate(6, 5)(torch.randn(1, 6, 6, 8), torch.randn(2, 5, 3, 4)), r"got shape \(1, 6, 6, 8\)"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 5, 6, 8), torch.randn(2, 6, 3, 4)), r"gating must be .* \(B, 5, h, w\)"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 6, 6, 8), torch.randn(5, 3, 4)), "gating must be a feature map"),
    (lambda: AttentionGate(6, 5)(torch.ones(2, 6, 6, 8).int(), torch.randn(2, 5, 3, 4)), "skip must be a floating"),
    (lambda: AttentionGate(6, 5)(torch.randn(2, 6, 6, 8), torch.ones(2, 5, 3, 4).int()), "gating must be a floating"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
