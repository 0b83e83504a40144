"""The estimator, averaged, against exact enumeration over everything that could have been drawn.

Bounds are five standard errors of the sample itself, from fixed seeds: they neither flake nor forgive.
"""

import itertools

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from course_lib.attention import (
    LearnedBaseline,
    RunningBaseline,
    baseline_loss,
    draw_centre,
    draw_place,
    surrogate_loss,
)

N = 20_000
SCORES = torch.tensor([0.3, -1.0, 1.2, 0.0], dtype=torch.float64)
REWARDS = torch.tensor([1.0, 3.0, 2.0, 7.0], dtype=torch.float64)  # what each place earns
BASELINES = {"none": 0.0, "constant": 2.5, "wrong": -4.0, "expected": float(SCORES.softmax(0) @ REWARDS)}


def samples(baseline, n=N, seed=1):
    """(n, 4): the gradient of the surrogate loss with respect to the scores, for each draw by itself."""
    scores = SCORES.repeat(n, 1).requires_grad_()
    place, log_prob = draw_place(scores, generator=torch.Generator().manual_seed(seed))
    return n * torch.autograd.grad(surrogate_loss(log_prob, REWARDS[place], baseline), scores)[0]


def exact():
    """The gradient of -E[R], by enumeration: all places, each with its probability."""
    scores = SCORES.clone().requires_grad_()
    probs = torch.distributions.Categorical(logits=scores).probs
    return torch.autograd.grad(-sum(probs[k] * REWARDS[k] for k in range(4)), scores)[0]


def within(sampled, want, errors=5):
    error = sampled.std(0) / len(sampled) ** 0.5
    return ((sampled.mean(0) - want).abs() <= errors * error).all()


@pytest.mark.parametrize("name", list(BASELINES))
def test_is_unbiased_with_any_baseline_that_does_not_see_the_draw(name):
    assert within(samples(BASELINES[name]), exact())


def test_is_unbiased_without_chance():
    """Enumerated in place of sampled: the estimates, each times its probability, are the gradient itself."""
    for baseline in BASELINES.values():
        total = torch.zeros(4, dtype=torch.float64)
        for k in range(4):
            scores = SCORES.clone().requires_grad_()
            log_probs = scores.log_softmax(0)
            loss = surrogate_loss(log_probs[k][None], REWARDS[k][None], baseline)
            total += log_probs[k].exp().detach() * torch.autograd.grad(loss, scores)[0]
        assert_close(total, exact())


def test_a_baseline_that_sees_the_draw_is_biased():
    """So the tests above can fail. The reward itself as a baseline leaves nothing to learn from."""
    scores = SCORES.repeat(N, 1).requires_grad_()
    place, log_prob = draw_place(scores, generator=torch.Generator().manual_seed(1))
    loss = surrogate_loss(log_prob, REWARDS[place], 0.5 * REWARDS[place])
    assert not within(N * torch.autograd.grad(loss, scores)[0], exact())


def test_the_expected_reward_lowers_the_variance():
    without, with_it, wrong = (samples(BASELINES[n]).var(0).sum() for n in ("none", "expected", "wrong"))
    assert with_it < 0.5 * without < 0.5 * wrong


def test_two_draws_in_a_row_against_enumeration_of_all_pairs():
    """The second draw's scores depend on the first: the log-probability of the pair is the sum."""
    rewards = torch.tensor([[1.0, 4.0, 0.0], [2.0, -3.0, 5.0]], dtype=torch.float64)
    first = torch.tensor([0.2, -0.5], dtype=torch.float64)
    second = torch.randn(2, 3, dtype=torch.float64)

    one, two = first.clone().requires_grad_(), second.clone().requires_grad_()
    expected = sum(
        one.softmax(0)[i] * two[i].softmax(0)[j] * rewards[i, j]
        for i, j in itertools.product(range(2), range(3))
    )
    want = torch.autograd.grad(-expected, (one, two))

    chance = torch.Generator().manual_seed(2)
    a, b = first.repeat(N, 1).requires_grad_(), second.repeat(N, 1, 1).requires_grad_()
    i, log_i = draw_place(a, generator=chance)
    j, log_j = draw_place(b[torch.arange(N), i], generator=chance)
    baseline = torch.stack([torch.full((N,), 1.5), rewards.mean(1)[i]], 1)  # the second one may know i
    loss = surrogate_loss(torch.stack([log_i, log_j], 1), rewards[i, j], baseline)
    for sampled, exactly in zip(torch.autograd.grad(loss, (a, b)), want, strict=True):
        assert within(N * sampled, exactly)


