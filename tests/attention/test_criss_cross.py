"""Criss-cross attention against `attend` with its mask, loops over places and the authors' two softmax pieces."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib.attention import CrissCrossAttention, attend, criss_cross_mask, record_attention, spread_criss_cross

SIZES = [(3, 5), (5, 3), (4, 4), (1, 6), (6, 1), (1, 1), (2, 7)]


def awake(block):
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    torch.nn.init.constant_(block.gamma, 0.7)
    return block


def map_of(height, width, batch=2, dim=8, **options):
    return torch.randn(batch, dim, height, width, **options)


def crosses(height, width):
    """The places of each cross in the order that is recorded: the row, then the rest of the column."""
    return {(r, c): [(r, j) for j in range(width)] + [(i, c) for i in range(height) if i != r]
            for r in range(height) for c in range(width)}


def by_places(block, x):
    """One place at a time, no axis is ever folded. Returns the map and the weights, (B, N, H + W - 1)."""
    (batch, _, height, width), out, every_map = x.shape, x.clone(), []
    for b in range(batch):
        q, k, v = ({(r, c): layer.weight[:, :, 0, 0] @ x[b, :, r, c] + layer.bias for r in range(height) for c in range(width)}
                   for layer in (block.query, block.key, block.value))
        for place, cross in crosses(height, width).items():
            f = [math.exp((q[place] @ k[other]).item()) for other in cross]
            weights = [share / sum(f) for share in f]
            out[b, :, place[0], place[1]] += block.gamma * sum(w * v[other] for w, other in zip(weights, cross))
            every_map.append(weights)
    return out, torch.tensor(every_map, dtype=x.dtype).view(batch, height * width, height + width - 1)


def masked(block, x, mask):
    """The same by `attend`, which holds a number for each pair."""
    q, k, v = (layer(x).flatten(2).mT for layer in (block.query, block.key, block.value))
    return block.gamma * attend(q, k, v, mask=mask, scale=1.0).mT.unflatten(2, x.shape[2:]) + x


@pytest.mark.parametrize("size", SIZES)
def test_by_places(size):
    block, x = awake(CrissCrossAttention(8, 3)).double(), map_of(*size).double()
    need, weights = by_places(block, x)
    with record_attention(block) as maps:
        found = block(x)
    assert_close(found, need)
    assert_close(maps["attend"], weights)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inner", [None, 5])
def test_equals_attend_with_the_mask(size, inner):
    block, x = awake(CrissCrossAttention(8, inner)), map_of(*size)
    assert_close(block(x), masked(block, x, criss_cross_mask(*size)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 5), (6, 2)])
def test_gradients_equal_those_of_attend(size):
    block = awake(CrissCrossAttention(8)).double()
    x = map_of(*size, dtype=torch.float64, requires_grad=True)
    wanted = [x, *block.parameters()]
    ours = torch.autograd.grad(block(x).pow(3).sum(), wanted)
    theirs = torch.autograd.grad(masked(block, x, criss_cross_mask(*size)).pow(3).sum(), wanted)
    for a, b in zip(ours, theirs):
        assert_close(a, b)


def test_the_authors_order_gives_the_same():
    """CCNet's code has the column first and takes the place itself out of it with -inf."""
    block, x = awake(CrissCrossAttention(8, 3)).double(), map_of(4, 6).double()
    q, k, v = (layer(x) for layer in (block.query, block.key, block.value))
    down = torch.einsum("bdhw,bdgw->bhwg", q, k).masked_fill(torch.eye(4).bool()[:, None, :], float("-inf"))
    weights = torch.cat([down, torch.einsum("bdhw,bdhv->bhwv", q, k)], dim=3).softmax(3)
    o = torch.einsum("bhwg,bcgw->bchw", weights[..., :4], v) + torch.einsum("bhwv,bchv->bchw", weights[..., 4:], v)
    assert_close(block(x), block.gamma * o + x)


@given(height=st.integers(1, 5), width=st.integers(1, 5))
def test_mask_by_pairs(height, width):
    mask = criss_cross_mask(height, width)
    places = [(r, c) for r in range(height) for c in range(width)]
    assert mask.dtype == torch.bool and mask.shape == (len(places), len(places))
    assert mask.tolist() == [[p[0] == k[0] or p[1] == k[1] for k in places] for p in places]
    assert (mask.sum(1) == height + width - 1).all()


