"""Exercise 4.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def non_local_loops(x, g):
    f = (x @ x.T).exp()  # (N, N): row i holds exp(x_i . x_j)
    return f @ g / f.sum(1, keepdim=True)  # (N, E) / (N, 1)


def _dot(x):
    return x @ x.T  # (N, N): row i holds x_i . x_j


def over_keys(f):
    return f.sum(1, keepdim=True)


def wired(
    scores=_dot, f=torch.exp, c=over_keys, values=lambda x, g: g, end=lambda y, x, g: y
):
    """The reference with one part exchanged: x_i . x_j, f of it, C(x), what is summed, the end."""

    def answer(x, g):
        pairs = f(scores(x))
        return end(pairs / c(pairs) @ values(x, g), x, g)

    return answer


def scaled(power):
    return wired(scores=lambda x: x @ x.T / x.shape[1] ** power)


def unnormalised(scores):
    return wired(scores=scores, c=lambda f: 1)


def distances(x):
    return -(x[:, None] - x[None]).square().sum(-1)


def unit_length(x):
    unit = x / x.norm(dim=1, keepdim=True)
    return unit @ unit.T


def channel_by_channel(x, g):
    """exp(x_i) . exp(x_j) in place of exp(x_i . x_j)."""
    pairs = x.exp() @ x.exp().T
    return pairs / over_keys(pairs) @ g


def without_itself(f):
    return f * (1 - torch.eye(len(f)))


def counted_but_not_summed(x, g):
    pairs = _dot(x).exp()
    return without_itself(pairs) / over_keys(pairs) @ g


def summed_but_not_counted(x, g):
    pairs = _dot(x).exp()
    return pairs / over_keys(without_itself(pairs)) @ g


def only_before(x, g):
    return wired(f=lambda s: s.exp().tril())(x, g)


def only_after(x, g):
    return wired(f=lambda s: s.exp().triu())(x, g)


def y_starts_at_g(x, g):
    pairs = _dot(x).exp()
    return (pairs @ g + g) / over_keys(pairs)


def numbers_for_tensors(x, g):
    pairs = _dot(x).detach().exp()
    return pairs @ g / over_keys(pairs)


def first_key_skipped(f):
    return f * (torch.arange(len(f)) > 0)


def last_key_skipped(f):
    return f * (torch.arange(len(f)) < len(f) - 1)


def sums_run_on(both):
    """The sums of one place are where those of the next begin: y alone, C alone, or both."""

    def answer(x, g):
        pairs = _dot(x).exp()
        y, c = pairs @ g, over_keys(pairs)
        y = y.cumsum(0) if "y" in both else y
        return y / (c.cumsum(0) if "c" in both else c)

    return answer


def c_of_the_last(f):
    return f[-1].sum()


def last_weight_only(f):
    return f[:, -1:]


def divided_as_it_goes(x, g):
    """The sum so far is divided by C so far, at every key anew."""
    pairs = _dot(x).exp()
    y, c = torch.zeros_like(g), torch.zeros(len(x), 1)
    for j in range(len(x)):
        c = c + pairs[:, j, None]
        y = (y + pairs[:, j, None] * g[j]) / c
    return y


def largest_taken(x, g):
    return g[_dot(x).argmax(1)]


def maximum_off_above_only(x, g):
    scores = _dot(x)
    pairs = (scores - scores.amax(1, keepdim=True)).exp()
    return pairs / over_keys(scores.exp()) @ g


def maximum_of_the_last(x, g):
    """Each row's maximum is taken off the numerator, the largest of all off the denominator."""
    scores = _dot(x)
    pairs = (scores - scores.amax(1, keepdim=True)).exp()
    return pairs / over_keys((scores - scores.max()).exp()) @ g


def by_loops(x, g):
    places = []
    for i in range(len(x)):
        y, c = 0, 0
        for j in range(len(x)):
            f = torch.exp(x[i] @ x[j])
            y = y + f * g[j]
            c = c + f
        places.append(y / c)
    return torch.stack(places)


def by_careful_loops(x, g):
    """The largest score of a place is taken off first, so that exp never overflows."""
    places = []
    for i in range(len(x)):
        scores = [(x[i] * x[j]).sum() for j in range(len(x))]
        largest = max(scores)
        weights = [(score - largest).exp() for score in scores]
        places.append(sum(w * value for w, value in zip(weights, g, strict=True)) / sum(weights))
    return torch.stack(places)


def into_zeros(x, g):
    y = torch.zeros_like(g)
    for i in range(x.shape[0]):
        c = 0.0
        for j in range(x.shape[0]):
            c = c + (x[i] @ x[j]).exp()
        for j in range(x.shape[0]):
            y[i] = y[i] + (x[i] @ x[j]).exp() / c * g[j]
    return y


def one_pass(x, g):
    """The online softmax: one loop over the keys, with the largest score so far."""
    largest = torch.full((len(x), 1), -torch.inf)
    y, c = torch.zeros_like(g), torch.zeros(len(x), 1)
    for key, value in zip(x, g, strict=True):
        score = (x @ key)[:, None]
        now = torch.maximum(largest, score)
        y = y * (largest - now).exp() + (score - now).exp() * value
        c = c * (largest - now).exp() + (score - now).exp()
        largest = now
    return y / c


def by_einsum(x, g):
    f = torch.einsum("id,jd->ij", x, x).exp()
    return torch.einsum("ij,je->ie", f, g) / torch.einsum("ij->i", f)[:, None]