def test_gaussian_policy_against_the_known_gradient():
    """E[sum (x - goal)^2] = sum (mean - goal)^2 + 2 std^2, whose gradient is 2 (mean - goal)."""
    goal, std = torch.tensor([0.5, -0.25]), 0.3
    mean = torch.tensor([-0.2, 0.4]).repeat(N, 1).requires_grad_()
    point, log_prob = draw_centre(mean, std, generator=torch.Generator().manual_seed(4))
    reward = -(point - goal).square().sum(1)
    for baseline in (0.0, reward.mean()):
        loss = surrogate_loss(log_prob, reward, baseline)
        sampled = N * torch.autograd.grad(loss, mean, retain_graph=True)[0]
        assert within(sampled, 2 * (mean[0].detach() - goal))


# --- what the loss is made of ---


def test_draws_are_summed_and_samples_averaged():
    log_prob, reward, baseline = torch.randn(3, 3), torch.randn(3), torch.randn(3, 3)
    want = -sum(log_prob[b, t] * (reward[b] - baseline[b, t]) for b in range(3) for t in range(3)) / 3
    assert_close(surrogate_loss(log_prob, reward, baseline), want)
    assert_close(surrogate_loss(log_prob, reward[:, None].expand(3, 3), baseline), want)
    assert_close(
        surrogate_loss(log_prob, reward, baseline[:, 0]),
        surrogate_loss(log_prob, reward, baseline[:, :1].expand(3, 3)),
    )
    assert_close(surrogate_loss(log_prob, reward, torch.tensor(0.7)), surrogate_loss(log_prob, reward, 0.7))


def test_gradients_go_through_the_log_probability_only():
    log_prob, reward, baseline = (torch.randn(4, requires_grad=True) for _ in range(3))
    surrogate_loss(log_prob, reward, baseline).backward()
    assert_close(log_prob.grad, -(reward - baseline).detach() / 4)
    assert reward.grad is None and baseline.grad is None
    baseline_loss(baseline, reward).backward()
    assert_close(baseline.grad, 2 * (baseline - reward).detach() / 4)
    assert reward.grad is None


def test_baseline_loss_is_a_mean_of_squares():
    baseline, reward = torch.randn(3, 2), torch.randn(3)
    want = sum((baseline[b, t] - reward[b]) ** 2 for b in range(3) for t in range(2)) / 6
    assert_close(baseline_loss(baseline, reward), want)


# --- two baselines ---


def test_running_baseline_is_the_weighted_mean_of_the_past():
    baseline, rewards = RunningBaseline(0.8), [torch.randn(5) for _ in range(4)]
    assert baseline() == 0
    for n, reward in enumerate(rewards, 1):
        kept = baseline()
        before = kept.clone()
        baseline.update(reward)
        assert torch.equal(kept, before)  # what was read stays as it was
        weights = [0.8 ** (n - 1 - i) for i in range(n)]
        want = sum(w * r.mean() for w, r in zip(weights, rewards)) / sum(weights)
        assert_close(baseline(), want, rtol=1e-5, atol=1e-6)


