"""gumbel_softmax against PyTorch's own under one seed, and its bias against exact enumeration."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck
from torch.testing import assert_close

from course_lib.attention import gumbel_noise, gumbel_softmax

TIGHT = {"rtol": 1e-5, "atol": 1e-6}
N = 20_000
SCORES = torch.tensor([0.3, -1.0, 1.2, 0.0], dtype=torch.float64)
REWARDS = torch.tensor([1.0, 3.0, 2.0, 7.0], dtype=torch.float64)


@given(
    lead=st.lists(st.integers(0, 3), max_size=3),
    places=st.integers(1, 6),
    tau=st.sampled_from([0.1, 1.0, 3.0]),
    hard=st.booleans(),
)
def test_equals_pytorch_under_one_seed(lead, places, tau, hard):
    scores = torch.randn(*lead, places, requires_grad=True)
    torch.manual_seed(7)
    want = F.gumbel_softmax(scores, tau=tau, hard=hard)
    torch.manual_seed(7)
    got = gumbel_softmax(scores, tau=tau, hard=hard)
    assert_close(got, want, **TIGHT)
    toward = torch.randn_like(want)
    one, two = (torch.autograd.grad(out, scores, toward)[0] for out in (got, want))
    assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_noise_and_generator_repeat_a_draw(device):
    scores = torch.randn(50, 6, device=device)
    noise = gumbel_noise(scores, generator=torch.Generator(device).manual_seed(1))
    before, state = (scores.clone(), noise.clone()), torch.get_rng_state()
    got = gumbel_softmax(scores, noise=noise)
    assert torch.equal(got, gumbel_softmax(scores, generator=torch.Generator(device).manual_seed(1)))
    assert torch.equal(got.argmax(-1), (scores + noise).argmax(-1))
    assert not torch.equal(got, gumbel_softmax(scores, generator=torch.Generator(device).manual_seed(2)))
    assert torch.equal(scores, before[0]) and torch.equal(noise, before[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_a_hard_draw_is_exactly_one_hot():
    got = gumbel_softmax(torch.randn(5000, 7), tau=0.3)
    assert ((got == 0) | (got == 1)).all() and (got.sum(-1) == 1).all()


def test_a_soft_draw_nears_the_hard_one_as_tau_falls():
    scores = torch.randn(200, 5)
    noise = gumbel_noise(scores)
    hard = gumbel_softmax(scores, noise=noise)
    soft = [gumbel_softmax(scores, tau=tau, hard=False, noise=noise) for tau in (3, 1, 0.1, 0.01)]
    gaps = [(draws - hard).abs().mean() for draws in soft]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.01
    assert_close(gumbel_softmax(scores, tau=0.7, hard=False).sum(-1), torch.ones(200))


@pytest.mark.parametrize("tau", [0.2, 1.0, 5.0])
def test_draws_come_as_often_as_softmax_says_at_every_tau(tau):
    draws = gumbel_softmax(SCORES.expand(N, 4), tau=tau, generator=torch.Generator().manual_seed(1))
    probs = SCORES.softmax(0)
    assert ((draws.mean(0) - probs).abs() < 5 * (probs * (1 - probs) / N).sqrt()).all()


def test_noise_has_the_moments_of_gumbel():
    noise = gumbel_noise(torch.empty(N, 5), generator=torch.Generator().manual_seed(1))
    n = noise.numel()
    assert abs(noise.mean() - 0.5772) < 5 * math.pi / math.sqrt(6 * n)
    assert abs(noise.var() - math.pi**2 / 6) < 0.05


# --- biased, and how ---


def sampled(result, tau, n=N, hard=True):
    """(n, 4): the gradient of a result of the draw with respect to the scores, for each draw by itself."""
    scores = SCORES.repeat(n, 1).requires_grad_()
    draws = gumbel_softmax(scores, tau=tau, hard=hard, generator=torch.Generator().manual_seed(1))
    return torch.autograd.grad(result(draws).sum(), scores)[0]


def exact(result):
    """The gradient of the expected result, by enumeration: all places, each with its probability."""
    scores = SCORES.clone().requires_grad_()
    probs = torch.distributions.Categorical(logits=scores).probs
    each = result(torch.eye(4, dtype=torch.float64))  # (4,): what each place gives
    return torch.autograd.grad((probs * each).sum(), scores)[0]


def linear(draws):
    return draws @ REWARDS


def curved(draws):
    return linear(draws).square()


def bias_in_errors(result, tau, n=300_000):
    """The largest distance from the exact gradient, in standard errors of the sample."""
    grads = sampled(result, tau, n)
    return ((grads.mean(0) - exact(result)).abs() / (grads.std(0) / n**0.5)).max()


@pytest.mark.parametrize("result", [linear, curved])
@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_straight_through_is_biased(result, tau):
    """Ten standard errors. Chance reaches five once in a million, and the score function stays below."""
    assert bias_in_errors(result, tau) > 10


def test_a_small_tau_has_less_bias_and_more_variance():
    bias, variance = [], []
    for tau in (2.0, 0.5, 0.1):
        grads = sampled(linear, tau)
        bias.append((grads.mean(0) - exact(linear)).norm())
        variance.append(grads.var(0).sum())
    assert bias == sorted(bias, reverse=True) and variance == sorted(variance)


def test_without_hard_the_gradient_is_that_of_the_stand_in():
    noise = gumbel_noise(SCORES)
    scores = SCORES.clone().requires_grad_()
    assert gradcheck(lambda s: gumbel_softmax(s, tau=0.7, hard=False, noise=noise), (scores,))


# --- forbidden places, types, errors ---


@pytest.mark.parametrize("hard", [True, False])
def test_forbidden_places_are_never_drawn(hard):
    scores = torch.randn(500, 4)
    scores[:, 2], scores[7] = float("-inf"), float("-inf")
    scores.requires_grad_()
    draws = gumbel_softmax(scores, hard=hard)
    assert (draws[:, 2] == 0).all() and (draws[7] == 0).all()
    (draws * torch.randn(4)).sum().backward()
    assert scores.grad.isfinite().all() and (scores.grad[7] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("hard", [True, False])
def test_dtypes_and_devices(dtype, hard, device):
    got = gumbel_softmax(torch.randn(30, 5, dtype=dtype, device=device), hard=hard)
    assert got.dtype == dtype and got.device.type == device
    assert_close(got.float().sum(-1).cpu(), torch.ones(30), rtol=0, atol=2e-2)


def test_samples_do_not_leak():
    scores, noise = torch.randn(3, 5), torch.randn(3, 5)
    together = gumbel_softmax(scores, hard=False, noise=noise)
    assert_close(gumbel_softmax(scores[1], hard=False, noise=noise[1]), together[1], **TIGHT)


S = torch.zeros(2, 3)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: gumbel_softmax(S.long()), r"scores must be a floating-point tensor, got torch.int64"),
        (lambda: gumbel_softmax(S[:, :0]), r"scores must have a place or more .*got shape \(2, 0\)"),
        (lambda: gumbel_softmax(S[0, 0]), r"scores must have a place or more .*got shape \(\)"),
        (lambda: gumbel_softmax(S, tau=0), r"tau must be positive, got 0"),
        (lambda: gumbel_softmax(S, tau=float("nan")), r"tau must be positive, got nan"),
        (lambda: gumbel_softmax(S, noise=S[:1]), r"noise must have shape \(2, 3\) here, got \(1, 3\)"),
        (lambda: gumbel_softmax(S, noise=S > 0), r"noise must be a floating-point tensor, got torch.bool"),
        (lambda: gumbel_noise(S.long()), r"like must be a floating-point tensor, got torch.int64"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
