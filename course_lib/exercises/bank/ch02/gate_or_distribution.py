"""Exercise 2.2: one map of scores used twice, as a distribution and as a gate at each place."""

from course_lib.exercises.bank.ch02 import gate_or_distribution_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, scale=1.5, offset=0.0):
    return lambda g: {
        "features": normal(g, b, c, h, w),
        "scores": normal(g, b, 1, h, w, scale=scale) + offset,
    }


def _equal_scores(g):
    scores = uniform(g, 1, 1, 1, 1, low=0.2, high=0.8)
    return {"features": normal(g, 1, 2, 2, 3), "scores": scores.repeat(1, 1, 2, 3)}


GATE_OR_DISTRIBUTION = Exercise(
    id="gate-or-distribution",
    chapter=2,
    title="A gate or a distribution",
    signature="attend_two_ways(features, scores)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=8,
    reference=answers.attend_two_ways,
    stages=(
        Stage(
            "one place",
            "One place. As a distribution its weight is 1; as a gate it is the sigmoid of its"
            " score.",
            _case(1, 2, 1, 1),
        ),
        Stage(
            "equal scores",
            "All scores are equal: result 0 weighs each place by 1 / (H * W), result 1 by the same"
            " sigmoid everywhere.",
            _equal_scores,
        ),
        Stage(
            "rows and columns",
            "H and W differ: the distribution runs over all H * W places together.",
            _case(1, 2, 3, 4),
        ),
        Stage(
            "low scores everywhere",
            "All scores are far below 0. Every gate is nearly closed; the distribution still has a"
            " mass of 1 to give away.",
            _case(1, 3, 2, 5, scale=0.7, offset=-4.0),
        ),
        Stage(
            "all sizes differ",
            "A batch. Every sample has a distribution of its own.",
            _case(3, 4, 5, 6),
            batched=("features", "scores"),
        ),
        Stage(
            "large scores",
            "Scores around 200: every gate is open, and the distribution must not overflow.",
            _case(2, 3, 4, 5, offset=200.0),
            batched=("features", "scores"),
        ),
        Stage(
            "wide scores",
            "A larger map, and scores from far below 0 to far above it.",
            _case(3, 2, 7, 5, scale=6.0),
            batched=("features", "scores"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the two exchanged",
            lambda f, s: answers.attend_two_ways(f, s).flip(0),
            "Result 0 is gated and result 1 is the distribution: the right two, in the wrong"
            " order.",
            "First what a softmax over the places weighs, then what a sigmoid weighs.",
        ),
        Mistake(
            "the gate normalised",
            answers.wired(open_by=lambda s: answers.over_its_sum(s.sigmoid())),
            "Your gates sum to 1 over the map. A gate shares no mass: to open one place closes no"
            " other, and with every score high all places go through whole.",
            "Leave the sigmoids as they are.",
        ),
        Mistake(
            "sigmoids divided by their sum, for the distribution",
            answers.wired(lambda s: answers.over_its_sum(s.sigmoid())),
            "Result 0 weighs by sigmoids divided by their sum. They do sum to 1, but a sigmoid"
            " cannot exceed 1, so the highest score hardly stands out.",
            "A softmax over all H * W places.",
        ),
        Mistake(
            "softmax over the channel axis",
            answers.wired(lambda s: s.softmax(1)),
            "Result 0 is `features` unchanged: every weight is 1. The channel axis of the scores"
            " has size 1, and the softmax of a single number is 1. Published code holds this line.",
            "The places lie on axes 2 and 3: flatten those into one, softmax, and back to a map.",
        ),
        Mistake(
            "softmax along each row",
            answers.wired(lambda s: s.softmax(-1)),
            "The weights of result 0 sum to 1 in each row, so to H over the map. One mass is to be"
            " shared by all places.",
            "Flatten H and W into one axis before the softmax, and `view_as(scores)` after it.",
        ),
        Mistake(
            "softmax down each column",
            answers.wired(lambda s: s.softmax(-2)),
            "The weights of result 0 sum to 1 in each column, so to W over the map. One mass is to"
            " be shared by all places.",
            "Flatten H and W into one axis before the softmax, and `view_as(scores)` after it.",
        ),
        Mistake(
            "softmax over the batch axis",
            answers.wired(lambda s: s.softmax(0)),
            "The weights of result 0 sum to 1 over the samples, place by place. A sample alone"
            " gets 1 everywhere.",
            "The softmax runs over the places of one sample.",
        ),
        Mistake(
            "one softmax for the whole batch",
            answers.wired(answers.whole_batch),
            "The weights of result 0 sum to 1 over the whole batch. Each sample should have a mass"
            " of 1 of its own.",
            "Keep the batch axis: `flatten(1)`, not `flatten()`.",
        ),
        Mistake(
            "exponentials that overflow",
            answers.wired(lambda s: answers.over_its_sum(s.exp())),
            "Your distribution is right on paper. In float32 `exp` of anything above 88 is"
            " infinite, and inf / inf is NaN. That was exercise 1.1.",
            "`softmax` subtracts the largest score of the sample first.",
        ),
        Mistake(
            "the input added to the distribution",
            answers.wired(lambda s: 1 + answers.distribution(s)),
            "Result 0 holds the features themselves, and their weighted copy on top. A residual"
            " connection belongs around the attention, and here it is not asked for.",
            "Features times weights, no more.",
        ),
        Mistake(
            "weights blown up to a mean of 1",
            answers.wired(lambda s: answers.distribution(s) * s[0].numel()),
            "Result 0 is H * W times too large: your weights sum to the number of places, not to"
            " 1. Some people do this to keep the features' size; then it is no distribution any"
            " more.",
            "Leave the softmax as it is.",
        ),
        Mistake(
            "weights with a peak of 1",
            answers.wired(lambda s: answers.over_its_largest(answers.distribution(s))),
            "Your largest weight is 1 in every sample: you divided by the maximum. That is how a"
            " map is drawn, not what a distribution is.",
            "Leave the softmax as it is: it sums to 1.",
        ),
        Mistake(
            "sigmoid of the softmax",
            answers.wired(open_by=lambda s: answers.distribution(s).sigmoid()),
            "Your gates all lie between 0.5 and 0.73: the sigmoid gets weights, which lie between"
            " 0 and 1. Such a gate can neither open nor close.",
            "The sigmoid takes the scores themselves.",
        ),
        Mistake(
            "softmax of the sigmoid",
            answers.wired(lambda s: answers.distribution(s.sigmoid())),
            "Result 0 takes its softmax of the sigmoids. Those lie between 0 and 1, so the weights"
            " are nearly uniform.",
            "Both start from the scores. Neither is fed to the other.",
        ),
        Mistake(
            "a gate from 0 to 2",
            answers.wired(open_by=lambda s: 2 * s.sigmoid()),
            "Your gate runs from 0 to 2, so it amplifies. That is a trick to start at 1; the card"
            " asks for the plain sigmoid.",
            "Drop the factor 2.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(open_by=lambda s: s.relu().sigmoid()),
            "Your gates never fall below 0.5: a ReLU cuts the negative scores to 0, and the"
            " sigmoid of 0 is 0.5. This gate cannot close, and it stands in published code.",
            "The sigmoid takes the scores as they are, negative ones too.",
        ),
        Mistake(
            "a gate that passes the input as well",
            answers.wired(open_by=lambda s: 1 + s.sigmoid()),
            "Your gate runs from 1 to 2: you add the input back in. A residual connection belongs"
            " around the gate, and here it is not asked for.",
            "Features times sigmoid, no more.",
        ),
        Mistake(
            "the gate turned over",
            answers.wired(open_by=lambda s: (-s).sigmoid()),
            "Your gate closes where the score is high: it is 1 minus the one that is asked for.",
            "A high score opens: `scores.sigmoid()`.",
        ),
        Mistake(
            "a sigmoid that overflows",
            answers.wired(open_by=lambda s: s.exp() / (1 + s.exp())),
            "Your gate is right on paper. For large scores it is inf / inf, which is NaN: `exp` of"
            " anything above 88 overflows float32.",
            "`scores.sigmoid()`, or 1 / (1 + exp(-score)).",
        ),
        Mistake(
            "two sigmoids",
            answers.wired(open_by=lambda s: s.sigmoid().sigmoid()),
            "The sigmoid is taken twice. The second one gets numbers from 0 to 1, so your gates"
            " lie between 0.5 and 0.73 and can neither open nor close.",
            "Once is enough.",
        ),
        Mistake(
            "the gate stretched from 0 to 1",
            answers.wired(open_by=answers.stretched),
            "You stretch the scores of each map so that they run from 0 to 1. Then each gate"
            " depends on all the other scores, the lowest place is always shut, and equal scores"
            " give 0 / 0.",
            "Each place for itself: a sigmoid of its own score.",
        ),
        Mistake(
            "the gate centred",
            answers.wired(open_by=lambda s: (s - s.mean((2, 3), keepdim=True)).sigmoid()),
            "You subtract the map's mean score before the sigmoid. Then a map whose scores are all"
            " high opens only halfway: the places are compared again, as in a softmax.",
            "The sigmoid takes the scores as they come.",
        ),
        Mistake(
            "the sigmoid around the product",
            answers.sigmoid_of_the_product,
            "Result 1 is the sigmoid of features times scores. The features have gone through the"
            " curve themselves, and lie between 0 and 1.",
            "The sigmoid of the scores alone; then multiply the features by it.",
        ),
        Mistake(
            "the gate clamped",
            answers.wired(open_by=lambda s: s.clamp(0, 1)),
            "Your gate is the score cut off at 0 and 1. Beyond those it is flat, and no gradient"
            " reaches the scores there.",
            "`scores.sigmoid()` bends where yours breaks off.",
        ),
        Mistake(
            "gates with a mean of 1",
            answers.wired(open_by=answers.over_its_mean),
            "You divide the gates by their mean over the map, so to open one place closes the"
            " others: that makes a distribution of them.",
            "Leave the sigmoids as they are.",
        ),
        Mistake(
            "a hard gate",
            answers.wired(open_by=lambda s: (s > 0).to(s.dtype)),
            "Your gate is 0 or 1. That is the sigmoid's limit for very large scores, and no"
            " gradient reaches the scores through a comparison.",
            "`scores.sigmoid()` in place of the comparison.",
        ),
        Mistake(
            "tanh for the gate",
            answers.wired(open_by=lambda s: s.tanh()),
            "Your gate runs from -1 to 1: it turns the sign of features over where the score is"
            " negative.",
            "A gate lies between 0 and 1: the sigmoid.",
        ),
        Mistake(
            "raw scores for the gate",
            answers.wired(open_by=lambda s: s),
            "Result 1 multiplies with the raw scores. They can be negative, and larger than 1.",
            "The sigmoid brings them between 0 and 1.",
        ),
        Mistake(
            "the distribution twice",
            answers.wired(open_by=answers.distribution),
            "Both results are weighted by the softmax. Result 1 sums to 1 over the map, so no two"
            " places can be open at once.",
            "Result 1: a sigmoid of each score.",
        ),
        Mistake(
            "the gate twice",
            answers.wired(answers.gate),
            "Both results are gated by sigmoids. The first one's weights do not sum to 1, and code"
            " that calls such a map a softmax is easy to find.",
            "Result 0: one softmax over all H * W places.",
        ),
        Mistake(
            "the gate behind the distribution",
            answers.gate_behind_the_weights,
            "Result 1 is weighted by the softmax first and by the sigmoid after. The two are"
            " alternatives.",
            "Result 1 starts from `features` again.",
        ),
        Mistake(
            "weights, not weighted features",
            answers.weights_alone,
            "You return the two maps of weights. The features multiplied by them are asked for.",
            "`features * weights` broadcasts over the channels.",
        ),
        Mistake(
            "stacked behind the batch",
            answers.second_axis,
            "Your results stand on axis 1: (B, 2, C, H, W). The card asks for (2, B, C, H, W).",
            "`torch.stack` makes the new axis at the front unless `dim` says otherwise.",
        ),
        Mistake(
            "joined along the batch",
            answers.joined_along_the_batch,
            "Your result is (2B, C, H, W): `torch.cat` joins along an axis that is there. A new"
            " axis for the two ways is asked for.",
            "`torch.stack([...])`.",
        ),
        Mistake(
            "summed over the places",
            answers.pooled,
            "You summed over the places, as in the exercise before. Here the maps stay maps.",
            "Return the two weighted maps, without the sum.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "one broadcast": answers.by_one_broadcast,
        "a sigmoid is a softmax of two": answers.by_softmax_of_two,
        "float64 inside": lambda f, s: answers.attend_two_ways(f.double(), s.double()).float(),
    },
    forbid=("course_lib.attention.soft_location",),
    hints=(
        "Raise the score of one place. In which of the two do the weights of the others change?",
        (
            "Result 0: flatten the places, softmax, back to the shape of the scores. Result 1: a"
            " sigmoid of each score. Multiply each into the features, and stack."
        ),
        (
            "`scores.flatten(1).softmax(-1).view_as(scores)` is the first map of weights and"
            " `scores.sigmoid()` the second. `torch.stack([a, b])` puts the new axis first."
        ),
    ),
)