def test_two_loops_reach_every_place():
    """The first reaches the cross. The second hears of the rest through the two places where crosses meet."""
    x = map_of(4, 6, batch=1, requires_grad=True)
    for loops, need in [(1, criss_cross_mask(4, 6)[9].view(4, 6)), (2, torch.ones(4, 6).bool())]:
        block = awake(CrissCrossAttention(8, loops=loops))
        grad, = torch.autograd.grad(block(x)[0, :, 1, 3].sum(), x)
        assert torch.equal(grad[0].abs().sum(0) > 0, need)


def test_loops_share_weights():
    once, twice = awake(CrissCrossAttention(8)), CrissCrossAttention(8, loops=2)
    twice.load_state_dict(once.state_dict())
    x = map_of(3, 5)
    assert_close(twice(x), once(once(x)))
    with record_attention(twice) as maps:
        twice(x)
    assert list(maps) == ["attend", "attend#2"]
    assert not torch.allclose(maps["attend"], maps["attend#2"])
    assert "loops=2" in repr(twice)


@pytest.mark.parametrize("size", SIZES)
def test_spread_on_the_map(size):
    """What `attend` records with the mask is what is recorded here, spread."""
    block, x = awake(CrissCrossAttention(8, 3)), map_of(*size)
    with record_attention() as dense:
        masked(block, x, criss_cross_mask(*size))
    with record_attention(block) as maps:
        block(x)
    assert maps["attend"].shape == (2, size[0] * size[1], sum(size) - 1)
    assert_close(maps["attend"].sum(-1), torch.ones(2, size[0] * size[1]))
    assert_close(spread_criss_cross(maps["attend"], *size), dense["attend"])
    assert spread_criss_cross(maps["attend"][0], *size).shape == (size[0] * size[1],) * 2


class LargestTensor(TorchDispatchMode):
    """Keeps the size of the largest tensor that any operation inside hands out."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.numel = max([self.numel] + [t.numel() for t in tree_leaves(result) if isinstance(t, torch.Tensor)])
        return result


@pytest.mark.parametrize("recorded", [False, True])
def test_never_builds_a_number_for_each_pair(recorded, device):
    block, x = awake(CrissCrossAttention(8)).to(device), map_of(40, 32, batch=1).to(device)
    with LargestTensor() as seen:
        if recorded:
            with record_attention(block):
                block(x)
        else:
            block(x).sum().backward()
    assert seen.numel == 40 * 32 * (40 + 32) < (40 * 32) ** 2 / 17


def test_starts_as_the_identity_and_wakes_up():
    block, x, target = CrissCrossAttention(16), map_of(3, 5, dim=16), map_of(3, 5, dim=16)
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
    block = CrissCrossAttention(32)
    assert (block.query.out_channels, block.key.out_channels, block.value.out_channels) == (4, 4, 32)
    assert CrissCrossAttention(4).query.out_channels == 1 and CrissCrossAttention(8, 6).key.out_channels == 6


def test_samples_do_not_meet():
    block, x = awake(CrissCrossAttention(8)), map_of(4, 6, batch=3)
    assert_close(block(x)[1:2], block(x[1:2]))


def test_dtypes(device):
    block, x = awake(CrissCrossAttention(8)).to(device), map_of(4, 6).to(device)
    right = block(x)
    with torch.autocast(device, torch.bfloat16):
        assert_close(block(x).float(), right, rtol=0.05, atol=0.05)
    half = block.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert_close(half.float(), right, rtol=0.1, atol=0.1)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: CrissCrossAttention(0), "at least 1"),
    (lambda: CrissCrossAttention(8, 0), "at least 1, got 8, 0 and 1"),
    (lambda: CrissCrossAttention(8, loops=0), "at least 1, got 8, 1 and 0"),
    (lambda: CrissCrossAttention(8)(torch.randn(2, 7, 3, 4)), r"\(B, 8, H, W\)"),
    (lambda: CrissCrossAttention(8)(torch.ones(2, 8, 3, 4).int()), "floating-point"),
    (lambda: criss_cross_mask(0, 4), "at least 1, got 0 and 4"),
    (lambda: criss_cross_mask(4, -1), "at least 1"),
    (lambda: spread_criss_cross(torch.ones(2, 12, 7), 3, 4), r"\(..., 12, 6\) for a map of 3 x 4, got shape \(2, 12, 7\)"),
    (lambda: spread_criss_cross(torch.ones(2, 12, 6), 2, 5), "for a map of 2 x 5"),
    (lambda: spread_criss_cross(torch.ones(2, 12, 6), 0, 5), "at least 1"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
