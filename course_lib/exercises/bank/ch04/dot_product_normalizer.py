"""Exercise 4.3: the dot-product form of the non-local operator, and C(x) with fewer keys."""

from course_lib.exercises.bank.ch04 import dot_product_normalizer_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, n, m, d, e):
    return lambda g: {
        "theta": normal(g, b, n, d),
        "phi": normal(g, b, m, d),
        "g": normal(g, b, m, e),
    }


def _all_alike(g):
    """Keys that are all the same, and positive products: y is f times the mean of g."""
    return {
        "theta": uniform(g, 1, 3, 2, low=0.5, high=1.5),
        "phi": uniform(g, 1, 1, 2, low=0.5, high=1.5).repeat(1, 5, 1),
        "g": normal(g, 1, 5, 4),
    }


DOT_PRODUCT_NORMALIZER = Exercise(
    id="dot-product-normalizer",
    chapter=4,
    title="Divided by how many?",
    signature="dot_product_non_local(theta, phi, g)",
    points=2,
    difficulty=2,
    importance=3,
    minutes=8,
    reference=answers.dot_product_non_local,
    stages=(
        Stage(
            "one key",
            "A single key: C(x) is 1, and y_i is the product theta_i . phi times g.",
            _case(2, 3, 1, 7, 5),
        ),
        Stage(
            "as many keys as queries",
            "As many keys as queries: f is the plain dot product, of either sign, and C(x) their"
            " number.",
            _case(3, 4, 4, 6, 2),
        ),
        Stage(
            "keys all alike",
            "All keys are the same, so y is f times the mean of g. f is not divided away.",
            _all_alike,
        ),
        Stage(
            "fewer keys than queries",
            "The keys were pooled, as with subsampling: 8 queries, 2 keys. The sum runs over the"
            " keys.",
            _case(1, 8, 2, 5, 3),
        ),
        Stage(
            "more keys than queries",
            "Two queries, seven keys.",
            _case(1, 2, 7, 4, 3),
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths. Each sample keeps to itself,"
            " and the gradient must reach theta, phi and g.",
            _case(3, 4, 6, 5, 2),
            batched=("theta", "phi", "g"),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "one channel",
            "Theta and phi have one channel, so f is a product of two numbers.",
            _case(2, 5, 3, 1, 4),
            batched=("theta", "phi", "g"),
        ),
        Stage(
            "a pooled map",
            "A map of 24 places whose keys were pooled to 6.",
            _case(2, 24, 6, 5, 7),
            batched=("theta", "phi", "g"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "divided by the queries",
            answers.divided_by(lambda b, n, m, d: n),
            "You divide by the number of queries. The sum runs over the keys, and with"
            " subsampling there are fewer of those. This slip stands in published code: `N ="
            " f.size(-2)`, or the N of x.",
            "C(x) is the number of terms that are summed up.",
        ),
        Mistake(
            "not normalised",
            answers.wired(c=answers.whole),
            "Nothing is divided: your y grows with the number of keys, so a larger image gives"
            " larger numbers.",
            "Divide by C(x), the number of keys.",
        ),
        Mistake(
            "a softmax",
            answers.wired(f=lambda s: s.softmax(-1), c=answers.whole),
            "Your weights are a softmax. That is the embedded Gaussian; the dot-product form has"
            " no exponential, and its weights may be negative.",
            "The products as they are, over the number of keys.",
        ),
        Mistake(
            "a softmax, and divided",
            answers.wired(f=lambda s: s.softmax(-1)),
            "Your weights are a softmax, and then you divide as well. The dot-product form has no"
            " exponential.",
            "The products as they are, over the number of keys.",
        ),
        Mistake(
            "an exponential, not normalised",
            answers.wired(f=lambda s: s.exp()),
            "You take the exponential of the products. In the dot-product form f is the product.",
            "Leave the exponential out.",
        ),
        Mistake(
            "divided by the sum",
            answers.wired(f=answers.over_its_sum, c=answers.whole),
            "You divide by the sum of f over the keys. Products may be negative, so this sum may"
            " come close to 0 and y blows up. That is why C(x) is a plain count here.",
            "The number of keys.",
        ),
        Mistake(
            "divided by the absolute sum",
            answers.wired(f=answers.over_its_absolute_sum, c=answers.whole),
            "You divide by the sum of |f| over the keys. C(x) is a plain count in this form.",
            "The number of keys.",
        ),
        Mistake(
            "divided by the sum of all pairs",
            answers.wired(f=answers.over_all, c=answers.whole),
            "You divide by the sum of f over all pairs. C(x) is a plain count in this form.",
            "The number of keys.",
        ),
        Mistake(
            "scaled by the square root of D",
            answers.divided_by(lambda b, n, m, d: d**0.5),
            "You divide by sqrt(D), the scale of a Transformer, and not by the number of keys.",
            "C(x) counts keys, whatever D is.",
        ),
        Mistake(
            "scaled by the square root of D as well",
            answers.divided_by(lambda b, n, m, d: m * d**0.5),
            "You divide by the number of keys, which is right, and by sqrt(D) as well. The"
            " dot-product form has no such scale.",
            "The number of keys alone.",
        ),
        Mistake(
            "divided by the channels",
            answers.divided_by(lambda b, n, m, d: d),
            "You divide by D, the number of channels: `phi.shape[-1]`.",
            "The keys are counted by another axis of `phi`.",
        ),
        Mistake(
            "divided by keys and channels",
            answers.divided_by(lambda b, n, m, d: m * d),
            "You divide by the number of keys, and by D as well: a mean over the channels where a"
            " sum is meant.",
            "The number of keys alone.",
        ),
        Mistake(
            "divided by the batch",
            answers.divided_by(lambda b, n, m, d: b),
            "You divide by the batch size: `len(phi)` or `phi.shape[0]`.",
            "The keys are counted by another axis of `phi`.",
        ),
        Mistake(
            "divided by all pairs",
            answers.divided_by(lambda b, n, m, d: n * m),
            "You divide by the number of pairs, N times M. The sum for one query has M terms.",
            "The number of keys alone.",
        ),
        Mistake(
            "divided by batch and keys",
            answers.divided_by(lambda b, n, m, d: b * m),
            "You divide by the keys of the whole batch.",
            "The number of keys of one sample.",
        ),
        Mistake(
            "divided by the square root of the keys",
            answers.divided_by(lambda b, n, m, d: m**0.5),
            "You divide by the square root of the number of keys.",
            "By the number itself.",
        ),
        Mistake(
            "divided by one less",
            answers.divided_by(lambda b, n, m, d: max(m - 1, 1)),
            "You divide by the number of keys less one, as a variance does.",
            "The number of keys.",
        ),
        Mistake(
            "divided by the width of g",
            answers.wired(c=lambda theta, phi, g: g.shape[-1]),
            "You divide by E, the number of values in a g: `g.shape[-1]`.",
            "The keys are counted by another axis of `g`.",
        ),
        Mistake(
            "divided by queries and keys, added",
            answers.divided_by(lambda b, n, m, d: n + m),
            "You divide by the number of queries and keys together.",
            "The number of keys alone.",
        ),
        Mistake(
            "divided twice",
            answers.divided_by(lambda b, n, m, d: m * m),
            "You divide by the number of keys twice.",
            "Once: the weights, or the result.",
        ),
        Mistake(
            "a ReLU on the products",
            answers.wired(f=lambda s: s.relu()),
            "You cut off the negative products. The ReLU belongs to the concatenation form; here"
            " a weight may be negative.",
            "The products as they are.",
        ),
        Mistake(
            "the absolute product",
            answers.wired(f=lambda s: s.abs()),
            "You take the absolute value of the products. Here a weight may be negative.",
            "The products as they are.",
        ),
        Mistake(
            "cosine similarity",
            answers.wired(pairs=answers.of_unit_length),
            "You divide theta and phi by their lengths first: a cosine.",
            "Their dot product as it is.",
        ),
        Mistake(
            "phi viewed, not transposed",
            answers.wired(pairs=answers.viewed),
            "You bring phi to (B, D, M) by a reshape. The shape is right, but the numbers stay in"
            " their old order, so each column is a mixture of several keys.",
            "`phi.mT` or `phi.transpose(1, 2)`.",
        ),
        Mistake(
            "one set of keys for the batch",
            answers.wired(pairs=answers.keys_of_the_batch),
            "All samples meet the same keys, their mean over the batch.",
            "`theta @ phi.mT`: the batch axis stays.",
        ),
        Mistake(
            "products summed over the batch",
            answers.wired(f=answers.over_the_batch),
            "The products are summed over the batch: samples reach each other.",
            "Keep `b` in what comes out of the product.",
        ),
        Mistake(
            "products detached",
            answers.wired(f=lambda s: s.detach()),
            "Your values are right. But the products are cut off from the gradient, so neither"
            " theta nor phi could be learned.",
            "No `detach()` and no `no_grad()` around the products.",
        ),
        Mistake(
            "sums taken apart",
            answers.values_averaged,
            "You sum f over the keys, and average g over the keys, and multiply. A sum of"
            " products is not the product of sums: which key had which value is lost.",
            "Multiply f with g key by key, then sum: a matrix product.",
        ),
    ),
    variants={
        "keys and values first": answers.keys_first,
        "einsum": answers.by_einsum,
        "loops": answers.by_loops,
        "a mean over the keys": answers.by_a_mean,
        "float64 inside": lambda *inputs: (
            answers.dot_product_non_local(*(t.double() for t in inputs)).float()
        ),
    },
    forbid=("course_lib.attention.non_local",),
    map_axes=("queries", "values"),
    hints=(
        "How many terms does the sum over j have, for one query? Is that the number of queries?",
        "Three steps: all products of theta with phi, (B, N, M); times g, (B, N, E); over the"
        " number of keys. No softmax.",
        "`f = theta @ phi.mT`, then `f @ g` divided by the size of the axis that the product"
        " summed over.",
    ),
)
