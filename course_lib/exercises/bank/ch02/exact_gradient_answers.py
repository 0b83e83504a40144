"""Exercise 2.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
import torch.nn.functional as F


# The result is a gradient already. Nobody learns through it, so none is asked of the answer.
@torch.no_grad()
def exact_gradient(scores, reward):
    p = scores.softmax(-1)
    expected = (p * reward).sum(-1, keepdim=True)  # (B, 1)
    return p * (reward - expected)


def wired(
    p=lambda s: s.softmax(-1),
    expected=lambda p, r: (p * r).sum(-1, keepdim=True),
    together=lambda p, advantage: p * advantage,
):
    """The reference with one part exchanged."""

    def answer(scores, reward):
        weights = p(scores)
        return together(weights, reward - expected(weights, reward))

    return answer


def not_normalised(scores):
    return scores.exp()


def overflowing(scores):
    return scores.exp() / scores.exp().sum(-1, keepdim=True)


def with_a_plus(scores, reward):
    p = scores.softmax(-1)
    return p * (reward + (p * reward).sum(-1, keepdim=True))


def diagonal_only(scores, reward):
    p = scores.softmax(-1)
    return p * (1 - p) * reward


def without_the_diagonal(scores, reward):
    p = scores.softmax(-1)
    return -p * (p * reward).sum(-1, keepdim=True)


def expected_shared_out(scores, reward):
    return -without_the_diagonal(scores, reward)


def expected_subtracted_last(scores, reward):
    p = scores.softmax(-1)
    return p * reward - (p * reward).sum(-1, keepdim=True)


def of_the_best_place(scores, reward):
    p = scores.softmax(-1)
    best = p.argmax(-1, keepdim=True)
    return (F.one_hot(best[:, 0], p.shape[1]) - p) * reward.gather(1, best)


def of_the_log(scores, reward):
    p = scores.softmax(-1)
    expected = (p * reward).sum(-1, keepdim=True)
    return p * (reward - expected) / expected


def jacobian(scores, reward=None):
    p = scores.softmax(-1)
    return torch.diag_embed(p) - p[:, :, None] * p[:, None, :]  # (B, K, K): d p_j / d s_k


def by_jacobian(scores, reward):
    return (jacobian(scores) @ reward[..., None])[..., 0]


def by_loops(scores, reward):
    rows = []
    for s, r in zip(scores, reward, strict=True):
        powers = (s - s.max()).exp()
        p = powers / powers.sum()
        row = []
        for k in range(len(s)):
            terms = [p[j] * ((1.0 if j == k else 0.0) - p[k]) * r[j] for j in range(len(s))]
            row.append(sum(terms))
        rows.append(torch.stack(row))
    return torch.stack(rows)


def by_einsum(scores, reward):
    p = torch.softmax(scores, dim=1)
    return p * reward - torch.einsum("bk,bj,bj->bk", p, p, reward)


def by_every_draw(scores, reward):
    # The score-function estimate of each place, weighed by how often it is drawn.
    p = scores.softmax(-1)
    step = torch.eye(p.shape[1], dtype=p.dtype) - p[:, None]  # (B, K, K): d log p_k / d s_j
    return torch.einsum("bk,bk,bkj->bj", p, reward, step)
