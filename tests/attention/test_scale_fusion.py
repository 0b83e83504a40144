"""ScaleFusion against loops over pixels and scales, in float64, on maps with H != W."""

import math

import pytest
import torch
from torch.testing import assert_close

from course_lib.attention import ScaleFusion, record_attention

DIMS = (6, 5, 4)


def maps_of(height=4, width=8, batch=2, dims=DIMS, dtype=torch.float64):
    """Coarse first, each half as large as the next."""
    sizes = [(max(1, height >> i), max(1, width >> i)) for i in range(len(dims))][::-1]
    return [torch.randn(batch, dim, *size, dtype=dtype) for dim, size in zip(dims, sizes)]


def bilinear(x, r, c, height, width):
    """The vector of (C, h, w) at pixel (r, c) of a grid of height x width: between the four centres around."""
    h, w = x.shape[1:]
    y, z = (r + 0.5) * h / height - 0.5, (c + 0.5) * w / width - 0.5
    top, left, found = math.floor(y), math.floor(z), 0.0
    for i, share_i in ((top, top + 1 - y), (top + 1, y - top)):
        for j, share_j in ((left, left + 1 - z), (left + 1, z - left)):
            found = found + share_i * share_j * x[:, min(max(i, 0), h - 1), min(max(j, 0), w - 1)]
    return found


def by_pixels(head, maps):
    """Features are resampled first, as in the paper: (B, C, H, W) and the weights (B, S, H, W)."""
    (batch, _, height, width), scales = maps[-1].shape, range(len(maps))
    out = torch.empty(batch, head.out_chans, height, width, dtype=torch.float64)
    weights = torch.empty(batch, len(maps), height, width, dtype=torch.float64)
    for b in range(batch):
        for r in range(height):
            for c in range(width):
                x = [bilinear(maps[s][b], r, c, height, width) for s in scales]
                joined = torch.cat([layer.weight[:, :, 0, 0] for layer in head.reduce], dim=1) @ torch.cat(x)
                hidden = (joined + head.reduce[-1].bias).clamp(min=0)
                h = [(head.score.weight[s, :, 0, 0] @ hidden + head.score.bias[s]).item() for s in scales]
                f = [math.exp(score) for score in h]
                predictions = [head.predict[s].weight[:, :, 0, 0] @ x[s] + head.predict[s].bias for s in scales]
                weights[b, :, r, c] = torch.tensor([share / sum(f) for share in f])
                out[b, :, r, c] = sum(share / sum(f) * p for share, p in zip(f, predictions))
    return out, weights


def awake(head):
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return head.double()


@pytest.mark.parametrize(("dims", "hidden", "size"), [
    (DIMS, None, (4, 8)), (DIMS, 3, (8, 4)), ((5, 3), 1, (2, 6)), ((4,), 2, (3, 2)), ((3, 6, 2, 5), None, (8, 12))])
def test_by_pixels(dims, hidden, size):
    head, maps = awake(ScaleFusion(dims, 3, hidden)), maps_of(*size, dims=dims)
    out, weights = by_pixels(head, maps)
    assert_close(head(maps), out)
    assert_close(head.weights(maps), weights)


def test_sizes_that_are_no_halves():
    head = awake(ScaleFusion(DIMS, 2))
    maps = [torch.randn(2, dim, *size).double() for dim, size in zip(DIMS, [(1, 2), (5, 3), (7, 9)])]
    out, weights = by_pixels(head, maps)
    assert_close(head(maps), out)
    assert_close(head.weights(maps), weights)


def test_weights_are_shares():
    head, maps = awake(ScaleFusion(DIMS, 3)), maps_of()
    weights = head.weights(maps)
    assert weights.shape == (2, 3, 4, 8) and (weights > 0).all()
    assert_close(weights.sum(1), torch.ones(2, 4, 8).double())
    assert weights.std((0, 2, 3)).min() > 0.01                     # another at each pixel


