"""Both policies against torch.distributions, and what they draw against their own probabilities."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Normal
from torch.testing import assert_close

from course_lib.attention import draw_centre, draw_place

TIGHT = {"rtol": 1e-5, "atol": 1e-5}


@given(batch=st.integers(0, 4), places=st.integers(1, 6))
def test_place_has_the_log_probability_of_categorical(batch, places):
    scores = (5 * torch.randn(batch, places)).requires_grad_()
    place, log_prob = draw_place(scores)
    assert place.shape == log_prob.shape == (batch,) and place.dtype == torch.long
    want = Categorical(logits=scores, validate_args=False).log_prob(place)  # it rejects B = 0
    assert_close(log_prob, want, **TIGHT)
    toward = torch.randn(batch)
    one, two = (torch.autograd.grad(lp, scores, toward) for lp in (log_prob, want))
    assert_close(one, two, **TIGHT)


def test_places_come_as_often_as_their_probability_says():
    scores = torch.tensor([0.0, 1.0, float("-inf"), -1.0])
    place, _ = draw_place(scores.expand(40_000, 4), generator=torch.Generator().manual_seed(3))
    share = torch.bincount(place, minlength=4) / len(place)
    error = (scores.softmax(0) * (1 - scores.softmax(0)) / len(place)).sqrt()
    assert ((share - scores.softmax(0)).abs() <= 5 * error).all() and share[2] == 0


@given(batch=st.integers(0, 4), std=st.floats(0.05, 2))
def test_centre_has_the_log_density_of_normal(batch, std):
    mean = torch.randn(batch, 2, requires_grad=True)
    point, log_prob = draw_centre(mean, std)
    assert point.shape == (batch, 2) and not point.requires_grad
    want = Normal(mean, std).log_prob(point).sum(-1)
    assert_close(log_prob, want, rtol=1e-4, atol=1e-4)
    one, two = (torch.autograd.grad(lp.sum(), mean) for lp in (log_prob, want))
    assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_centres_have_the_mean_and_the_spread_asked_for():
    mean = torch.tensor([0.3, -0.6])
    point, _ = draw_centre(mean.expand(40_000, 2), 0.2, generator=torch.Generator().manual_seed(3))
    assert ((point.mean(0) - mean).abs() < 5 * 0.2 / 200).all()
    assert ((point.std(0) - 0.2).abs() < 5 * 0.2 / 280).all()


def test_a_generator_repeats_and_leaves_the_global_state_alone(device):
    scores, before = torch.randn(50, 9, device=device), torch.get_rng_state()
    for draw in (lambda g: draw_place(scores, generator=g), lambda g: draw_centre(scores, 0.5, generator=g)):
        one, two = (draw(torch.Generator(device).manual_seed(5)) for _ in range(2))
        assert torch.equal(one[0], two[0]) and one[0].device.type == device
        assert not torch.equal(one[0], draw(torch.Generator(device).manual_seed(6))[0])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_dtypes(dtype):
    assert draw_place(torch.randn(3, 4, dtype=dtype))[1].dtype == dtype
    point, log_prob = draw_centre(torch.randn(3, 2, dtype=dtype), 0.5)
    assert point.dtype == log_prob.dtype == dtype


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: draw_place(torch.zeros(3)), r"scores must have one row a sample, two axes, got shape"),
        (lambda: draw_place(torch.zeros(3, 0)), r"scores must have a place or more to choose from"),
        (lambda: draw_place(torch.zeros(3, 2).long()), r"scores must be a floating-point tensor"),
        (lambda: draw_centre(torch.zeros(2), 0.1), r"mean must have one row a sample"),
        (lambda: draw_centre(torch.zeros(3, 2), 0), r"std must be positive, got 0"),
        (lambda: draw_centre(torch.zeros(3, 2), float("nan")), r"std must be positive, got nan"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
