"""DANet's heads against loops over channels and places, in float64, on maps with H != W."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from course_lib.attention import ChannelAttention, DualAttention, SelfAttention2d, record_attention


def by_channels(beta, x, scale, sign=1):
    """Equations 3 and 4 with loops: channel j gathers from the channels i. Returns the map and the weights, (B, C, C)."""
    out, every_map = x.clone(), torch.empty(len(x), x.shape[1], x.shape[1], dtype=x.dtype)
    for b in range(len(x)):
        for j in range(x.shape[1]):
            scores = [sign * scale * sum((x[b, j, r, c] * x[b, i, r, c]).item() for r in range(x.shape[2])
                                         for c in range(x.shape[3])) for i in range(x.shape[1])]
            f = [math.exp(s - max(scores)) for s in scores]
            for i in range(x.shape[1]):
                every_map[b, j, i] = f[i] / sum(f)
                out[b, j] += beta * f[i] / sum(f) * x[b, i]
    return out, every_map


def by_places(head, x):
    """Equations 1 and 2 with loops: place j gathers from the places i."""
    out, places = x.clone(), [(r, c) for r in range(x.shape[2]) for c in range(x.shape[3])]
    for b in range(len(x)):
        q, k, v = ({p: layer.weight[:, :, 0, 0] @ x[b, :, p[0], p[1]] + layer.bias for p in places}
                   for layer in (head.query, head.key, head.value))
        for j in places:
            f = {i: math.exp((k[i] @ q[j]).item()) for i in places}
            out[b, :, j[0], j[1]] += head.gamma * sum(f[i] * v[i] for i in places) / sum(f.values())
    return out


def awake(block):
    for name, parameter in block.named_parameters():
        if name.split(".")[-1] in ("beta", "gamma"):
            torch.nn.init.constant_(parameter, 0.7 if "beta" in name else -0.4)
    return block


def map_of(height, width, batch=2, dim=6, size=0.3, **options):
    """Small enough that the softmax does not choose one channel alone."""
    return size * torch.randn(batch, dim, height, width, dtype=torch.float64, **options)


@pytest.mark.parametrize("size", [(3, 5), (5, 3), (1, 4)])
@pytest.mark.parametrize(("scale", "factor"), [(1.0, lambda n: 1.0), (None, lambda n: n**-0.5), (0.2, lambda n: 0.2)])
def test_channels_by_loops(size, scale, factor):
    head, x = awake(ChannelAttention(6, scale=scale)).double(), map_of(*size)
    need, weights = by_channels(0.7, x, factor(size[0] * size[1]))
    unseen = head(x)
    with record_attention(head) as maps:
        seen = head(x)
    assert_close(unseen, need)
    assert_close(seen, need)
    assert_close(maps["attend"], weights[:, None])
    assert_close(maps["attend"].sum(-1), torch.ones(2, 1, 6).double())


def test_the_authors_code_attends_to_the_least_similar():
    head, x = awake(ChannelAttention(6, least_similar=True)).double(), map_of(3, 5)
    need, weights = by_channels(0.7, x, 1.0, sign=-1)
    with record_attention(head) as maps:
        assert_close(head(x), need)
    assert_close(maps["attend"][:, 0], weights)
    # As the code has it: the maximum of each row, minus the row.
    a = x.flatten(2)
    energy = a @ a.mT
    code = (energy.amax(-1, keepdim=True) - energy).softmax(-1)
    assert_close(maps["attend"][:, 0], code)
    assert_close(head(x), (0.7 * code @ a).view_as(x) + x)
    # A channel's scalar product with itself is positive, and the paper's choice is often itself; here it is shunned.
    paper, own = by_channels(0.7, x, 1.0)[1], torch.eye(6).bool()
    assert paper[:, own].mean() > 1 / 6 > weights[:, own].mean()


def test_scores_grow_with_the_map():
    """Without a scale, what is a mixture on a small map is a hard choice on a large one."""
    own = {}
    for side in (2, 16):
        for scale in (1.0, None):
            head = ChannelAttention(6, scale=scale)
            with record_attention(head) as maps:
                head(map_of(side, side + 1, size=1.0))
            own[side, scale] = maps["attend"].diagonal(dim1=-2, dim2=-1).mean().item()
    assert own[16, 1.0] > 0.999 > own[2, 1.0] and own[16, None] < 1.0


def test_channels_know_no_places():
    """Places shuffled, result shuffled; channels shuffled, result shuffled."""
    head, x = awake(ChannelAttention(6)).double(), map_of(3, 5)
    places, channels = torch.randperm(15), torch.randperm(6)
    shuffled = x.flatten(2)[..., places].unflatten(2, (3, 5))
    assert_close(head(shuffled).flatten(2), head(x).flatten(2)[..., places])
    assert_close(head(x[:, channels]), head(x)[:, channels])


def test_the_position_head_by_loops():
    """It is SelfAttention2d as it stands; gamma is the paper's alpha."""
    block, x = awake(DualAttention(16)).double(), map_of(3, 5, dim=16)
    assert type(block.position) is SelfAttention2d and block.position.query.out_channels == 2
    assert_close(block.position(x), by_places(block.position, x))