def test_running_baseline_needs_no_gradient_and_saves():
    baseline, reward = RunningBaseline(), torch.randn(3, requires_grad=True)
    baseline.update(reward)
    assert not baseline().requires_grad and not list(baseline.parameters())
    twin = RunningBaseline()
    twin.load_state_dict(baseline.state_dict())
    assert len(baseline.state_dict()) == 2 and torch.equal(twin(), baseline())


def test_learned_baseline_learns_what_to_expect_and_lowers_the_variance():
    """Two kinds of input, of which one earns 10 more whatever is drawn."""
    n, chance = 4000, torch.Generator().manual_seed(0)
    kind = torch.randint(2, (n,), generator=chance).double()
    features = torch.stack([kind, 1 - kind], 1)
    scores = torch.zeros(n, 4, dtype=torch.float64, requires_grad=True)
    place, log_prob = draw_place(scores, generator=chance)
    reward = REWARDS[place] + 10 * kind
    baseline = LearnedBaseline(2).double()
    optimizer = torch.optim.Adam(baseline.parameters(), lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        baseline_loss(baseline(features), reward).backward()
        optimizer.step()
    learned = baseline(torch.eye(2, dtype=torch.float64))
    assert_close(learned, torch.tensor([13.25, 3.25], dtype=torch.float64), rtol=0.1, atol=0.1)
    variances = []
    for b in (baseline(features), reward.mean(), 0.0):
        (grad,) = torch.autograd.grad(surrogate_loss(log_prob, reward, b), scores, retain_graph=True)
        variances.append((n * grad).var(0).sum())
    assert variances[0] < variances[1] < variances[2]


def test_learned_baseline_trains_nothing_under_it():
    below, baseline = nn.Linear(3, 5), LearnedBaseline(5)
    out = baseline(below(torch.randn(2, 7, 3)))
    assert out.shape == (2, 7)
    baseline_loss(out, torch.randn(2)).backward()
    assert below.weight.grad is None and all(p.grad.abs().max() > 0 for p in baseline.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtypes_and_devices(dtype, device):
    if device == "mps" and dtype == torch.float64:
        pytest.skip("mps has no float64")
    options = {"dtype": dtype, "device": device}
    log_prob, reward = torch.randn(3, 2, **options), torch.randn(3, **options)
    assert surrogate_loss(log_prob, reward, 0.5).dtype == dtype
    baseline = RunningBaseline().to(device, dtype)
    baseline.update(reward)
    assert surrogate_loss(log_prob, reward, baseline()).dtype == dtype


LOG, R = torch.zeros(4, 3), torch.zeros(4)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: surrogate_loss(LOG, R[:3]), r"reward must have shape \(4,\) or \(4, 3\) here, got \(3,\)"),
        (lambda: surrogate_loss(R, LOG), r"reward must have shape \(4,\) here, got \(4, 3\)"),
        (lambda: surrogate_loss(LOG, R, LOG.T), r"baseline must have shape .*, got \(3, 4\)"),
        (lambda: surrogate_loss(LOG, R.long()), r"reward must be a floating-point tensor, got torch.int64"),
        (lambda: surrogate_loss(LOG.long(), R), r"log_prob must be a floating-point tensor"),
        (lambda: surrogate_loss(LOG[:0], R[:0]), r"log_prob must be \(B,\) or \(B, T\) with a sample"),
        (lambda: surrogate_loss(R[0], R[0]), r"log_prob must be \(B,\) or \(B, T\) .*got shape \(\)"),
        (lambda: baseline_loss(R[0], R), r"baseline must be \(B,\) or \(B, T\)"),
        (lambda: baseline_loss(LOG, R[:3]), r"reward must have shape \(4,\) or \(4, 3\) here"),
        (lambda: RunningBaseline(1.0), r"momentum must lie in \[0, 1\), got 1.0"),
        (lambda: RunningBaseline().update(R[:0]), r"reward must hold a number or more, got shape \(0,\)"),
        (lambda: RunningBaseline().update(R.long()), r"reward must be a floating-point tensor"),
        (lambda: LearnedBaseline(0), r"dim must be at least 1, got 0"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
