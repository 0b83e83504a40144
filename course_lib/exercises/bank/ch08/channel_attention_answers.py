"""Exercise 8.7's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def channel_attention(x, beta):
    a = x.flatten(2)  # (B, C, H, W) -> (B, C, N)
    weights = (a @ a.mT).softmax(-1)  # (B, C, C)
    return beta * (weights @ a).view_as(x) + x


def products(a):
    return a @ a.mT  # (B, C, C)


def over_keys(scores):
    return scores.softmax(-1)


def wired(
    scores=products,
    weigh=over_keys,
    gather=lambda weights, a: weights @ a,
    write=lambda o, x: o.reshape(x.shape),
    end=lambda o, x, beta: beta * o + x,
):
    """The reference with one part exchanged."""

    def answer(x, beta):
        a = x.flatten(2)
        return end(write(gather(weigh(scores(a)), a), x), x, beta)

    return answer


# Slips of the scores


def scaled(size):
    """`size` is given C and N."""
    return lambda a: products(a) / size(*a.shape[1:])


def cosines(a):
    return products(F.normalize(a, dim=-1))


def centred(a):
    return products(a - a.mean(-1, keepdim=True))


def of_means(a):
    return products(a.mean(-1, keepdim=True))


def viewed(a):
    """(B, N, C) by a reshape, where a transpose is meant."""
    return a @ a.reshape(len(a), a.shape[2], a.shape[1])


def of_the_batch(a):
    return products(a.mean(0, keepdim=True)).expand(len(a), -1, -1)


# Slips of the weights


def max_minus(scores):
    return (scores.amax(-1, keepdim=True) - scores).softmax(-1)


def over_queries(scores):
    return scores.softmax(-2)


def over_the_batch(scores):
    return scores.softmax(0)


def over_all_pairs(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def overflowing(scores):
    return scores.exp() / scores.exp().sum(-1, keepdim=True)


def by_the_sum(scores):
    return scores / scores.sum(-1, keepdim=True)


def own_left_out(scores):
    own = torch.eye(scores.shape[-1], dtype=torch.bool)
    return scores.masked_fill(own, -1e9).softmax(-1)


# Slips of the rest


def turned(o, x):
    """Written as W rows of H."""
    return o.reshape(*x.shape[:2], x.shape[3], x.shape[2]).mT


def places_attend(x, beta):
    a = x.flatten(2)
    weights = (a.mT @ a).softmax(-1)  # (B, N, N)
    return beta * (a @ weights.mT).view_as(x) + x


def a_gate(x, beta):
    """One number a channel, from its mean: what is squeezed is not gathered."""
    return beta * x.mean((2, 3), keepdim=True).softmax(1) * x + x


def x_inside(x, beta):
    a = x.flatten(2)
    return (over_keys(products(a)) @ (beta * a + a)).view_as(x)


def beta_in_the_scores(x, beta):
    a = x.flatten(2)
    return ((beta * products(a)).softmax(-1) @ a).view_as(x) + x


# Right ones


def as_published(x, beta):
    """The authors' code but for its `max -`."""
    batch, channels, height, width = x.size()
    query = x.view(batch, channels, -1)
    key = x.view(batch, channels, -1).permute(0, 2, 1)
    attention = F.softmax(torch.bmm(query, key), dim=-1)
    out = torch.bmm(attention, x.view(batch, channels, -1))
    return beta * out.view(batch, channels, height, width) + x


def by_einsum(x, beta):
    weights = torch.einsum("bchw,bdhw->bcd", x, x).softmax(2)
    return torch.einsum("bcd,bdhw->bchw", weights, x).mul(beta).add(x)


def fused(x, beta):
    a = x.flatten(2)
    return beta * F.scaled_dot_product_attention(a, a, a, scale=1.0).view_as(x) + x


def by_loops(x, beta):
    samples = []
    for sample in x:
        channels = []
        for one in sample:
            weights = torch.stack([(one * other).sum() for other in sample]).softmax(0)
            gathered = sum(w * other for w, other in zip(weights, sample, strict=True))
            channels.append(beta * gathered + one)
        samples.append(torch.stack(channels))
    return torch.stack(samples)


def with_the_largest_taken_off(x, beta):
    """The softmax by hand: minus each row's largest score, which changes nothing."""
    a = x.flatten(2)
    scores = a @ a.transpose(1, 2)
    f = (scores - scores.amax(-1, keepdim=True)).exp()
    return x + beta * (f @ a / f.sum(-1, keepdim=True)).unflatten(2, x.shape[2:])
