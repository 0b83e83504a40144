"""Windows against torchvision's shifted_window_attention and loops over places; what padding and the roll may not do."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision.models.swin_transformer import ShiftedWindowAttention

from course_lib.attention import WindowAttention, from_windows, record_attention, shifted_mask, to_windows


def pair(dim=8, heads=2, window=4, shift=0, **options):
    """Ours and torchvision's, with the same weights."""
    ours = WindowAttention(dim, heads, window, shift=shift, **options).double().eval()
    theirs = ShiftedWindowAttention(dim, [window] * 2, [shift] * 2, heads, **options).double().eval()
    torch.nn.init.normal_(ours.relative_bias.relative_position_bias_table)
    for p in ours.attention.parameters():
        torch.nn.init.normal_(p, std=0.5)
    state = ours.attention.state_dict() | ours.relative_bias.state_dict()
    assert theirs.load_state_dict(state, strict=False).missing_keys == ["relative_position_index"]
    return ours, lambda x: theirs(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def map_of(height, width, batch=2, dim=8, **options):
    return torch.randn(batch, dim, height, width, dtype=torch.float64, **options)


def by_places(layer, x):
    """Every query gathers from the places of its window that were near before the roll: loops, no axis is folded."""
    (batch, dim, height, width), w, out = x.shape, layer.window, torch.empty_like(x)
    heads = layer.attention.num_heads
    size = dim // heads
    padded = [-(-n // w) * w for n in (height, width)]
    shift = [layer.shift if n > w else 0 for n in padded]
    bias = layer.relative_bias()[0]  # (H, w * w, w * w)
    window_of = lambda place: tuple((p - s) % n // w for p, s, n in zip(place, shift, padded))  # after the roll
    inside = lambda place: [(p - s) % n % w for p, s, n in zip(place, shift, padded)]
    places = [(r, c) for r in range(height) for c in range(width)]
    for b in range(batch):
        qkv = {p: layer.attention.qkv(x[b, :, p[0], p[1]]).view(3, heads, size) for p in places}
        for p in places:
            # Only real places; in one window; not farther apart than a window, as those that came round are.
            keys = [k for k in places if window_of(k) == window_of(p) and all(abs(a - c) < w for a, c in zip(p, k))]
            gathered = []
            for h in range(heads):
                i = inside(p)[0] * w + inside(p)[1]
                scores = torch.stack([qkv[p][0, h] @ qkv[k][1, h] / size**0.5 + bias[h, i, inside(k)[0] * w + inside(k)[1]]
                                      for k in keys]).exp()
                gathered.append(sum(s * qkv[k][2, h] for s, k in zip(scores, keys)) / scores.sum())
            out[b, :, p[0], p[1]] = layer.attention.proj(torch.cat(gathered))
    return out


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [(8, 12), (12, 4), (4, 8), (4, 4)])
def test_equals_torchvision_on_multiples_of_the_window(shift, size):
    ours, theirs = pair(shift=shift)
    x = map_of(*size)
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("bias", [False, True])
def test_equals_torchvision_with_other_heads(bias):
    ours, theirs = pair(12, 3, 3, 1, qkv_bias=bias)
    x = map_of(6, 9, dim=12)
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(("height", "width", "window", "shift"), [
    (5, 7, 3, 1), (5, 7, 3, 0), (2, 7, 4, 2), (7, 3, 4, 1), (2, 3, 4, 2), (6, 4, 2, 1), (1, 5, 3, 2), (4, 6, 1, 0)])
def test_by_places(height, width, window, shift):
    ours, _ = pair(4, 2, window, shift)
    x = map_of(height, width, dim=4)
    assert_close(ours(x), by_places(ours, x))


@pytest.mark.parametrize(("shift", "columns"), [(0, [4, 5, 6]), (2, [6])])
def test_differs_from_torchvision_only_where_it_sees_the_padding(shift, columns):
    """On 8 x 7 column 7 is filled with zeros, whose keys and values are the biases. torchvision's queries see them.

    Shifted, the last window holds columns 6, 7, 0 and 1, and the two that came round see neither 6 nor 7.
    """
    ours, theirs = pair(shift=shift)
    x = map_of(8, 7)
    apart = (ours(x) - theirs(x)).abs().amax((0, 1))               # (8, 7)
    alike = [c for c in range(7) if c not in columns]
    assert apart[:, columns].min() > 1e-3 and apart[:, alike].max() < 1e-12


@given(rows=st.integers(1, 3), columns=st.integers(1, 3), window=st.integers(1, 4), batch=st.integers(0, 2), data=st.data())
def test_windows_by_places_and_back(rows, columns, window, batch, data):
    height, width = rows * window, columns * window
    x = torch.randn(batch, 3, height, width)
    tokens = to_windows(x, window)
    assert tokens.shape == (batch * rows * columns, window * window, 3)
    for b in range(batch):
        for r in range(height):
            for c in range(width):
                index = (b * rows + r // window) * columns + c // window
                assert torch.equal(tokens[index, r % window * window + c % window], x[b, :, r, c])
    if batch:                                                      # a reshape to -1 cannot tell how many are in none
        assert torch.equal(from_windows(tokens, window, height, width), x)


@given(rows=st.integers(1, 3), columns=st.integers(1, 3), window=st.integers(1, 4), data=st.data())
def test_shifted_mask_by_pairs(rows, columns, window, data):
    """Where each place of the rolled map came from says who was a neighbour."""
    shift = data.draw(st.one_of(st.integers(0, window - 1), st.tuples(*[st.integers(0, window - 1)] * 2)))
    down, along = shift if isinstance(shift, tuple) else (shift, shift)
    height, width = rows * window, columns * window
    mask = shifted_mask(height, width, window, shift)
    assert mask.shape == (rows * columns, window**2, window**2) and mask.dtype == torch.bool
    came_from = torch.arange(height * width).view(1, 1, height, width).roll((-down, -along), (2, 3))
    for found, window_places in zip(mask, to_windows(came_from, window)[..., 0].tolist()):
        for i, p in enumerate(window_places):
            for j, k in enumerate(window_places):
                # In one window of the rolled map, two places are as far apart as before, unless one came round.
                far = (p // width - k // width, p % width - k % width)
                inside = (i // window - j // window, i % window - j % window)
                assert found[i, j] == (far == inside)


def test_only_the_last_windows_have_a_mask():
    mask = shifted_mask(6, 9, 3, 1).view(2, 3, 9, 9)
    assert mask[0, :2].all() and not mask[1].all(-1).any() and not mask[0, 2].all(-1).any()
    assert mask[0, 2].sum() == 6 * 6 + 3 * 3 and mask[1, 2].sum() == 4**2 + 2**2 + 2**2 + 1
    assert shifted_mask(6, 9, 3, 0).all()


def test_a_place_reaches_its_window_and_no_further():
    """And with a shift, never across the edge of the map."""
    reached = {}
    for shift in (0, 2):
        layer, x = WindowAttention(8, 2, 4, shift=shift).double(), map_of(6, 11, batch=1, requires_grad=True)
        for place in ((0, 0), (3, 4), (5, 10)):
            grad, = torch.autograd.grad(layer(x)[0, :, place[0], place[1]].sum(), x)
            rows, columns = grad[0].abs().sum(0).nonzero().T
            assert len(rows) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)  # a rectangle
            reached[shift, place] = rows.min().item(), rows.max().item(), columns.min().item(), columns.max().item()
    assert reached == {(0, (0, 0)): (0, 3, 0, 3), (0, (3, 4)): (0, 3, 4, 7), (0, (5, 10)): (4, 5, 8, 10),
                       (2, (0, 0)): (0, 1, 0, 1), (2, (3, 4)): (2, 5, 2, 5), (2, (5, 10)): (2, 5, 10, 10)}


def test_what_is_recorded():
    layer, x = WindowAttention(8, 2, 4, shift=2).double(), map_of(5, 9)
    unseen = layer(x)
    with record_attention(layer) as maps:
        seen = layer(x)
    assert_close(seen, unseen)
    weights = maps["attention"]
    assert weights.shape == (2 * 2 * 3, 2, 16, 16)
    real = to_windows(torch.nn.functional.pad(torch.ones(2, 1, 5, 9), (0, 3, 0, 3)).roll((-2, -2), (2, 3)), 4)[..., 0] > 0
    assert weights.movedim(1, -1)[~real[:, None].expand(-1, 16, -1)].abs().max() == 0      # (..., query, key, head)
    assert_close(weights.sum(-1).movedim(1, -1)[real], torch.ones(int(real.sum()), 2).double())


def test_samples_do_not_meet():
    """The mask is repeated for each image, in the order of the windows."""
    layer, x = WindowAttention(8, 2, 4, shift=1).double(), map_of(7, 10, batch=3)
    assert_close(layer(x)[1:2], layer(x[1:2]))


def test_what_lies_outside_does_not_matter():
    """A map gives what it gives as a corner of a larger one, as long as no window crosses: padding is not seen."""
    layer, x = WindowAttention(8, 2, 4).double(), map_of(4, 10)
    assert_close(layer(x)[..., :8], layer(x[..., :8].clone()))
    assert not torch.allclose(layer(x)[..., 8:], layer(torch.nn.functional.pad(x, (0, 2)))[..., 8:10])


def test_gradients_reach_everything():
    layer, x = WindowAttention(8, 2, 2, shift=1), torch.randn(2, 8, 5, 6, requires_grad=True)
    layer(x).square().sum().backward()
    for name, p in [*layer.named_parameters(), ("x", x)]:
        assert p.grad.abs().sum() > 0, name
    assert torch.isfinite(x.grad).all() and (x.grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize("rate", ["attn_drop", "proj_drop"])
def test_dropout_only_while_training(rate):
    layer, x = WindowAttention(8, 2, 4, **{rate: 0.5}).double(), map_of(4, 8)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    assert "window=4, shift=0" in repr(layer)


class LargestTensor(TorchDispatchMode):
    """Keeps the size of the largest tensor that any operation inside hands out."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.numel = max([self.numel] + [t.numel() for t in tree_leaves(result) if isinstance(t, torch.Tensor)])
        return result


def test_never_builds_a_number_for_each_pair(device):
    layer, x = WindowAttention(8, 2, 4, shift=2).to(device), torch.randn(1, 8, 40, 32, device=device)
    with LargestTensor() as seen:
        layer(x).sum().backward()
    assert seen.numel <= 2 * 40 * 32 * 16 + 1 < (40 * 32) ** 2 / 20


def test_dtypes(device):
    layer, x = WindowAttention(8, 2, 4, shift=2).to(device), torch.randn(2, 8, 5, 9, device=device)
    right = layer(x)
    with torch.autocast(device, torch.bfloat16):
        assert_close(layer(x).float(), right, rtol=0.05, atol=0.05)
    half = layer.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert_close(half.float(), right, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: WindowAttention(8, 3, 4), "must be a multiple of num_heads"),
    (lambda: WindowAttention(8, 2, 0), "window must be at least 1"),
    (lambda: WindowAttention(8, 2, 4, shift=4), r"shift in \[0, window\), got 4 and 4"),
    (lambda: WindowAttention(8, 2, 4, shift=-1), r"shift in \[0, window\)"),
    (lambda: WindowAttention(8, 2, 4)(torch.randn(2, 7, 8, 8)), r"\(B, 8, H, W\)"),
    (lambda: WindowAttention(8, 2, 4)(torch.randn(2, 8, 0, 8)), "rows and columns"),
    (lambda: to_windows(torch.randn(2, 3, 6, 8), 4), "multiples of the window .4., got 6 and 8"),
    (lambda: to_windows(torch.randn(2, 3, 8, 6), 4), "multiples of the window"),
    (lambda: to_windows(torch.randn(2, 3, 8, 0), 4), "multiples of the window"),
    (lambda: to_windows(torch.randn(3, 8, 8), 4), r"\(B, C, H, W\)"),
    (lambda: to_windows(torch.randn(2, 3, 8, 8), 0), "window must be at least 1"),
    (lambda: from_windows(torch.randn(4, 16, 3), 4, 8, 6), "multiples of the window"),
    (lambda: from_windows(torch.randn(5, 16, 3), 4, 8, 8), r"tokens must be \(B \* 4, 16, C\) .* 8 x 8"),
    (lambda: from_windows(torch.randn(4, 9, 3), 4, 8, 8), "tokens must be"),
    (lambda: shifted_mask(8, 8, 4, 4), r"in \[0, 4\), got 4"),
    (lambda: shifted_mask(8, 8, 4, (0, -1)), r"in \[0, 4\)"),
    (lambda: shifted_mask(8, 8, 4, (1, 1, 1)), "one or two numbers"),
    (lambda: shifted_mask(8, 7, 4, 2), "multiples of the window"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
