"""Exercise 8.7: DANet's channel attention, as its equation 3 says."""

from course_lib.exercises.bank.ch08 import channel_attention_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, square=1.5):
    """`square`: a channel's product with itself, on average; it decides how sharp the softmax is."""

    def draw(g):
        x = normal(g, b, c, h, w, scale=(square / (h * w)) ** 0.5)
        return {"x": x, "beta": uniform(g, 1, low=0.4, high=1.6)[0]}

    return draw


def _equal(g):
    x = normal(g, 2, 1, 2, 4, scale=0.5).repeat(1, 3, 1, 1)
    return {"x": x, "beta": uniform(g, 1, low=0.4, high=1.6)[0]}


CHANNEL_ATTENTION = Exercise(
    id="channel-attention",
    chapter=8,
    title="Channel attention",
    signature="channel_attention(x, beta)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.channel_attention,
    stages=(
        Stage(
            "one channel",
            "A single channel: its only weight is 1, so the result is beta times x, plus x.",
            _case(2, 1, 3, 4),
        ),
        Stage(
            "equal channels",
            "All channels are alike, so whom they attend to does not matter: beta times x, plus x.",
            _equal,
        ),
        Stage(
            "a map",
            "Four channels of a 2x3 map. Scores are the channels' dot products over all places,"
            " (B, C, C); each row is a softmax.",
            _case(2, 4, 2, 3),
        ),
        Stage(
            "as many channels as places",
            "Six channels and six places: a product over the wrong axis would have the right shape.",
            _case(1, 6, 2, 3),
        ),
        Stage(
            "all sizes differ",
            "A batch, axes of different lengths. The gradient must reach beta, and x through the"
            " weights as well: nothing detached.",
            _case(2, 5, 4, 3),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "many places",
            "Many places, few channels: the scores are plain sums over the places, however many"
            " there are.",
            _case(3, 3, 7, 9),
            batched=("x",),
        ),
        Stage(
            "strong maps",
            "Scores in the hundreds, as a trained network has them: the softmax must not overflow.",
            _case(2, 4, 3, 5, square=600.0),
            rtol=1e-3,
            atol=1e-3,
        ),
        Stage(
            "another size",
            "More channels, a tall map.",
            _case(2, 7, 8, 5),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "max minus",
            answers.wired(weigh=answers.max_minus),
            "You subtract the scores from each row's maximum before the softmax. So does the authors'"
            " code, and it turns the order round: a channel attends most to the channel least like"
            " it. Their equation 3 has no such step.",
            "The softmax of the scores. To guard against overflow it is scores minus maximum, and"
            " `softmax` does that by itself.",
        ),
        Mistake(
            "residual forgotten",
            answers.wired(end=lambda o, x, beta: beta * o),
            "x itself is not in your result. With beta at 0, where training starts, nothing would"
            " come through.",
            "Add x at the end.",
        ),
        Mistake(
            "beta forgotten",
            answers.wired(end=lambda o, x, beta: o + 0 * beta + x),
            "`beta` has no effect: what was gathered is added whole.",
            "Beta times what was gathered, plus x.",
        ),
        Mistake(
            "beta on x",
            answers.wired(end=lambda o, x, beta: o + beta * x),
            "Beta stands before x. With beta at 0 the map itself would be gone.",
            "Beta before what was gathered; x as it is.",
        ),
        Mistake(
            "beta on both",
            answers.wired(end=lambda o, x, beta: beta * (o + x)),
            "Beta stands before the sum, so with beta at 0 nothing comes through.",
            "Brackets off: beta before what was gathered; x as it is.",
        ),
        Mistake(
            "a blend",
            answers.wired(end=lambda o, x, beta: beta * o + (1 - beta) * x),
            "You take 1 - beta times x, a blend. x is added whole.",
            "Beta times what was gathered, plus x.",
        ),
        Mistake(
            "beta in the scores",
            answers.beta_in_the_scores,
            "Beta multiplies the scores, as a temperature. It belongs before what was gathered.",
            "Weights from the plain scores; beta after the gathering.",
        ),
        Mistake(
            "x added before the gathering",
            answers.x_inside,
            "x is added before the gathering, so the residual is blended as well. Each channel"
            " should keep its own x.",
            "Gather first; x is added at the end.",
        ),
        Mistake(
            "x multiplied",
            answers.wired(end=lambda o, x, beta: beta * o * x),
            "You multiply x with what was gathered, as a gate would.",
            "Add x to it.",
        ),
        Mistake(
            "weights over the queries",
            answers.wired(weigh=answers.over_queries),
            "Your weights sum to 1 over the queries. A A^T is symmetric, so nothing in its shape"
            " tells rows from columns; after the softmax they differ. Multiplying with the weights"
            " transposed gives the same.",
            "Row j holds the weights of channel j: `softmax(-1)`, then `weights @ a`.",
        ),
        Mistake(
            "places attend",
            answers.places_attend,
            "Your weights are between places: (B, N, N). That is position attention, without its"
            " convolutions.",
            "Sum over the places: (B, C, N) @ (B, N, C) gives (B, C, C).",
        ),
        Mistake(
            "a gate for each channel",
            answers.a_gate,
            "You make one number for each channel, from its mean, and multiply. That is nearer to"
            " squeeze-and-excitation: no channel gathers from another.",
            "Weights between channels, (B, C, C), and a matrix product with the channels.",
        ),
        Mistake(
            "scores of the means",
            answers.wired(scores=answers.of_means),
            "Your scores are products of the channels' means. Where in the map they agree is lost.",
            "Dot products over all places: `a @ a.mT` with a of (B, C, N).",
        ),
        Mistake(
            "scaled by the root of the places",
            answers.wired(scores=answers.scaled(lambda c, n: n**0.5)),
            "You divide the scores by sqrt(N), as scaled dot-product attention would. Equation 3 has"
            " no scale.",
            "The plain products.",
        ),
        Mistake(
            "divided by the places",
            answers.wired(scores=answers.scaled(lambda c, n: n)),
            "You divide the scores by the number of places: means over the places, where the"
            " equation has sums.",
            "The plain products.",
        ),
        Mistake(
            "scaled by the root of the channels",
            answers.wired(scores=answers.scaled(lambda c, n: c**0.5)),
            "You divide the scores by sqrt(C). Equation 3 has no scale.",
            "The plain products.",
        ),
        Mistake(
            "divided by the channels",
            answers.wired(scores=answers.scaled(lambda c, n: c)),
            "You divide the scores by C. Equation 3 has no scale.",
            "The plain products.",
        ),
        Mistake(
            "cosines",
            answers.wired(scores=answers.cosines),
            "You divide each channel by its length first: cosines. Equation 3 takes the plain"
            " products, so strong channels draw more.",
            "`a @ a.mT` of the channels as they are.",
        ),
        Mistake(
            "covariances",
            answers.wired(scores=answers.centred),
            "You take each channel's mean off before the product: covariances.",
            "`a @ a.mT` of the channels as they are.",
        ),
        Mistake(
            "no softmax",
            answers.wired(weigh=lambda scores: scores),
            "You gather with the bare products. They may be negative and sum to anything.",
            "A softmax over the channels.",
        ),
        Mistake(
            "divided by the row's sum",
            answers.wired(weigh=answers.by_the_sum),
            "You divide the products by their sum. They may be negative, and the sum near 0.",
            "A softmax over the channels.",
        ),
        Mistake(
            "sigmoids for the softmax",
            answers.wired(weigh=lambda scores: scores.sigmoid()),
            "You put a sigmoid on the scores: each pair is judged alone, and the weights do not sum"
            " to 1.",
            "A softmax over the channels.",
        ),
        Mistake(
            "a softmax over all pairs",
            answers.wired(weigh=answers.over_all_pairs),
            "One softmax runs over all pairs of channels. Each channel needs its own.",
            "`softmax(-1)` on (B, C, C).",
        ),
        Mistake(
            "a softmax over the batch",
            answers.wired(weigh=answers.over_the_batch),
            "Your softmax runs over the batch, so samples compete for a pair of channels.",
            "`softmax(-1)` on (B, C, C).",
        ),
        Mistake(
            "one set of scores for the batch",
            answers.wired(scores=answers.of_the_batch),
            "All samples share the scores of their mean.",
            "`a @ a.mT` with the batch axis in front.",
        ),
        Mistake(
            "an exponential that overflows",
            answers.wired(weigh=answers.overflowing),
            "You take the exponential of the scores as they are. With strong maps it is infinite,"
            " and infinity over infinity is NaN.",
            "`softmax(-1)`, or take the largest score of each row off first.",
        ),
        Mistake(
            "viewed, not transposed",
            answers.wired(scores=answers.viewed),
            "You bring (B, C, N) to (B, N, C) by a reshape. The shape is right, but each column is a"
            " mixture of several channels.",
            "`a.mT`, or `a.transpose(1, 2)`.",
        ),
        Mistake(
            "width for height, and turned",
            answers.wired(write=answers.turned),
            "You cut the N places into W rows of H and transpose, so the shape fits and the map does"
            " not.",
            "Places run row by row: `view_as(x)`.",
        ),
        Mistake(
            "own channel left out",
            answers.wired(weigh=answers.own_left_out),
            "No channel attends to itself in yours. It may, and mostly does.",
            "A softmax over all C channels, without a mask.",
        ),
    ),
    variants={
        "as published, without max minus": answers.as_published,
        "einsum": answers.by_einsum,
        "fused": answers.fused,
        "loops": answers.by_loops,
        "the largest taken off": answers.with_the_largest_taken_off,
    },
    forbid=("course_lib.attention.ChannelAttention", "course_lib.attention.attend.attend"),
    map_axes=("rows", "columns"),
    hints=(
        "In exercise 8.6 a place was a token. Here a channel is one: how long is its vector?",
        "`a` of (B, C, N); scores `a` times its own transpose, (B, C, C); softmax; times `a`; back to"
        " the shape of x; beta times that, plus x.",
        "`a = x.flatten(2)` and `weights = (a @ a.mT).softmax(-1)`. Then `weights @ a`, `view_as(x)`,"
        " and the sum.",
    ),
)
