"""SelfAttention2d against loops over pairs of places on a map with H != W; its start at zero."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from course_lib.attention import SelfAttention2d, record_attention


def by_places(block, x, scale):
    """Row by row and column by column, no axis is ever folded: (B, C, H, W), all in float64."""
    (batch, _, height, width), out = x.shape, x.clone()
    places = [(row, column) for row in range(height) for column in range(width)]
    layers = block.query, block.key, block.value
    for b in range(batch):
        q, k, v = ({(r, c): layer.weight[:, :, 0, 0] @ x[b, :, r, c] + layer.bias for r, c in places} for layer in layers)
        for r, c in places:
            f = {place: math.exp(scale * (q[r, c] @ k[place]).item()) for place in places}
            o = sum(f[place] * v[place] for place in places) / sum(f.values())
            out[b, :, r, c] = block.gamma * o + x[b, :, r, c]
    return out


def awake(block):
    torch.nn.init.constant_(block.gamma, 0.7)
    return block


@pytest.mark.parametrize("size", [(3, 5), (5, 3), (1, 4)])
@pytest.mark.parametrize(("inner", "scale", "factor"), [(None, 1.0, 1.0), (4, None, 0.5), (3, 0.2, 0.2)])
def test_by_places(size, inner, scale, factor):
    block, x = awake(SelfAttention2d(16, inner, scale=scale)).double(), torch.randn(2, 16, *size).double()
    assert_close(block(x), by_places(block, x, factor))


def test_starts_as_the_identity_and_only_gamma_learns_first():
    block, x, target = SelfAttention2d(16), torch.randn(2, 16, 3, 5), torch.randn(2, 16, 3, 5)
    assert torch.equal(block(x), x)
    optimizer = torch.optim.SGD(block.parameters(), 0.5)
    F.mse_loss(block(x), target).backward()
    assert {name for name, p in block.named_parameters() if p.grad.abs().sum() > 0} == {"gamma"}
    optimizer.step()
    optimizer.zero_grad()
    F.mse_loss(block(x), target).backward()
    asleep = {name for name, p in block.named_parameters() if p.grad.abs().sum() < 1e-12}
    assert asleep <= {"key.bias"}                              # the same for all scores of a query: no softmax sees it


def test_widths():
    block = SelfAttention2d(32)
    assert (block.query.out_channels, block.key.out_channels, block.value.out_channels) == (4, 4, 32)
    assert SelfAttention2d(4).query.out_channels == 1 and block.gamma.shape == (1,)


def test_recorded_maps_lie_row_by_row():
    """The map of a query on a picture with one bright place peaks at that place."""
    block = SelfAttention2d(1, 1, scale=1.0)
    for layer in (block.query, block.key):
        torch.nn.init.constant_(layer.weight, 2.0), torch.nn.init.constant_(layer.bias, 1.0)
    x = torch.zeros(1, 1, 3, 5)
    x[0, 0, 1, 3] = 2.0
    with record_attention(block) as maps:
        block(x)
    assert maps["attend"].shape == (1, 1, 15, 15)
    seen = maps["attend"][0, 0, 0].unflatten(0, (3, 5))
    assert seen[1, 3] == seen.max() and seen.sum() == pytest.approx(1, abs=1e-5)


def test_samples_layouts_and_dtypes(device):
    block, x = awake(SelfAttention2d(16)).to(device), torch.randn(3, 16, 3, 5, device=device)
    before, right = x.clone(), block(x)
    assert_close(right[1:2], block(x[1:2]))
    assert_close(block(x.to(memory_format=torch.channels_last)), right)
    assert torch.equal(x, before)
    with torch.autocast(device, torch.bfloat16):
        assert_close(block(x), right, rtol=0.05, atol=0.05)
    assert_close(block.bfloat16()(x.bfloat16()).float(), right, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: SelfAttention2d(0), "at least 1"),
    (lambda: SelfAttention2d(8, 0), "at least 1"),
    (lambda: SelfAttention2d(8, scale="big"), "scale must be a number"),
    (lambda: SelfAttention2d(8)(torch.randn(2, 7, 3, 3)), r"\(B, 8, H, W\)"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
