"""The score-function estimator, REINFORCE: not attention itself, but how a place that was drawn is learned.

A draw has no derivative, its probability has: grad E[R] = E[R grad log p]. Weigh the log-probability of what
was drawn by the reward it brought. A baseline takes from every reward what was expected anyhow.
"""

import torch
from torch import Tensor, nn

from course_lib.attention._checks import check_floating


def surrogate_loss(log_prob: Tensor, reward: Tensor, baseline: Tensor | float = 0.0) -> Tensor:
    """A number whose gradient is an unbiased estimate of -grad E[reward] (Williams 1992, theorem 1).

    Its value means nothing: it can rise while the policy gets better. The gradient stays unbiased with every
    baseline that does not depend on the draw it is taken from; a good one only makes it steadier. It goes
    through log_prob alone. The reward and the baseline are constants here: a learned baseline has
    baseline_loss.

    Args:
        log_prob: (B,), or (B, T) for T draws in a row that lead to the reward. Draws are summed, samples
            averaged, so the scale of the gradient does not depend on B.
        reward: (B,), what the sample earned, or (B, T), what it earned after each draw.
        baseline: a number, (B,) or (B, T): what was expected before the draw.

    Returns:
        A scalar.

    Raises:
        ValueError: not floating, shapes that do not fit.
    """
    _check_draws("log_prob", log_prob)
    advantage = _like(log_prob, "reward", reward) - _like(log_prob, "baseline", baseline)
    return -(log_prob * advantage.detach()).sum() / len(log_prob)


def baseline_loss(baseline: Tensor, reward: Tensor) -> Tensor:
    """The mean squared error that teaches a learned baseline what to expect (Mnih et al. 2014, sec. 3).

    Args:
        baseline: (B,) or (B, T).
        reward: (B,) or (B, T), as for surrogate_loss; no gradient goes to it.

    Returns:
        A scalar.

    Raises:
        ValueError: as surrogate_loss.
    """
    _check_draws("baseline", baseline)
    return (baseline - _like(baseline, "reward", reward).detach()).square().mean()


class RunningBaseline(nn.Module):
    """The mean of past rewards, recent ones weighing more: a baseline that looks at no input.

    Read it before you update it. With the present reward in it, it would depend on the draw.

    Args:
        momentum: how much of the past is kept at an update, in [0, 1).

    Raises:
        ValueError: momentum out of range.
    """

    def __init__(self, momentum: float = 0.9) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {momentum}.")
        self.momentum = momentum
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("weight", torch.zeros(()))

    def forward(self) -> Tensor:
        """The mean so far, a scalar; 0 before the first update."""
        # Divided by the weights that are in it: it would start out as a tenth of the first reward otherwise.
        return self.total / self.weight.clamp(min=torch.finfo(self.weight.dtype).tiny)

    @torch.no_grad()
    def update(self, reward: Tensor) -> None:
        """Take a batch of rewards, of any shape, into the mean.

        Raises:
            ValueError: rewards that are not floating, or none.
        """
        check_floating("reward", reward)
        if reward.numel() == 0:
            raise ValueError(f"reward must hold a number or more, got shape {tuple(reward.shape)}.")
        self.total = self.momentum * self.total + (1 - self.momentum) * reward.mean().to(self.total)
        self.weight = self.momentum * self.weight + (1 - self.momentum)


class LearnedBaseline(nn.Module):
    """What reward to expect, from what is known before the draw: one linear layer (Mnih et al. 2014, sec. 3).

    The features are detached, so that the baseline's loss trains the baseline and nothing under it.

    Args:
        dim: C.

    Raises:
        ValueError: dim is less than 1.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}.")
        self.head = nn.Linear(dim, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(..., C) -> (...)."""
        return self.head(features.detach())[..., 0]  # (..., 1) -> (...)


def _check_draws(name: str, t: Tensor) -> None:
    check_floating(name, t)
    if t.ndim not in (1, 2) or len(t) == 0:
        raise ValueError(f"{name} must be (B,) or (B, T) with a sample or more, got shape {tuple(t.shape)}.")


def _like(draws: Tensor, name: str, t: Tensor | float) -> Tensor:
    """One number a sample counts for each of its draws. Plain broadcasting would deal (B,) out along T."""
    if not isinstance(t, Tensor):
        return torch.full_like(draws, t)
    check_floating(name, t)
    if t.ndim == 0 or t.shape == draws.shape:
        return t.expand(draws.shape)
    if t.shape == draws.shape[:1]:
        return t[:, None].expand(draws.shape)  # (B,) -> (B, T)
    needs = " or ".join(str(tuple(shape)) for shape in (draws.shape[:1], draws.shape)[: draws.ndim])
    raise ValueError(f"{name} must have shape {needs} here, got {tuple(t.shape)}.")
