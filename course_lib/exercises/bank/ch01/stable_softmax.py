"""Exercise 1.1: a softmax that survives large scores."""

import torch

from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def softmax(scores):
    shifted = scores - scores.amax(dim=-1, keepdim=True)
    weights = shifted.exp()
    return weights / weights.sum(dim=-1, keepdim=True)


def _unshifted(scores, dim=-1):
    weights = scores.exp()
    return weights / weights.sum(dim=dim, keepdim=True)


def _shifted_by(shift):
    return lambda scores: _unshifted(scores - shift(scores))


def _by_rows(scores):
    rows = []
    for row in scores.reshape(-1, scores.shape[-1]):
        powers = torch.exp(row - row.max())
        rows.append(powers / powers.sum())
    return torch.stack(rows).reshape(scores.shape)


def _by_log_sum(scores):
    largest = scores.max(-1, keepdim=True).values
    log_sum = largest + (scores - largest).exp().sum(-1, keepdim=True).log()
    return (scores - log_sum).exp()


def _rows_far_apart(g):
    return {"scores": normal(g, 3, 4) + torch.tensor([[0.0], [400.0], [-400.0]])}


def _one_forbidden(g):
    scores = normal(g, 2, 4)
    scores[:, int(torch.randint(4, (), generator=g))] = float("-inf")
    return {"scores": scores}


