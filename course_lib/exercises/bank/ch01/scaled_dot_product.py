"""Exercise 1.2: scaled dot-product attention with a mask, the function that everything later is wired from."""

import torch

from course_lib.exercises.bank.ch01 import scaled_dot_product_answers as answers
from course_lib.exercises.bank.drawing import normal, some_allowed
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _qkv(g, *lead, n, m, d, e, scale=1.0):
    return {
        "q": normal(g, *lead, n, d, scale=scale),
        "k": normal(g, *lead, m, d, scale=scale),
        "v": normal(g, *lead, m, e),
    }


def _masked(g, *lead, n, m, d, e, scale=1.0):
    return {**_qkv(g, *lead, n=n, m=m, d=d, e=e, scale=scale), "mask": some_allowed(g, *lead, n, m)}


def _with_an_empty_row(g, *lead, scale=1.0):
    inputs = _masked(g, *lead, n=4, m=5, d=3, e=2, scale=scale)
    inputs["mask"][..., int(torch.randint(4, (), generator=g)), :] = False
    return inputs


SCALED_DOT_PRODUCT = Exercise(
    id="scaled-dot-product",
    chapter=1,
    title="Scaled dot-product attention",
    signature="attention(q, k, v, mask=None)",
    points=3,
    difficulty=2,
    importance=5,
    minutes=10,
    reference=answers.attention,
    stages=(
        Stage(
            "one key",
            "With one key the softmax is 1 and the answer is `v`. Only shapes and the last product can be"
            " wrong.",
            lambda g: _qkv(g, n=3, m=1, d=4, e=2),
        ),
        Stage(
            "two keys",
            "Two keys and short vectors: are the scores right, and the softmax over the keys?",
            lambda g: _qkv(g, n=3, m=2, d=4, e=2),
        ),
        Stage(
            "long vectors",
            "Vectors of 64 numbers: the scale shows most here.",
            lambda g: _qkv(g, n=3, m=5, d=64, e=2, scale=0.7),
        ),
        Stage(
            "all sizes differ",
            "Every axis has another length, so an exchange of axes shows.",
            lambda g: _qkv(g, n=3, m=5, d=4, e=2),
        ),
        Stage(
            "batch and heads",
            "Two leading axes. Count axes from the end.",
            lambda g: _qkv(g, 2, 3, n=4, m=5, d=6, e=2),
            batched=("q", "k", "v"),
        ),
        Stage(
            "masked",
            "Some keys are forbidden. They must have no influence, and the others must share all of the"
            " weight.",
            lambda g: _masked(g, n=4, m=6, d=4, e=3),
        ),
        Stage(
            "mask for every head",
            "One mask of shape (N, M) for all heads of a batch.",
            lambda g: {**_qkv(g, 2, 3, n=4, m=5, d=4, e=2), "mask": some_allowed(g, 4, 5)},
        ),
        Stage(
            "nothing allowed",
            "In one row no key is allowed. Nothing was looked up, so the answer is zeros.",
            lambda g: _with_an_empty_row(g, 2),
        ),
        Stage(
            "nothing allowed, large scores",
            "Large scores, and a row that may look nowhere.",
            lambda g: _with_an_empty_row(g, 2, 2, scale=30.0),
            hidden=True,
            atol=1e-4,
        ),
    ),
    mistakes=(
        Mistake(
            "softmax over the queries",
            answers.wired(dim=-2),
            "Your weights sum to 1 down each column: every key spreads itself over the queries. A query"
            " should spread its attention over the keys.",
            "Which axis of (N, M) holds the keys? That is the softmax's `dim`.",
        ),
        Mistake(
            "no scale",
            answers.wired(scale=lambda q, k: 1.0),
            "The scores are plain dot products. Their spread grows with the length of the vectors, and the"
            " softmax sharpens with it.",
            "Divide the scores by the square root of the vectors' length, before the softmax.",
        ),
        Mistake(
            "divided by D",
            answers.wired(scale=lambda q, k: 1 / q.shape[-1]),
            "You divide by D. The scores' spread is the square root of D, so this is too much: the weights go"
            " flat.",
            "`q.shape[-1] ** 0.5`.",
        ),
        Mistake(
            "scaled by the number of keys",
            answers.wired(scale=lambda q, k: k.shape[-2] ** -0.5),
            "You divide by the square root of the number of keys. What grows is the length D of a query, the"
            " number of products in one score.",
            "D is the last axis of `q`; the number of keys is the last but one of `k`.",
        ),
        Mistake(
            "scaled after the softmax",
            answers.scaled_afterwards,
            "You divide the weights, not the scores. Your rows no longer sum to 1, and the softmax was as"
            " sharp as ever.",
            "Move the division in front of the softmax.",
        ),
        Mistake(
            "divided by the sum",
            answers.divided_by_sum,
            "You divide the scores by their sum. Negative scores become negative weights.",
            "Exponentials first: that is what softmax adds to a plain division.",
        ),
        Mistake(
            "weights applied to the keys",
            answers.weights_on_keys,
            "You blend the keys. Keys decide how much; the answer is made of values.",
            "The last product is weights @ v.",
        ),
        Mistake(
            "mask not used",
            answers.mask_forgotten,
            "Your result is the one without a mask: forbidden keys still have a say.",
            "Where `mask` is False, put -inf into the scores before the softmax.",
        ),
        Mistake(
            "mask inverted",
            answers.wired(keep=lambda mask: ~mask),
            "You let through what is forbidden and forbid what is allowed. Here `True` means: may attend.",
            "`masked_fill` fills where its argument is True. You want to fill where the mask is False:"
            " `~mask`.",
        ),
        Mistake(
            "mask multiplied",
            answers.mask_multiplied,
            "Forbidden keys have the score 0 in yours. A score of 0 is not a weight of 0: e to the power 0"
            " is 1.",
            "Which score becomes 0 after the exponential?",
        ),
        Mistake(
            "masked after the softmax",
            answers.masked_after_softmax,
            "You set weights to 0 after the softmax. What the forbidden keys had taken is lost: your rows sum"
            " to less than 1.",
            "Mask the scores, then take the softmax: it shares all of the weight among the allowed keys.",
        ),
        Mistake(
            "NaN for the empty row",
            answers.nan_for_the_empty_row,
            "In the row where nothing is allowed there is nothing to share out: 0/0, which is NaN.",
            "Such a row found nothing; its answer should be zeros. `nan_to_num` on the weights is one way.",
        ),
        Mistake(
            "a large number for -inf",
            answers.wired(fill=-1e9),
            "In the row where nothing is allowed all your weights are equal: it attends to everything that is"
            " forbidden. A large negative number in place of -inf does that.",
            "Give the empty row zeros.",
        ),
        Mistake(
            "D ** 1/2",
            answers.wired(scale=lambda q, k: 2 / q.shape[-1]),
            "You divide by half of D. In Python `D ** 1/2` is `(D ** 1) / 2`.",
            "Brackets, or `0.5`.",
        ),
        Mistake(
            "multiplied by the root",
            answers.wired(scale=lambda q, k: q.shape[-1] ** 0.5),
            "You multiply by the square root of D. The spread of the scores should shrink, and yours grows.",
            "Turn it over: divide.",
        ),
        Mistake(
            "scaled by the number of queries",
            answers.wired(scale=lambda q, k: q.shape[-2] ** -0.5),
            "You divide by the square root of the number of queries.",
            "What is summed up in one score? Count those.",
        ),
        Mistake(
            "axis counted from the front",
            answers.wired(dim=1),
            "Your softmax runs along axis 1. With batch and heads in front, axis 1 is the heads, not the"
            " keys.",
            "Count from the end: `dim=-1`.",
        ),
        Mistake(
            "keys reshaped, not turned",
            answers.keys_reshaped,
            "You reshape the keys to (D, M). That re-reads their numbers in another order; it does not turn"
            " the matrix.",
            "`k.transpose(-2, -1)`.",
        ),
        Mistake(
            "mask added as 0 and 1",
            answers.mask_added,
            "You add the mask as 0 and 1. A forbidden key loses a little of its weight, not everything.",
            "What must be added so that the exponential gives 0?",
        ),
        Mistake(
            "angles only",
            answers.angles_only,
            "You bring queries and keys to length 1. That is the cosine score: it compares angles only.",
            "Leave the lengths in.",
        ),
        Mistake(
            "two softmaxes",
            answers.two_softmaxes,
            "You take the softmax twice. The second one flattens what the first has found.",
            "Once is enough.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "additive mask": answers.additive_mask,
        "log-sum-exp": answers.by_log_sum_exp,
        "large negative, then zeroed": answers.large_negative_then_zero,
        "float64 inside": (
            lambda q, k, v, mask=None: answers.attention(q.double(), k.double(), v.double(), mask).float()
        ),
    },
    forbid=(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.MultiheadAttention",
        "torch.nn.attention.flex_attention.flex_attention",
        "course_lib.attention.attend",
    ),
    map_axes=("queries", "channels"),
    hints=(
        "Write the shape of each tensor beside its line. Which product of `q` and `k` has shape (N, M)?",
        (
            "Three lines: scores from q and k, divided by the square root of D; -inf where the mask is False;"
            " softmax over the keys, times v. Then look at the row where everything is -inf."
        ),
        (
            "`scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5`, then `weights = scores.softmax(-1)`,"
            " then `weights @ v`. The mask goes between the first two: `scores.masked_fill(~mask,"
            ' float("-inf"))`.'
        ),
    ),
)