@pytest.mark.parametrize("least", [False, True])
def test_both_heads_are_summed_and_x_counts_once(least):
    block, x = awake(DualAttention(6, 3, least_similar=least)).double(), map_of(4, 3)
    position = by_places(block.position, x) - x
    channel = by_channels(0.7, x, 1.0, -1 if least else 1)[0] - x
    assert_close(block(x), position + channel + x)
    assert position.abs().max() > 1e-3 < channel.abs().max()


def test_scale_reaches_both_heads():
    block = DualAttention(6, 4, scale=None)
    assert block.position.scale is None and block.channel.scale is None
    assert "scale=None, least_similar=False" in repr(block)
    assert block.position.query.out_channels == block.position.key.out_channels == 4
    assert DualAttention(6).channel.scale == 1.0 == DualAttention(6).position.scale


def test_what_is_recorded():
    block, x = awake(DualAttention(6)).double(), map_of(3, 5)
    unseen = block(x)
    with record_attention(block) as maps:
        seen = block(x)
    assert {name: tuple(m.shape) for name, m in maps.items()} == {"position": (2, 1, 15, 15), "channel": (2, 1, 6, 6)}
    assert_close(seen, unseen)


def test_start_as_the_identity_and_wake_up():
    x, target = map_of(3, 5, dim=16).float(), map_of(3, 5, dim=16).float()
    assert torch.equal(ChannelAttention(16)(x), x)
    block = DualAttention(16)
    assert torch.equal(block(x), x)
    optimizer = torch.optim.SGD(block.parameters(), 0.5)
    F.mse_loss(block(x), target).backward()
    assert {n for n, p in block.named_parameters() if p.grad.abs().sum() > 0} == {"position.gamma", "channel.beta"}
    optimizer.step()
    optimizer.zero_grad()
    F.mse_loss(block(x), target).backward()
    assert {n for n, p in block.named_parameters() if p.grad.abs().sum() < 1e-12} <= {"position.key.bias"}
    assert [n for n, _ in ChannelAttention(16).named_parameters()] == ["beta"]


@pytest.mark.parametrize("least", [False, True])
def test_gradients(least):
    head, x = awake(ChannelAttention(3, least_similar=least)).double(), map_of(2, 3, dim=3, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, beta: torch.func.functional_call(head, {"beta": beta}, x), (x, head.beta))


@pytest.mark.parametrize("make", [ChannelAttention, DualAttention])
def test_samples_do_not_meet_and_another_size_does(make):
    block, x = awake(make(6)).double(), map_of(4, 5, batch=3)
    assert_close(block(x)[1:2], block(x[1:2]))
    assert block(map_of(2, 7)).shape == (2, 6, 2, 7)
    assert_close(block(x.to(memory_format=torch.channels_last)), block(x))


@pytest.mark.parametrize("make", [ChannelAttention, DualAttention])
def test_dtypes(make, device):
    block, x = awake(make(6)).to(device), map_of(4, 5).float().to(device)
    right = block(x)
    with torch.autocast(device, torch.bfloat16):
        assert_close(block(x).float(), right, rtol=0.05, atol=0.05)
    half = block.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert_close(half.float(), right, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: ChannelAttention(0), "dim must be at least 1, got 0"),
    (lambda: ChannelAttention(4, scale="big"), "scale must be a number"),
    (lambda: ChannelAttention(4)(torch.randn(2, 5, 3, 3)), r"\(B, 4, H, W\)"),
    (lambda: ChannelAttention(4)(torch.randn(4, 3, 3)), r"\(B, 4, H, W\)"),
    (lambda: ChannelAttention(4)(torch.ones(2, 4, 3, 3).int()), "floating-point"),
    (lambda: DualAttention(0), "at least 1"),
    (lambda: DualAttention(4, 0), "at least 1"),
    (lambda: DualAttention(4)(torch.randn(2, 5, 3, 3)), r"\(B, 4, H, W\)"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