STABLE_SOFTMAX = Exercise(
    id="stable-softmax",
    chapter=1,
    title="A stable softmax",
    signature="softmax(scores)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=6,
    reference=softmax,
    stages=(
        Stage(
            "one row",
            "One row of small scores: exponentials, divided by their sum.",
            lambda g: {"scores": normal(g, 1, 3)},
        ),
        Stage(
            "several rows",
            "Each row is a distribution of its own: it sums to 1 along the last axis.",
            lambda g: {"scores": normal(g, 3, 5)},
            batched=("scores",),
        ),
        Stage(
            "three axes",
            "Only the last axis is normalised, however many stand before it.",
            lambda g: {"scores": normal(g, 2, 3, 4)},
            batched=("scores",),
        ),
        Stage(
            "large scores",
            "Scores around 1000. `exp(1000)` overflows; the weights themselves are harmless.",
            lambda g: {"scores": 1000 + normal(g, 2, 4)},
        ),
        Stage(
            "very negative scores",
            "Scores around -1000. `exp(-1000)` is 0, and 0/0 is NaN.",
            lambda g: {"scores": normal(g, 2, 4) - 1000},
        ),
        Stage(
            "rows far apart",
            "One row lies 400 above the next. What keeps one row finite must not sink another.",
            _rows_far_apart,
        ),
        Stage(
            "far below",
            "One score stands far below the rest of its row. That must not push the others up.",
            lambda g: {"scores": torch.cat([normal(g, 2, 4), normal(g, 2, 1) - 120], -1)},
        ),
        Stage(
            "far above",
            "One score stands far above the rest of its row.",
            lambda g: {"scores": torch.cat([normal(g, 2, 4), 300 + normal(g, 2, 1)], -1)},
        ),
        Stage(
            "a forbidden key",
            "A score of -inf is a key that may not be looked at: weight 0, the others unharmed.",
            _one_forbidden,
        ),
        Stage(
            "large and batched",
            "Large scores, four axes.",
            lambda g: {"scores": normal(g, 2, 2, 3, 4, scale=500)},
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "not shifted",
            _unshifted,
            "Your formula is right on paper. In float32 `exp` of anything above 88 is infinite, and inf / inf"
            " is NaN; far below zero everything is 0, and 0 / 0 is NaN too.",
            "Softmax does not change when the same number is subtracted from every score of a row. Which"
            " number makes the largest exponent 0?",
        ),
        Mistake(
            "softmax down the columns",
            lambda scores: _unshifted(scores - scores.amax(-2, keepdim=True), -2),
            "Your columns sum to 1, your rows do not: every key spreads itself over the queries. A query"
            " should spread its attention over the keys.",
            "The keys lie along the last axis. Which `dim` does the sum need, and the maximum?",
        ),
        Mistake(
            "one softmax for the whole matrix",
            lambda scores: (lambda w: w / w.sum())((scores - scores.max()).exp()),
            "All your numbers together sum to 1. Each row should.",
            "`sum()` without a `dim` adds up everything. Give it `dim=-1, keepdim=True`.",
        ),
        Mistake(
            "shifted by the largest of all",
            _shifted_by(lambda s: s.max()),
            "You subtract the largest score of the whole matrix. A row that lies far below it underflows: all"
            " its exponentials are 0, and 0 / 0 is NaN.",
            "Each row needs its own maximum: `amax(dim=-1, keepdim=True)`.",
        ),
        Mistake(
            "shifted by the mean",
            _shifted_by(lambda s: s.mean(-1, keepdim=True)),
            "You subtract the mean of the row. That helps while the row is narrow; a score that stands 200"
            " above its row's mean still overflows. (And with one score at -inf the mean is -inf.)",
            "What can you subtract so that no exponent is ever above 0?",
        ),
        Mistake(
            "shifted by the smallest",
            _shifted_by(lambda s: s.amin(-1, keepdim=True)),
            "You subtract the row's minimum. Then all exponents are positive, and large ones overflow all the"
            " same.",
            "Overflow comes from the top. Bring the largest exponent to 0, not the smallest.",
        ),
        Mistake(
            "clamped",
            lambda scores: _unshifted(scores.clamp(-80, 80)),
            "You clip the scores. Above the limit all scores become equal, and the largest no longer wins.",
            "Shift instead of clipping: a shift keeps the differences, and softmax only sees differences.",
        ),
        Mistake(
            "the exponential is missing",
            lambda scores: scores / scores.sum(-1, keepdim=True),
            "You divide the scores by their sum. A negative score then gets a negative weight, and a sum near"
            " 0 blows up.",
            "Exponentials first: they make every weight positive.",
        ),
        Mistake(
            "not divided",
            lambda scores: (scores - scores.amax(-1, keepdim=True)).exp(),
            "You stop at the exponentials. A row does not sum to 1 yet.",
            "What must each row be divided by?",
        ),
        Mistake(
            "divided by the maximum",
            lambda scores: _unshifted(scores / scores.amax(-1, keepdim=True)),
            "You divide by the row's maximum. Softmax sees differences of scores, and dividing changes them.",
            "Which operation keeps all differences as they are?",
        ),
        Mistake(
            "NaN replaced",
            lambda scores: _unshifted(scores).nan_to_num(0.0),
            "You turn NaN into 0 at the end. The row is finite now, and empty: it does not sum to 1.",
            "Keep the overflow from happening in the first place.",
        ),
        Mistake(
            "turned over",
            lambda scores: _unshifted(scores.amax(-1, keepdim=True) - scores),
            "Your sign is turned: the lowest score gets the largest weight.",
            "Which of the two is subtracted from which?",
        ),
        Mistake(
            "the logarithm of it",
            lambda scores: scores
            - (lambda m: m + (scores - m).exp().sum(-1, keepdim=True).log())(scores.amax(-1, keepdim=True)),
            "Your numbers are the logarithms of the weights. They are negative and do not sum to 1.",
            "Take the exponential at the end.",
        ),
    ),
    variants={
        "row by row": _by_rows,
        "through the log of the sum": _by_log_sum,
        "max().values": lambda scores: _unshifted(scores - scores.max(-1, keepdim=True).values),
        "shift detached": lambda scores: _unshifted(scores - scores.detach().amax(-1, keepdim=True)),
        "float64 inside": lambda scores: softmax(scores.double()).float(),
    },
    forbid=("torch.softmax",),
    map_axes=("queries", "keys"),
    hints=(
        "What happens to the fraction if you subtract the same number from every score of a row?",
        (
            "Subtract each row's own maximum first. Then the largest exponential is exactly 1 and nothing can"
            " overflow."
        ),
        (
            "`scores.amax(dim=-1, keepdim=True)` has shape (..., 1), so it can be subtracted from `scores`"
            " directly."
        ),
    ),
)