def test_what_is_recorded():
    head, maps = awake(ScaleFusion(DIMS, 3)), maps_of()
    unseen = head(maps)
    with record_attention(head) as seen:
        assert_close(head(maps), unseen)
    assert list(seen) == ["attend"] and seen["attend"].shape == (2, 32, 1, 3)
    assert_close(seen["attend"].squeeze(2).mT.unflatten(2, (4, 8)), head.weights(maps))


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_a_scale_that_wins_is_the_prediction(chosen):
    head, maps = awake(ScaleFusion(DIMS, 3)), maps_of()
    with torch.no_grad():
        head.score.weight.zero_(), head.score.bias.zero_()
        mean = head(maps)                                          # equal scores: the mean of the predictions
        head.score.bias[chosen] = 50.0
    alone = torch.nn.functional.interpolate(head.predict[chosen](maps[chosen]), (4, 8), mode="bilinear")
    assert_close(head(maps), alone)
    assert_close(mean, sum(torch.nn.functional.interpolate(layer(x), (4, 8), mode="bilinear")
                           for layer, x in zip(head.predict, maps)) / 3)


def test_every_map_has_a_say_in_the_weights_and_in_the_values():
    head, maps = awake(ScaleFusion(DIMS, 3)), [m.requires_grad_() for m in maps_of()]
    for grad in torch.autograd.grad(head.weights(maps)[:, 0].sum(), maps):
        assert (grad.abs().sum((0, 1)) > 0).float().mean() > 0.8
    head(maps).square().sum().backward()
    for name, p in head.named_parameters():
        assert p.grad.abs().sum() > 0, name
    assert all((m.grad.abs().sum(1) > 0).all() for m in maps)


def test_widths_and_parameters():
    head = ScaleFusion(DIMS, 3)
    assert [layer.out_channels for layer in head.reduce] == [4, 4, 4] and head.score.out_channels == 3
    # One bias for the sum of the pieces.
    assert sum(p.numel() for p in head.parameters()) == (15 * 3 + 9) + (15 * 4 + 4) + (4 * 3 + 3)
    assert ScaleFusion(DIMS, 3, 7).score.in_channels == 7


def test_gradients():
    head, maps = awake(ScaleFusion((3, 2), 2)), [m.requires_grad_() for m in maps_of(2, 4, 1, (3, 2))]
    assert torch.autograd.gradcheck(lambda *m: head(m), maps)


def test_samples_do_not_meet_and_another_size_does():
    head, maps = awake(ScaleFusion(DIMS, 3)), maps_of(batch=3)
    assert_close(head(maps)[1:2], head([m[1:2] for m in maps]))
    assert head(maps_of(8, 4)).shape == (2, 3, 8, 4)


def test_dtypes(device):
    head, maps = awake(ScaleFusion(DIMS, 3)).float().to(device), [m.float().to(device) for m in maps_of()]
    right = head(maps)
    with torch.autocast(device, torch.bfloat16):
        assert_close(head(maps).float(), right, rtol=0.05, atol=0.05)
    half = head.bfloat16()([m.bfloat16() for m in maps])
    assert half.dtype == torch.bfloat16
    assert_close(half.float(), right, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: ScaleFusion((), 3), "got none"),
    (lambda: ScaleFusion((4, 0), 3), "at least 1, got \\(4, 0\\), 3 and 0"),
    (lambda: ScaleFusion((4, 2), 0), "at least 1"),
    (lambda: ScaleFusion((4, 2), 3, 0), "at least 1, got \\(4, 2\\), 3 and 0"),
    (lambda: ScaleFusion(DIMS, 3)(maps_of(dtype=torch.float32)[1:]), "a list of 3 maps, the coarsest first, got 2"),
    (lambda: ScaleFusion(DIMS, 3)(torch.randn(3, 4, 4, 4)), "got one tensor"),
    (lambda: ScaleFusion(DIMS, 3)(maps_of()[::-1]), r"maps\[2\] must be \(B, 4, H, W\)"),
    (lambda: ScaleFusion((4, 4), 3)(maps_of(dims=(4, 4))[::-1]), r"maps\[0\] .* no larger than it \(2 x 4\)"),
    (lambda: ScaleFusion((4, 4), 3)([torch.randn(2, 4, 1, 9), torch.randn(2, 4, 2, 8)]), "no larger"),
    (lambda: ScaleFusion((4, 4), 3)([torch.randn(1, 4, 1, 2), torch.randn(2, 4, 2, 4)]), r"batch of the last map \(2\)"),
    (lambda: ScaleFusion((4, 4), 3)([torch.ones(2, 4, 1, 2).int(), torch.randn(2, 4, 2, 4)]), r"maps\[0\] must be a floating"),
    (lambda: ScaleFusion((4, 4), 3).weights([torch.randn(2, 4, 1, 2)]), "a list of 2 maps"),
])
def test_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
