"""Exercise 8.6: DANet's position attention as a module; the constructor is given."""

from course_lib.exercises.bank.ch04 import places
from course_lib.exercises.bank.ch08 import position_attention_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, size=2.0):
    """`size`: convolutions start with small weights; x is large enough for scores that differ."""
    return lambda g: {"x": normal(g, b, c, h, w, scale=size)}


def _equal(b, c, h, w):
    return lambda g: {"x": normal(g, b, c, 1, 1, scale=2.0).repeat(1, 1, h, w)}


def _of(dim, inner_dim):
    return {"dim": dim, "inner_dim": inner_dim}


POSITION_ATTENTION = Exercise(
    id="position-attention",
    chapter=8,
    title="Position attention",
    signature="PositionAttention(dim, inner_dim)",
    points=3,
    difficulty=3,
    importance=5,
    minutes=10,
    reference=answers.PositionAttention,
    stages=(
        Stage(
            "one place",
            "A map of one place: its only weight is 1, so the result is alpha times the value of x,"
            " plus x.",
            _case(2, 3, 1, 1),
            _of(3, 2),
        ),
        Stage(
            "equal places",
            "All places are alike, so whom they attend to does not matter: alpha times the value,"
            " plus x, everywhere.",
            _equal(2, 4, 2, 3),
            _of(4, 3),
        ),
        Stage(
            "one row",
            "A map of one row: H is 1, so rows and columns cannot be mixed up.",
            _case(1, 4, 1, 5),
            _of(4, 4),
        ),
        Stage(
            "a map",
            "Three rows, four columns: each place gathers from all 12 and goes back to where it"
            " was.",
            _case(2, 4, 3, 4),
            _of(4, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch, narrow queries and keys, axes of different lengths. The gradient must reach"
            " x, the three convolutions and alpha, through the weights as well: nothing detached.",
            _case(2, 6, 3, 5),
            _of(6, 4),
            batched=("x",),
            compare_gradients=True,
            rtol=1e-3,
            atol=1e-4,
        ),
        Stage(
            "many inner channels",
            "Sixteen inner channels: the scores are plain dot products, however many there are.",
            _case(2, 5, 2, 3, 1.5),
            _of(5, 16),
            batched=("x",),
        ),
        Stage(
            "strong maps",
            "Scores in the thousands: the softmax must not overflow.",
            _case(2, 4, 2, 4, 60.0),
            _of(4, 4),
            atol=1e-3,
        ),
        Stage(
            "another size",
            "More channels, a tall map.",
            _case(3, 8, 6, 4),
            _of(8, 3),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "residual forgotten",
            answers.wired(end=lambda o, x, alpha: alpha * o),
            "x itself is not in your result. With alpha at 0, where training starts, your block"
            " would return nothing but zeros.",
            "Add x at the end.",
        ),
        Mistake(
            "alpha forgotten",
            answers.wired(end=lambda o, x, alpha: o + 0 * alpha + x),
            "`self.alpha` has no effect: what was gathered is added whole. The block could not start"
            " as the identity.",
            "Alpha times what was gathered, plus x.",
        ),
        Mistake(
            "alpha on x",
            answers.wired(end=lambda o, x, alpha: o + alpha * x),
            "Alpha stands before x. With alpha at 0 the map itself would be gone.",
            "Alpha before what was gathered; x as it is.",
        ),
        Mistake(
            "alpha on both",
            answers.wired(end=lambda o, x, alpha: alpha * (o + x)),
            "Alpha stands before the sum, so with alpha at 0 nothing comes through.",
            "Brackets off: alpha before what was gathered; x as it is.",
        ),
        Mistake(
            "a blend",
            answers.wired(end=lambda o, x, alpha: alpha * o + (1 - alpha) * x),
            "You take 1 - alpha times x, a blend. x is added whole.",
            "Alpha times what was gathered, plus x.",
        ),
        Mistake(
            "alpha in the scores",
            answers.alpha_in_the_scores,
            "Alpha multiplies the scores, as a temperature. It belongs before what was gathered.",
            "Weights from the plain scores; alpha after the gathering.",
        ),
        Mistake(
            "scaled",
            answers.wired(scores=lambda q, k: q @ k.mT / q.shape[-1] ** 0.5),
            "You divide the scores by the root of the inner channels, as a Transformer does. DANet"
            " does not.",
            "The plain dot products.",
        ),
        Mistake(
            "weights over the queries",
            answers.wired(weigh=answers.over_queries),
            "Your weights sum to 1 over the queries: each place shares itself out, and what a place"
            " gets need not sum to 1.",
            "`softmax(-1)` on scores with queries in the rows.",
        ),
        Mistake(
            "transposed weights",
            answers.wired(gather=places.keys_gather),
            "Your softmax is right, but you multiply with the weights transposed. This is the slip"
            " that the published code's second `permute` prevents.",
            "Rows are the queries: `weights @ v`, or `v @ weights.mT` with channels first.",
        ),
        Mistake(
            "queries and keys exchanged",
            answers.wired(roles=lambda q, k, v, x: (k, q, v)),
            "`self.key` makes your queries and `self.query` your keys: by name, or because softmax and"
            " product both run over the other axis of the scores.",
            "Rows of the scores are the queries: `q @ k.mT`, `softmax(-1)`, then `weights @ v`.",
        ),
        Mistake(
            "no softmax",
            answers.wired(weigh=places.unnormalised),
            "You gather with the bare scores. They may be negative and sum to anything.",
            "A softmax over the keys.",
        ),
        Mistake(
            "sigmoids for the softmax",
            answers.wired(weigh=answers.of_sigmoids),
            "You put a sigmoid on the scores: each pair is judged alone, and the more places there"
            " are, the larger the sum.",
            "A softmax over the keys.",
        ),
        Mistake(
            "an exponential that overflows",
            answers.wired(weigh=answers.overflowing),
            "You take the exponential of the scores as they are. With strong maps it is infinite,"
            " and infinity over infinity is NaN.",
            "`softmax(-1)`, or take the largest score of each row off first.",
        ),
        Mistake(
            "queries as keys",
            answers.wired(roles=lambda q, k, v, x: (q, q, v)),
            "Your queries are compared with each other: `self.key` has no effect.",
            "`self.query(x)` against `self.key(x)`.",
        ),
        Mistake(
            "x as values",
            answers.wired(roles=answers.from_x),
            "You gather x itself: `self.value` has no effect.",
            "Gather `self.value(x)`.",
        ),
        Mistake(
            "channels attend",
            answers.channels_attend,
            "Your weights are between channels, made of the values: (B, C, C). That is DANet's other"
            " half, the next exercise.",
            "Places attend to places: scores (B, N, N), of queries with keys.",
        ),
        Mistake(
            "queries without a transpose",
            answers.wired(roles=lambda q, k, v, x: (places.mixed(q), k, v)),
            "You make (B, N, D) of the queries by a reshape. The shape is right, but they mix places"
            " with channels.",
            "`flatten(2)` gives (B, D, N); then transpose.",
        ),
        Mistake(
            "keys without a transpose",
            answers.wired(scores=places.viewed_keys),
            "You bring the keys from (B, N, D) to (B, D, N) by a reshape. The shape is right, but"
            " each column is a mixture of several keys.",
            "`k.mT`, or leave the keys as (B, D, N) when you flatten them.",
        ),
        Mistake(
            "values without a transpose",
            answers.wired(roles=lambda q, k, v, x: (q, k, places.mixed(v))),
            "You make (B, N, C) of the values by a reshape. The shape is right, but they mix places"
            " with channels.",
            "`flatten(2)` gives (B, C, N); then transpose.",
        ),
        Mistake(
            "written without a transpose",
            answers.wired(write=places.viewed_back),
            "At the end you make a map of (B, N, C) by a reshape. The shape is right, the numbers"
            " are scrambled: in memory the channels of one place stand side by side.",
            "Transpose to (B, C, N) first, then reshape.",
        ),
        Mistake(
            "no transpose anywhere",
            answers.wired(
                roles=lambda q, k, v, x: (places.mixed(q), places.mixed(k), places.mixed(v)),
                write=places.viewed_back,
            ),
            "Queries, keys and values become (B, N, C) by a reshape, and the result a map by another."
            " All shapes fit, and every token is a mixture of places and channels.",
            "`flatten(2)` gives (B, C, N); transpose it, and transpose back before you make the map.",
        ),
        Mistake(
            "width for height, and turned",
            answers.wired(write=answers.turned),
            "The places come back in the wrong order: (B, C, N) is cut into W rows of H and then"
            " transposed, so the shape fits and the map does not.",
            "Places run row by row: cut (B, C, N) into H rows of W.",
        ),
        Mistake(
            "biases left out",
            answers.biases_left_out,
            "Your convolutions multiply and do not add their biases.",
            "Call the layers: `self.query(x)`, and so on.",
        ),
    ),
    variants={
        "as published": answers.as_published,
        "einsum": answers.by_einsum,
        "fused": answers.fused,
        "place by place": answers.place_by_place,
        "value after the gathering": answers.x_gathered_first,
    },
    forbid=("course_lib.attention.SelfAttention2d", "course_lib.attention.non_local.non_local"),
    map_axes=("rows", "columns"),
    hints=(
        "Every place is a token. What does it ask with, what is it found by, what does it give? And"
        " what must come out while alpha is still 0?",
        "Three convolutions, each as (B, N, D or C); scores (B, N, N); softmax over the keys; times"
        " the values; back to a map; alpha times that, plus x.",
        "`q, k, v = (layer(x).flatten(2).mT for layer in (self.query, self.key, self.value))`. Back to"
        " a map: `o.mT.unflatten(2, x.shape[2:])`.",
    ),
)
