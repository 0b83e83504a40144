"""Exercise 2.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
import torch.nn.functional as F


def straight_through(scores, noise, tau):
    soft = ((scores + noise) / tau).softmax(-1)
    hard = one_hot(scores + noise)
    return hard + soft - soft.detach()  # forward: hard; backward: soft


def one_hot(perturbed, dim=-1):
    largest = perturbed.argmax(dim, keepdim=True)
    return torch.zeros_like(perturbed).scatter(dim, largest, 1.0)


def perturbed(scores, noise, tau):
    return (scores + noise) / tau


def lend(hard, soft):
    """The value of `hard`, the gradient of `soft`."""
    return hard.detach() + (soft - soft.detach())


def wired(drawn_from=perturbed, softened=perturbed, soft_dim=-1, hard_dim=-1, join=lend):
    """The reference with one part exchanged."""

    def answer(scores, noise, tau):
        hard = one_hot(drawn_from(scores, noise, tau), hard_dim)
        return join(hard, softened(scores, noise, tau).softmax(soft_dim))

    return answer


def gradient_of(stand_in):
    """The right value with the gradient of something else than the softmax."""

    def answer(scores, noise, tau):
        return lend(one_hot(scores + noise), stand_in(scores, noise, tau))

    return answer


def cut(hard, soft):
    # The zero gives a gradient that reaches no input, so that "none at all" can be compared.
    return hard + torch.zeros((), requires_grad=True)


def above_a_half(hard, soft):
    return lend((soft > 0.5).to(soft.dtype), soft)


def largest_of_all(hard, soft):
    return lend((soft == soft.max()).to(soft.dtype), soft)


def place_drawn(scores, noise, tau):
    return (scores + noise).argmax(-1)


def by_function(scores, noise, tau):
    class HardForward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, soft):
            return one_hot(soft)

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    return HardForward.apply(((scores + noise) / tau).softmax(-1))


def by_loops(scores, noise, tau):
    rows = []
    for s, n in zip(scores, noise, strict=True):
        y = (s + n) / tau
        powers = (y - y.max().detach()).exp()
        soft = powers / powers.sum()
        hard = torch.tensor([float(k == int(y.argmax())) for k in range(len(y))])
        rows.append((hard - soft).detach() + soft)
    return torch.stack(rows)


def by_one_hot(scores, noise, tau):
    soft = F.softmax((scores + noise) / tau, dim=-1)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    return (hard - soft).detach() + soft


def by_double(scores, noise, tau):
    return straight_through(scores.double(), noise.double(), tau).float()
