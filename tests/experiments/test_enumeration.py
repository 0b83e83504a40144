"""The sums over places against autograd, against draws, and on numbers for paper."""

import torch
from torch.testing import assert_close

from course_lib.experiments.enumeration import exact_gradient, gradient_variance


def test_gradient_is_that_of_the_expected_reward():
    scores, reward = torch.randn(3, 7, requires_grad=True), torch.randn(3, 7)
    (expected,) = torch.autograd.grad((scores.softmax(-1) * reward).sum(), scores)
    assert_close(exact_gradient(scores.detach(), reward), expected)


def test_variance_is_that_of_draws():
    scores, reward, baseline = torch.randn(1, 5, dtype=torch.float64), torch.randn(1, 5).double(), 0.7
    p = scores[0].softmax(-1)
    place = torch.multinomial(p, 400_000, replacement=True)
    estimates = (reward[0, place] - baseline)[:, None] * (torch.eye(5).double()[place] - p)
    assert_close(estimates.mean(0), exact_gradient(scores, reward)[0], atol=0.01, rtol=0)
    assert_close(estimates.var(0).sum(), gradient_variance(scores, reward, baseline)[0], atol=0, rtol=0.02)


def test_on_paper():
    """Two places, p = 1/2 each, rewards 1 and 0. The estimate is (1/2, -1/2) or 0; at b = 1/2 it is no matter which."""
    scores, reward = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    assert exact_gradient(scores, reward).tolist() == [[0.25, -0.25]]
    assert gradient_variance(scores, reward).item() == 0.125
    assert gradient_variance(scores, reward, 0.5).item() == 0


def test_a_baseline_for_each_sample():
    scores, reward = torch.randn(3, 4), torch.rand(3, 4)
    baseline = torch.tensor([0.1, 0.5, 0.9])
    each = [gradient_variance(s[None], r[None], b)[0] for s, r, b in zip(scores, reward, baseline)]
    assert_close(gradient_variance(scores, reward, baseline), torch.stack(each))
