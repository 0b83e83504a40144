"""Exercise 2.1: soft attention over places, a feature's mean under a softmax (Xu et al. 2015)."""

from course_lib.exercises.bank.ch02 import soft_pooling_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, scale=1.5, offset=0.0):
    return lambda g: {
        "features": normal(g, b, c, h, w),
        "scores": normal(g, b, 1, h, w, scale=scale) + offset,
    }


def _equal_scores(g):
    scores = uniform(g, 1, 1, 1, 1, low=0.5, high=2.0)
    return {"features": normal(g, 1, 4, 2, 3), "scores": scores.repeat(1, 1, 2, 3)}


SOFT_POOLING = Exercise(
    id="soft-pooling",
    chapter=2,
    title="Soft pooling",
    signature="soft_pool(features, scores)",
    points=2,
    difficulty=1,
    importance=5,
    minutes=6,
    reference=answers.soft_pool,
    stages=(
        Stage(
            "one place",
            "The map has one place. Its weight is 1 whatever its score, so the answer is its"
            " feature.",
            _case(1, 3, 1, 1),
        ),
        Stage(
            "one row",
            "One row of four places: a softmax along it, then the weighted sum of the features.",
            _case(1, 3, 1, 4),
        ),
        Stage(
            "equal scores",
            "All scores are equal, so every place weighs 1 / (H * W) and the answer is the plain"
            " mean.",
            _equal_scores,
        ),
        Stage(
            "rows and columns",
            "H and W are both above 1, and differ: one softmax has to run over all H * W places"
            " together.",
            _case(1, 2, 3, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch. Every sample has a distribution of its own, shared by all of its channels.",
            _case(2, 5, 3, 4),
            batched=("features", "scores"),
        ),
        Stage(
            "large scores",
            "Scores around 200. `exp(200)` overflows float32; the weights themselves are harmless.",
            _case(2, 3, 4, 5, offset=200.0),
            batched=("features", "scores"),
        ),
        Stage(
            "a sharp map",
            "A larger map, and scores that leave nearly all of the weight to one place.",
            _case(3, 4, 7, 5, scale=8.0),
            batched=("features", "scores"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "softmax along each row",
            answers.wired(lambda s: s.softmax(-1)),
            "Your weights sum to 1 in each row of the map, so to H over the whole map: every row"
            " has a mass of its own, and your sum comes out about H times too large.",
            "The places must stand on one axis before the softmax: `scores.flatten(1)` is (B,"
            " H*W).",
        ),
        Mistake(
            "softmax down each column",
            answers.wired(lambda s: s.softmax(-2)),
            "Your weights sum to 1 in each column of the map, so to W over the whole map.",
            "The places must stand on one axis before the softmax: `scores.flatten(1)` is (B,"
            " H*W).",
        ),
        Mistake(
            "softmax over the channel axis",
            answers.wired(lambda s: s.softmax(1)),
            "You return the plain sum of the features over all places. The channel axis of the"
            " scores has size 1, and the softmax of a single number is 1, at every place.",
            "`dim=1` is the channel axis. The places lie on axes 2 and 3: flatten those into one.",
        ),
        Mistake(
            "softmax over the batch axis",
            answers.wired(lambda s: s.softmax(0)),
            "Your weights sum to 1 over the samples, place by place. With one sample they all are"
            " 1, and with two, what one image gets depends on the other.",
            "The softmax runs over the places of one sample: `scores.flatten(1).softmax(-1)`.",
        ),
        Mistake(
            "one softmax for the whole batch",
            answers.wired(answers.whole_batch),
            "All your weights together sum to 1, over every image of the batch. Each image should"
            " have a sum of 1 of its own.",
            "Keep the batch axis: `flatten(1)`, not `flatten()`.",
        ),
        Mistake(
            "softmax down, then along",
            answers.wired(lambda s: s.softmax(-2).softmax(-1)),
            "You take two softmaxes, one over H and one over W. The second takes the first one's"
            " weights for scores, and flattens them.",
            "One softmax over all H * W places: flatten, softmax, and back if you need the map.",
        ),
        Mistake(
            "two softmaxes",
            answers.wired(lambda s: answers.places(answers.places(s))),
            "The softmax is taken twice. Weights lie between 0 and 1, so as scores they are nearly"
            " equal: your answer is nearly the plain mean.",
            "Once is enough.",
        ),
        Mistake(
            "a sigmoid at each place",
            answers.wired(lambda s: s.sigmoid()),
            "Your weights are sigmoids, each place for itself. They do not sum to 1, so your"
            " result grows with the size of the map: that is a gate, the subject of the next"
            " exercise.",
            "A softmax lets the places compete for one mass.",
        ),
        Mistake(
            "sigmoids divided by their sum",
            answers.wired(lambda s: answers.over_its_sum(s.sigmoid())),
            "Your weights sum to 1, but they are sigmoids divided by their sum. A sigmoid cannot"
            " exceed 1, so two high scores are told apart hardly at all.",
            "Exponentials in place of the sigmoids: that is softmax.",
        ),
        Mistake(
            "mean, not sum",
            answers.wired(gather=lambda x: x.mean((2, 3))),
            "Your result is H * W times too small. The weights sum to 1 already, and `mean`"
            " divides by the number of places once more.",
            "`sum` over the places.",
        ),
        Mistake(
            "the best place only",
            answers.largest_only,
            "You return the feature of the place with the largest score and drop all others. That"
            " is hard attention, and no gradient reaches the scores through an argmax.",
            "Blend all places, each in proportion to its weight.",
        ),
        Mistake(
            "scores as weights",
            answers.wired(lambda s: s),
            "You weigh the features with the raw scores. Those can be negative and do not sum to"
            " 1.",
            "Softmax turns scores into weights.",
        ),
        Mistake(
            "scores divided by their sum",
            answers.wired(answers.over_its_sum),
            "You divide the scores by their sum. A negative score gets a negative weight, or turns"
            " all signs over where the sum is negative.",
            "Exponentials first: they make every weight positive. Softmax does both.",
        ),
        Mistake(
            "the lowest score wins",
            answers.wired(lambda s: answers.places(-s)),
            "Your sign is turned: the place with the lowest score gets the largest weight.",
            "A high score asks for much weight: softmax of `scores` as they are.",
        ),
        Mistake(
            "logarithms of the weights",
            answers.wired(lambda s: answers.places(s).log()),
            "You weigh by the logarithms of the weights: `log_softmax`. They are negative, and 0"
            " where the weight is 1.",
            "`softmax`, without the logarithm.",
        ),
        Mistake(
            "divided by the root of C",
            lambda f, s: answers.soft_pool(f, s / f.shape[1] ** 0.5),
            "You divide the scores by the square root of the number of channels. That belongs to"
            " dot products of queries and keys; these scores come as they should be used.",
            "Drop the division.",
        ),
        Mistake(
            "weights with a peak of 1",
            answers.wired(lambda s: answers.over_its_largest(answers.places(s))),
            "Your largest weight is 1 in every sample: you divided by the maximum. Then they no"
            " longer sum to 1.",
            "Leave the softmax as it is.",
        ),
        Mistake(
            "features weighted by themselves",
            lambda f, s: answers.soft_pool_each(f, f),
            "You take the softmax of the features: the scores have no say, and each channel looks"
            " at places of its own.",
            "One map of weights, from `scores`, for all channels.",
        ),
        Mistake(
            "scores ignored",
            lambda features, scores: features.mean((2, 3)),
            "You return the plain mean of the features: the scores have no say.",
            "Weigh each place by the softmax of the scores.",
        ),
        Mistake(
            "the largest weighted feature",
            answers.wired(gather=lambda x: x.amax((2, 3))),
            "You take the largest weighted feature. An expectation adds up all of them.",
            "`sum` over the places, not `amax`.",
        ),
        Mistake(
            "never summed",
            answers.wired(gather=lambda x: x),
            "You return the whole map, weighted, of shape (B, C, H, W). One vector a sample is"
            " asked for.",
            "Sum over the places, axes 2 and 3.",
        ),
        Mistake(
            "channels summed, places kept",
            answers.wired(gather=lambda x: x.sum(1)),
            "You summed over axis 1, the channels, and kept the places: your result is (B, H, W).",
            "The places go, the channels stay: sum over axes 2 and 3.",
        ),
        Mistake(
            "an axis left over",
            answers.wired(gather=lambda x: x.sum((2, 3))[..., None]),
            "The numbers are right, and the result is (B, C, 1): an axis of one is left over at the end.",
            "`[..., 0]` takes it off, or sum without keeping axes.",
        ),
        Mistake(
            "columns summed, rows kept",
            answers.wired(gather=lambda x: x.sum(3)),
            "You summed along the columns only: your result is (B, C, H), one vector a row of the"
            " map.",
            "Sum over axes 2 and 3.",
        ),
        Mistake(
            "channels summed as well",
            answers.wired(gather=lambda x: x.sum((1, 2, 3))),
            "You return one number a sample: the channels were added up too.",
            "Sum over axes 2 and 3 alone, and C numbers a sample remain.",
        ),
        Mistake(
            "samples summed",
            answers.wired(gather=lambda x: x.sum((0, 2, 3))),
            "Your result has no batch axis: the samples were added up.",
            "Sum over axes 2 and 3 alone.",
        ),
        Mistake(
            "reshaped without a transpose",
            answers.reshaped,
            "`reshape(B, H*W, C)` re-reads memory in its order; it does not exchange axes. Your"
            " rows mix channels and places, and the weights meet the wrong numbers.",
            "`features.flatten(2)` is (B, C, H*W). Transpose that if you need (B, H*W, C).",
        ),
        Mistake(
            "rows taken for columns",
            answers.rows_for_columns,
            "The weights are laid out column by column, the features row by row: a place meets the"
            " weight of another. Where H or W is 1 that does not show.",
            "Flatten both in the same order, height before width, without a transpose.",
        ),
        Mistake(
            "scores multiplied into the features first",
            lambda f, s: answers.soft_pool_each(f, f * s),
            "You take the softmax of features times scores, so each channel looks at places of its"
            " own. One map of weights, from the scores alone, is shared by all channels.",
            "Softmax of the scores first; then multiply.",
        ),
        Mistake(
            "exponentials that overflow",
            answers.wired(lambda s: answers.over_its_sum(s.exp())),
            "Your formula is right on paper. In float32 `exp` of anything above 88 is infinite,"
            " and inf / inf is NaN. That was exercise 1.1.",
            "`softmax` subtracts the largest score first; by hand, do the same for each sample.",
        ),
        Mistake(
            "exponentials, not divided",
            answers.wired(lambda s: s.exp()),
            "Your weights are exponentials and do not sum to 1.",
            "Divide them by their sum over the places. Softmax does both.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "multiply and sum": answers.wired(),
        "largest score subtracted": answers.by_the_largest_first,
        "attention with one query": answers.by_one_query,
        "float64 inside": lambda f, s: answers.soft_pool(f.double(), s.double()).float(),
    },
    forbid=("course_lib.attention.soft_location",),
    hints=(
        "How many numbers must the weights of one image sum up over? H, W, or H * W?",
        (
            "Flatten the places of the scores into one axis, softmax along it, multiply the"
            " features with the weights, and sum over the places."
        ),
        (
            "`weights = scores.flatten(1).softmax(-1)` is (B, H*W). `weights.view_as(scores)` is a"
            " map again and broadcasts over the channels: multiply, then `sum((2, 3))`."
        ),
    ),
)
