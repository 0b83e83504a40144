"""Exercise 7.7: maps of several scales become one, weighed at every pixel."""

import torch

from course_lib.exercises.bank.ch07 import fuse_scales_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, s, c, h, w, *, size=1.0, level=0.0):
    return lambda g: {
        "maps": normal(g, b, s, c, h, w),
        "scores": normal(g, b, s, h, w, scale=size) + uniform(g, b, 1, h, w, low=-level, high=level),
    }


FUSE_SCALES = Exercise(
    id="fuse-scales",
    chapter=7,
    title="Fuse the scales",
    signature="fuse_scales(maps, scores)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=8,
    reference=answers.fuse_scales,
    stages=(
        Stage(
            "one scale",
            "One scale has all the weight, whatever its score: its map comes out as it is.",
            _case(2, 1, 3, 2, 4),
        ),
        Stage(
            "equal scores",
            "All scores are 0, so every scale has the same weight: the mean of the maps.",
            _case(2, 3, 4, 2, 5, size=0.0),
        ),
        Stage(
            "as many of each",
            "Three images, three scales, three channels: a missing axis does not raise an error"
            " here. Which axes of the maps do the weights belong to?",
            _case(3, 3, 3, 2, 4),
        ),
        Stage(
            "all sizes differ",
            "Everything together. The gradient must reach maps and scores.",
            _case(2, 3, 4, 5, 6, size=2.0),
            batched=("maps", "scores"),
        ),
        Stage(
            "far apart",
            "Scores far apart: at each pixel one scale has nearly all the weight.",
            _case(2, 4, 3, 2, 5, size=30.0),
            batched=("maps", "scores"),
        ),
        Stage(
            "large scores",
            "Scores around 300 at one pixel and around -300 at another: `exp` has no number for"
            " either. Only the differences between the scales of a pixel count.",
            _case(2, 4, 3, 5, 2, level=300.0),
            batched=("maps", "scores"),
            rtol=1e-3,
            atol=1e-4,
        ),
        Stage(
            "another size",
            "Another size.",
            _case(3, 2, 5, 4, 7, size=2.0),
            batched=("maps", "scores"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "a softmax over the batch",
            answers.wired(weigh=lambda s: s.softmax(0)),
            "Your weights sum to 1 over the batch: the images compete at each pixel. It is the"
            " scales that should.",
            "The scales are axis 1: `softmax(1)`.",
        ),
        Mistake(
            "a softmax along the rows",
            answers.wired(weigh=lambda s: s.softmax(-1)),
            "Your weights sum to 1 along each row of the map: pixels compete. It is the scales that"
            " should, at each pixel by itself.",
            "The scales are axis 1: `softmax(1)`.",
        ),
        Mistake(
            "a softmax down the columns",
            answers.wired(weigh=lambda s: s.softmax(2)),
            "Your weights sum to 1 down each column of the map: pixels compete. It is the scales"
            " that should, at each pixel by itself.",
            "The scales are axis 1: `softmax(1)`.",
        ),
        Mistake(
            "a softmax over the places",
            answers.wired(weigh=answers.over_places),
            "Your weights sum to 1 over the pixels of each scale: pixels compete. It is the scales"
            " that should, at each pixel by itself.",
            "`softmax(1)`, without flattening.",
        ),
        Mistake(
            "a softmax over everything",
            answers.wired(weigh=answers.over_everything),
            "Your weights sum to 1 over all scales and all pixels of an image. At every pixel they"
            " should sum to 1.",
            "`softmax(1)`, without flattening.",
        ),
        Mistake(
            "no softmax",
            answers.wired(weigh=lambda s: s),
            "You multiply with the raw scores: they may be negative and do not sum to 1.",
            "`scores.softmax(1)` first.",
        ),
        Mistake(
            "sigmoids",
            answers.wired(weigh=lambda s: s.sigmoid()),
            "Each of your scales has a gate of its own, between 0 and 1. Attention to scale shares"
            " out a weight of 1 among the scales.",
            "`softmax(1)` in place of the sigmoid.",
        ),
        Mistake(
            "sigmoids divided by their sum",
            answers.wired(weigh=answers.sigmoids_shared),
            "Your weights sum to 1, but they are sigmoids, divided by their sum. A sigmoid ends at"
            " 1, so of two large scores the larger hardly wins.",
            "`softmax(1)`.",
        ),
        Mistake(
            "the exponential alone",
            answers.wired(weigh=lambda s: s.exp()),
            "Your weights are `exp` of the scores and do not sum to 1.",
            "Divide by their sum over the scales, or use `softmax(1)`.",
        ),
        Mistake(
            "exp, unguarded",
            answers.wired(weigh=answers.by_hand_unguarded),
            "For small scores all is right. From about 88 on `exp` overflows, and infinity divided"
            " by infinity is no number.",
            "Subtract the largest score of each pixel first, or let `softmax(1)` do it.",
        ),
        Mistake(
            "the largest of all taken off",
            answers.wired(weigh=answers.guarded_by_the_largest_of_all),
            "You subtract the largest score of all pixels before `exp`. Where all scores of a pixel"
            " lie far below it, each `exp` is 0, and 0 / 0 is no number.",
            "Subtract the largest score of each pixel: `scores.amax(1, keepdim=True)`.",
        ),
        Mistake(
            "an epsilon in the sum",
            answers.wired(weigh=answers.guarded_by_an_epsilon),
            "Your weights sum to a little less than 1: something is added to the sum of the"
            " exponentials. That sum is never zero where the largest score is taken off first.",
            "`softmax(1)`, and no epsilon.",
        ),
        Mistake(
            "divided by the sum of the scores",
            answers.wired(weigh=answers.divided_by_their_sum),
            "You divide the scores by their sum. Scores may be negative and their sum near zero:"
            " such weights have no bounds, and with scores of 0 they are no numbers at all.",
            "`softmax(1)`: exponentials first.",
        ),
        Mistake(
            "the negative scores",
            answers.wired(weigh=lambda s: (-s).softmax(1)),
            "In your result the scale with the lowest score has the largest weight.",
            "The softmax of the scores as they are.",
        ),
        Mistake(
            "the best alone",
            answers.wired(weigh=answers.the_best),
            "At each pixel you take the scale with the highest score and nothing of the others. Such"
            " a choice has no gradient for the scores.",
            "Weights from a softmax.",
        ),
        Mistake(
            "all alike",
            answers.wired(weigh=answers.equal),
            "`scores` has no effect: you take the mean over the scales.",
            "A weighted mean, with `scores.softmax(1)` as weights.",
        ),
        Mistake(
            "all weights 1",
            answers.wired(weigh=torch.ones_like),
            "`scores` has no effect: every weight is 1, and the maps are simply added up. A softmax"
            " over an axis of size 1, such as one that you have just put in, returns 1 everywhere.",
            "`scores.softmax(1)` first, the new axis afterwards.",
        ),
        Mistake(
            "scaled",
            answers.wired(weigh=answers.tempered),
            "You divide the scores by the square root of the number of scales. These are no dot"
            " products: nothing grows with that number.",
            "The softmax of the scores as they are.",
        ),
        Mistake(
            "one weight for the whole map",
            answers.wired(weigh=answers.one_for_the_map),
            "You average the scores over the map first, so all pixels share their weights. A large"
            " object wants the coarse scale while a small one beside it wants the fine one.",
            "No mean over the pixels.",
        ),
        Mistake(
            "weights averaged over the map",
            answers.wired(weigh=answers.averaged_weights),
            "You average the weights over the map, so all pixels share them.",
            "No mean over the pixels: each has weights of its own.",
        ),
        Mistake(
            "a mean in place of the sum",
            answers.wired(blend=answers.a_mean),
            "Your weights sum to 1 already, and you take a mean on top: the result is divided by"
            " the number of scales once more.",
            "`sum(1)` in place of `mean(1)`.",
        ),
        Mistake(
            "the weights on the channels",
            answers.wired(blend=answers.weights_before_the_scales),
            "You put the new axis of the weights in front of the scales, so each weight meets a"
            " channel and not a scale. Here there are as many of each, and nothing complains.",
            "`weights[:, :, None]` or `unsqueeze(2)`: the new axis stands where the channels do.",
        ),
        Mistake(
            "the weights as they are",
            answers.wired(blend=answers.unaided),
            "You multiply (B, S, H, W) with (B, S, C, H, W) as they are. Axes are matched from the"
            " right, so images meet scales and scales meet channels; with three of each nothing"
            " complains.",
            "`weights[:, :, None]` or `unsqueeze(2)`: an axis where the channels stand.",
        ),
        Mistake(
            "the largest in place of the sum",
            answers.wired(blend=answers.largest),
            "You take the largest of the weighed maps. A weighted mean is a sum.",
            "`sum(1)` in place of the maximum.",
        ),
        Mistake(
            "summed over the channels",
            answers.wired(blend=answers.over_channels),
            "You sum over the channels and keep the scales.",
            "`sum(1)`: axis 1 holds the scales.",
        ),
        Mistake(
            "nothing summed",
            answers.wired(blend=answers.scales_kept),
            "You return the weighed maps of all scales, unsummed.",
            "Sum over axis 1, the scales.",
        ),
        Mistake(
            "side by side",
            answers.wired(blend=answers.side_by_side),
            "You put the weighed maps of all scales side by side along the channels. They should be"
            " added up to one map.",
            "Sum over axis 1, the scales.",
        ),
        Mistake(
            "the mean added",
            answers.wired(blend=answers.mean_added),
            "You add the mean of the maps to the weighted mean.",
            "The weighted mean alone.",
        ),
        Mistake(
            "the last scale added",
            answers.wired(blend=answers.finest_added),
            "You add the map of the last scale to the weighted mean.",
            "The weighted mean alone.",
        ),
        Mistake(
            "the maps turned round",
            lambda maps, scores: answers.fuse_scales(maps.flip(1), scores),
            "Your scores belong to the scales in reverse order.",
            "Scale s of the scores belongs to scale s of the maps.",
        ),
    ),
    variants={
        "einsum": answers.by_einsum,
        "a loop over the scales": answers.by_loops,
        "matrix products": answers.by_products,
        "logsumexp": answers.by_logsumexp,
        "float64 inside": answers.in_double,
    },
    forbid=("course_lib.attention.ScaleFusion",),
    map_axes=("height", "width"),
    hints=(
        "What should the weights of one pixel sum to, and over which axis?",
        "A softmax over axis 1 of the scores gives (B, S, H, W). The maps have one axis more, the"
        " channels: the weights need an axis of size 1 there. Then sum over the scales.",
        "`weights = scores.softmax(1)`, and `weights[:, :, None]` broadcasts against the maps.",
    ),
)
