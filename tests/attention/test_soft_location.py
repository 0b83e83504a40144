"""soft_location against a loop over places, and against what a distribution must be."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck
from torch.testing import assert_close

from course_lib.attention import attend, expected_place, place_centres, record_attention, soft_location

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
B, C, H, W = 2, 4, 3, 5


def loops(features, scores, mask):
    """The slow twin: one sample and one place at a time."""
    batch, channels, height, width = features.shape
    expected, weights = torch.zeros(batch, channels), torch.zeros(batch, 1, height, width)
    for b in range(batch):
        share = {
            (i, j): math.exp(scores[b, 0, i, j])
            for i in range(height)
            for j in range(width)
            if mask[b, 0, i, j]
        }
        for (i, j), mass in share.items():
            weights[b, 0, i, j] = mass / sum(share.values())
            expected[b] += weights[b, 0, i, j] * features[b, :, i, j]
    return expected, weights


@given(
    batch=st.integers(0, 3),
    channels=st.integers(0, 4),
    height=st.integers(1, 4),
    width=st.integers(1, 5),
    allowed=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_equals_loops(batch, channels, height, width, allowed):
    features, scores = torch.randn(batch, channels, height, width), torch.randn(batch, 1, height, width)
    mask = torch.rand(batch, 1, height, width) < allowed
    before = [t.clone() for t in (features, scores, mask)]
    got = soft_location(features, scores, mask=mask)
    for mine, theirs in zip(got, loops(features, scores, mask), strict=True):
        assert_close(mine, theirs, **TIGHT)
    assert all(torch.equal(now, then) for now, then in zip((features, scores, mask), before))
    everywhere = torch.ones_like(mask)
    for mine, theirs in zip(soft_location(features, scores), loops(features, scores, everywhere)):
        assert_close(mine, theirs, **TIGHT)


def test_is_attend_with_one_query():
    keys, query = torch.randn(B, C, H, W), torch.randn(B, C)
    scores = (keys * query[:, :, None, None]).sum(1, keepdim=True) / math.sqrt(C)
    tokens = keys.flatten(2).mT
    assert_close(soft_location(keys, scores)[0], attend(query[:, None], tokens, tokens)[:, 0], **TIGHT)


def test_weights_are_one_distribution_over_the_whole_map():
    weights = soft_location(torch.randn(B, C, H, W), 3 * torch.randn(B, 1, H, W))[1]
    assert (weights > 0).all()
    assert_close(weights.sum((1, 2, 3)), torch.ones(B))
    assert (weights.sum(-1) < 1).all()  # not one a row of the map
    flat = soft_location(torch.randn(B, C, H, W), torch.zeros(B, 1, H, W))[1]
    assert_close(flat, torch.full((B, 1, H, W), 1 / (H * W)))


def test_even_scores_are_mean_pooling_and_one_huge_score_is_a_lookup():
    features, scores = torch.randn(B, C, H, W), torch.zeros(B, 1, H, W)
    assert_close(soft_location(features, scores)[0], features.mean((2, 3)), **TIGHT)
    scores[0, 0, 1, 4] = scores[1, 0, 2, 0] = 1e4
    want = torch.stack([features[0, :, 1, 4], features[1, :, 2, 0]])
    assert_close(soft_location(features, scores)[0], want)


@pytest.mark.parametrize("shape", [(), (W,), (H, 1), (B, 1, 1, 1), (1, 1, H, W)], ids=str)
def test_a_forbidden_place_has_no_influence(shape):
    features, scores = torch.randn(B, C, H, W), torch.randn(B, 1, H, W)
    mask = torch.rand(shape) > 0.5
    expected, weights = soft_location(features, scores, mask=mask)
    out = ~mask.expand(B, 1, H, W)
    assert (weights[out] == 0).all()
    assert_close(soft_location(features, scores.masked_fill(out, 1e3), mask=mask)[0], expected)
    assert_close(soft_location(features.masked_fill(out, 1e3), scores, mask=mask)[0], expected)


def test_nowhere_to_look_gives_zeros_and_no_nan():
    features = torch.randn(B, C, H, W, requires_grad=True)
    scores = torch.randn(B, 1, H, W, requires_grad=True)
    mask = torch.ones(B, 1, H, W, dtype=torch.bool)
    mask[1] = False
    expected, weights = soft_location(features, scores, mask=mask)
    assert (expected[1] == 0).all() and (weights[1] == 0).all() and (expected[0] != 0).all()
    (expected.square().sum() + expected_place(weights).sum()).backward()
    assert features.grad.isfinite().all() and scores.grad.isfinite().all()


def test_gradients():
    features = torch.randn(B, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(B, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(soft_location, (features, scores))
    assert gradcheck(lambda s: expected_place(soft_location(features.detach(), s)[1]), (scores,))


def test_is_recorded():
    class Pool(nn.Module):
        def forward(self, x):
            return soft_location(x, x[:, :1])[0]

    model, x = nn.Sequential(nn.Conv2d(C, C, 1), Pool()), torch.randn(B, C, H, W)
    with record_attention(model) as maps:
        model(x)
    (name,) = maps
    assert name == "1" and maps[name].shape == (B, 1, 1, H * W)
    inner = model[0](x)
    assert_close(maps[name].reshape(B, 1, H, W), soft_location(inner, inner[:, :1])[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes_and_devices(dtype, device):
    features, scores = torch.randn(B, C, H, W), torch.randn(B, 1, H, W)
    got = soft_location(features.to(device, dtype), scores.to(device, dtype))
    place = expected_place(got[1])
    assert all(t.dtype == dtype and t.device.type == device for t in (*got, place))
    want = soft_location(features, scores)
    close = TIGHT if dtype == torch.float32 else {"rtol": 3e-2, "atol": 3e-2}
    assert_close(got[0].float().cpu(), want[0], **close)
    assert_close(place.float().cpu(), expected_place(want[1]), **close)


def test_samples_do_not_leak_and_strides_do_not_matter():
    features, scores = torch.randn(B, C, H, W), torch.randn(B, 1, H, W)
    together = soft_location(features, scores)
    for one, many in zip(soft_location(features[1:], scores[1:]), together):
        assert_close(one, many[1:], **TIGHT)
    strided = [t.transpose(2, 3).contiguous().transpose(2, 3) for t in (features, scores)]
    for one, many in zip(soft_location(*strided), together):
        assert_close(one, many, **TIGHT)


# --- the place that is meant ---


@given(height=st.integers(1, 5), width=st.integers(1, 5), data=st.data())
def test_all_mass_on_a_place_is_that_place(height, width, data):
    i, j = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    weights = torch.zeros(1, 1, height, width)
    weights[0, 0, i, j] = 1
    assert_close(expected_place(weights)[0], place_centres(height, width)[i, j])


def test_two_peaks_point_between_them():
    weights = torch.zeros(1, 1, H, W)
    weights[0, 0, 0, 0] = weights[0, 0, 2, 4] = 0.5
    assert_close(expected_place(weights), torch.zeros(1, 2), rtol=0, atol=1e-6)


X, S = torch.zeros(B, C, H, W), torch.zeros(B, 1, H, W)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: soft_location(X[0], S), r"features must be a map \(B, channels, H, W\), got shape"),
        (lambda: soft_location(X.long(), S), r"features must be a floating-point tensor, got torch.int64"),
        (lambda: soft_location(X, S.mT), r"scores must have shape \(2, 1, 3, 5\) here, got \(2, 1, 5, 3\)"),
        (lambda: soft_location(X, X), r"scores must have shape \(2, 1, 3, 5\) here, got \(2, 4, 3, 5\)"),
        (lambda: soft_location(X, S.long()), r"scores must be a floating-point tensor"),
        (lambda: soft_location(X, S.double()), r"must have one dtype, got torch.float32 and torch.float64"),
        (lambda: soft_location(X, S, mask=S), r"mask must be a bool tensor \(True = may attend\)"),
        (lambda: soft_location(X, S, mask=[True]), r"mask must be a bool tensor .*got list"),
        (
            lambda: soft_location(X, S, mask=X > 0),
            r"mask must broadcast to \(B, 1, H, W\) = \(2, 1, 3, 5\), got \(2, 4, 3, 5\)\.",
        ),
        (lambda: expected_place(X), r"weights must have shape \(2, 1, 3, 5\) here, got \(2, 4, 3, 5\)"),
        (lambda: expected_place(X[0, 0]), r"weights must be a map \(B, channels, H, W\), got shape \(3, 5\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
