"""Exercise 1.3: additive scores (Bahdanau, Cho and Bengio 2014), the form in which attention entered the field."""

import torch

from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def additive_scores(q, k, w_q, w_k, v):
    hidden = (q @ w_q.T)[..., :, None, :] + (k @ w_k.T)[..., None, :, :]
    return hidden.tanh() @ v


def _scores(squash=torch.tanh, swap=False, pair=torch.add):
    def answer(q, k, w_q, w_k, v):
        if swap:
            w_q, w_k = w_k, w_q
        return squash(pair((q @ w_q.T)[..., :, None, :], (k @ w_k.T)[..., None, :, :])) @ v

    return answer


def _tanh_of_each(q, k, w_q, w_k, v):
    return ((q @ w_q.T).tanh()[..., :, None, :] + (k @ w_k.T).tanh()[..., None, :, :]) @ v


def _tanh_at_the_end(q, k, w_q, w_k, v):
    return _scores(squash=lambda x: x)(q, k, w_q, w_k, v).tanh()


def _without_v(q, k, w_q, w_k, v):
    return _scores()(q, k, w_q, w_k, torch.ones_like(v))


def _softmaxed(q, k, w_q, w_k, v):
    return additive_scores(q, k, w_q, w_k, v).softmax(-1)


def _scaled(q, k, w_q, w_k, v):
    return additive_scores(q, k, w_q, w_k, v) / v.shape[-1] ** 0.5


def _by_loops(q, k, w_q, w_k, v):
    lead = q.shape[:-2]
    qs, ks = q.reshape(-1, *q.shape[-2:]), k.reshape(-1, *k.shape[-2:])
    rows = [
        torch.stack([torch.stack([(v * torch.tanh(w_q @ a + w_k @ b)).sum() for b in keys]) for a in queries])
        for queries, keys in zip(qs, ks, strict=True)
    ]
    return torch.stack(rows).reshape(*lead, q.shape[-2], k.shape[-2])


def _by_linear(q, k, w_q, w_k, v):
    linear = torch.nn.functional.linear
    hidden = linear(q, w_q).unsqueeze(-2) + linear(k, w_k).unsqueeze(-3)
    return linear(torch.tanh(hidden), v[None]).squeeze(-1)


def _by_concatenation(q, k, w_q, w_k, v):
    n, m = q.shape[-2], k.shape[-2]
    pairs = torch.cat(
        [
            q[..., :, None, :].expand(*q.shape[:-1], m, q.shape[-1]),
            k[..., None, :, :].expand(*k.shape[:-2], n, *k.shape[-2:]),
        ],
        -1,
    )
    return (pairs @ torch.cat([w_q, w_k], 1).T).tanh() @ v


def _case(*lead, n=3, m=4, d=5, e=5, a=6, scale=1.0):
    return lambda g: {
        "q": normal(g, *lead, n, d),
        "k": normal(g, *lead, m, e),
        "w_q": normal(g, a, d, scale=scale),
        "w_k": normal(g, a, e, scale=scale),
        "v": normal(g, a),
    }


ADDITIVE_SCORES = Exercise(
    id="additive-scores",
    chapter=1,
    title="Additive scores",
    signature="additive_scores(q, k, w_q, w_k, v)",
    points=3,
    difficulty=3,
    importance=3,
    minutes=10,
    reference=additive_scores,
    stages=(
        Stage(
            "one pair",
            "One query, one key, one hidden number: v tanh(w_q q + w_k k), a single number.",
            _case(n=1, m=1, d=1, e=1, a=1),
        ),
        Stage(
            "one query",
            "One query against four keys: add the query's part to each key's part before the tanh.",
            _case(n=1),
        ),
        Stage(
            "every pair",
            "Every query meets every key: the result has a row a query and a column a key.",
            _case(),
        ),
        Stage(
            "keys of another width",
            "Queries and keys of different lengths: that is why there are two matrices.",
            _case(d=3, e=7),
        ),
        Stage(
            "batch and heads",
            "Two leading axes. Count axes from the end.",
            _case(2, 3, n=4, m=5),
            batched=("q", "k"),
        ),
        Stage("saturated", "Large weights, a saturated tanh.", _case(2, scale=4.0), hidden=True),
    ),
    mistakes=(
        Mistake(
            "no tanh",
            _scores(squash=lambda x: x),
            "The tanh is missing. Without it the score falls apart into a query's part plus a key's part, and"
            " softmax drops the query's part: every query would look at the same keys.",
            "Put the tanh around the sum, before the product with v.",
        ),
        Mistake(
            "tanh of each part",
            _tanh_of_each,
            "You squash query and key separately and then add. Then they never meet inside the curve, and"
            " every query ranks the keys alike.",
            "Add first, then tanh of the sum.",
        ),
        Mistake(
            "tanh at the end",
            _tanh_at_the_end,
            "You take the tanh of the finished score. It belongs to the hidden vector, before v sums it up.",
            "tanh(W_q q + W_k k) has A numbers. Then v makes one of them.",
        ),
        Mistake(
            "v left out",
            _without_v,
            "You sum the hidden vector with equal weights. v says how much each of its numbers counts, and"
            " with which sign.",
            "End with a product with `v`: `hidden @ v`.",
        ),
        Mistake(
            "matrices exchanged",
            _scores(swap=True),
            "You apply w_k to the queries and w_q to the keys.",
            "w_q belongs to q, w_k to k. It shows only where both have the same width.",
        ),
        Mistake(
            "multiplied, not added",
            _scores(pair=torch.mul),
            "You multiply the query's part with the key's part. This score is called additive because it adds"
            " them.",
            "W_q q + W_k k.",
        ),
        Mistake(
            "weights, not scores",
            _softmaxed,
            "Your rows sum to 1: these are weights already. The exercise asks for the scores.",
            "Leave the softmax to the caller.",
        ),
        Mistake(
            "scaled",
            _scaled,
            "You divide by the square root of A. Dot products need that; here the tanh keeps every hidden"
            " number within -1 and 1, and the definition has no scale.",
            "Drop the division.",
        ),
        Mistake(
            "sigmoid for tanh",
            _scores(squash=torch.sigmoid),
            "You use a sigmoid. It has no negative side.",
            "The definition has a tanh.",
        ),
        Mistake(
            "subtracted",
            _scores(pair=torch.sub),
            "You subtract the key's part from the query's.",
            "The formula adds the two.",
        ),
        Mistake(
            "relu for tanh",
            _scores(squash=torch.relu),
            "You use a ReLU. The definition has a tanh.",
            "`torch.tanh`, or the method `.tanh()`.",
        ),
    ),
    variants={
        "loops": _by_loops,
        "linear and unsqueeze": _by_linear,
        "concatenated pairs": _by_concatenation,
        "float64 inside": lambda *args: additive_scores(*(a.double() for a in args)).float(),
    },
    forbid=("course_lib.attention.additive_scores",),
    map_axes=("queries", "keys"),
    hints=(
        (
            "Queries have shape (..., N, A) after their matrix, keys (..., M, A). Their sum should be (...,"
            " N, M, A). Where does each need an axis of size 1?"
        ),
        (
            "Apply `w_q.T` and `w_k.T`, give the queries an axis for the keys and the keys an axis for the"
            " queries, add (broadcasting makes all pairs), tanh, product with v."
        ),
        (
            "`(q @ w_q.T)[..., :, None, :]` is (..., N, 1, A) and `(k @ w_k.T)[..., None, :, :]` is (..., 1,"
            " M, A)."
        ),
    ),
)
