"""Exercise 1.2's answers as code: the reference, wrong ones that people give, and right ones of another kind."""

import torch


def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1).nan_to_num(0.0) @ v


def wired(
    scale=lambda q, k: q.shape[-1] ** -0.5, dim=-1, fill=float("-inf"), keep=lambda mask: mask, empty=0.0
):
    """The reference with one part exchanged."""

    def answer(q, k, v, mask=None):
        scores = q @ k.transpose(-2, -1) * scale(q, k)
        if mask is not None:
            scores = scores.masked_fill(~keep(mask), fill)
        return scores.softmax(dim).nan_to_num(empty) @ v

    return answer


def nan_for_the_empty_row(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(-1) @ v


def scaled_afterwards(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1).nan_to_num(0.0) / q.shape[-1] ** 0.5 @ v


def mask_multiplied(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (scores if mask is None else scores * mask).softmax(-1) @ v


def masked_after_softmax(q, k, v, mask=None):
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    return (weights if mask is None else weights * mask) @ v


def mask_forgotten(q, k, v, mask=None):
    return attention(q, k, v)


def weights_on_keys(q, k, v, mask=None):
    return attention(q, k, k, mask)


def divided_by_sum(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    scores = scores if mask is None else scores * mask
    return scores / scores.sum(-1, keepdim=True) @ v


def keys_reshaped(q, k, v, mask=None):
    scores = q @ k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2]) / q.shape[-1] ** 0.5
    return (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(-1).nan_to_num(
        0.0
    ) @ v


def mask_added(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (scores if mask is None else scores + mask).softmax(-1) @ v


def angles_only(q, k, v, mask=None):
    return attention(q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True), v, mask)


def two_softmaxes(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(-1).nan_to_num(
        0.0
    ).softmax(-1) @ v


def by_loops(q, k, v, mask=None):
    lead = q.shape[:-2]
    q, k, v = (t.reshape(-1, *t.shape[-2:]) for t in (q, k, v))
    allowed = (
        torch.ones(len(q), q.shape[1], k.shape[1], dtype=torch.bool)
        if mask is None
        else mask.expand(*lead, q.shape[1], k.shape[1]).reshape(-1, q.shape[1], k.shape[1])
    )
    out = []
    for b in range(len(q)):
        for n in range(q.shape[1]):
            kept = [m for m in range(k.shape[1]) if allowed[b, n, m]]
            if not kept:
                out.append(torch.zeros_like(v[b, 0]))
                continue
            scores = torch.stack([(q[b, n] * k[b, m]).sum() / q.shape[-1] ** 0.5 for m in kept])
            powers = (scores - scores.max()).exp()
            out.append(sum(power * v[b, m] for power, m in zip(powers / powers.sum(), kept, strict=True)))
    return torch.stack(out).reshape(*lead, q.shape[1], v.shape[-1])


def by_einsum(q, k, v, mask=None):
    scores = torch.einsum("...nd,...md->...nm", q, k) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    return torch.einsum("...nm,...me->...ne", torch.softmax(scores, -1).nan_to_num(), v)


def additive_mask(q, k, v, mask=None):
    scores = (q / q.shape[-1] ** 0.5) @ k.mT
    if mask is None:
        return scores.softmax(-1) @ v
    found = mask.any(-1, keepdim=True)  # added to an empty row, -inf would leave NaN in the gradient
    scores = scores + torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask & found, -torch.inf)
    return scores.softmax(-1) * found @ v


def by_log_sum_exp(q, k, v, mask=None):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    return weights.nan_to_num(0.0) @ v


def large_negative_then_zero(q, k, v, mask=None):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if mask is None:
        return scores.softmax(-1) @ v
    return (scores.masked_fill(~mask, -1e9).softmax(-1) * mask) @ v
