"""Exercise 4.7: repair self-attention on a map: H taken for W, a softmax along the wrong axis."""

from course_lib.exercises.bank.ch04 import places
from course_lib.exercises.bank.ch04 import swapped_axes_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, d, sign=1.0):
    """`sign` multiplies gamma, which is drawn from 0.6 to 1.6."""
    return lambda g: {
        "x": normal(g, b, c, h, w),
        "w_q": normal(g, d, c, scale=1.2 / (c * d**0.5) ** 0.5),
        "w_k": normal(g, d, c, scale=1.2 / (c * d**0.5) ** 0.5),
        "w_v": normal(g, c, c, scale=0.9),
        "gamma": sign * uniform(g, 1, low=0.6, high=1.6),
    }


SWAPPED_AXES = Exercise(
    id="swapped-axes",
    chapter=4,
    title="Height taken for width",
    signature="self_attention_map(x, w_q, w_k, w_v, gamma)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=8,
    reference=answers.self_attention_map,
    stages=(
        Stage(
            "gamma is 0",
            "`gamma` is 0, as SAGAN starts it: x comes back as it was.",
            _case(2, 3, 2, 2, 2, sign=0.0),
        ),
        Stage(
            "a square map",
            "As many rows as columns, so no shape can be wrong; the places can. What each place"
            " gathered goes back to where it was.",
            _case(2, 3, 3, 3, 3),
        ),
        Stage(
            "a wide map",
            "Two rows, five columns. N runs row by row: the first five places are row 0.",
            _case(2, 3, 2, 5, 3),
        ),
        Stage(
            "one row",
            "A map of one row: rows and columns cannot be mixed up. Queries and keys can.",
            _case(2, 3, 1, 4, 2),
            batched=("x",),
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths. Each image keeps to itself. The"
            " gradient must reach x by both ways, all three weights and `gamma`.",
            _case(3, 4, 5, 2, 6),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "gamma below 0",
            "`gamma` is learned and may become negative.",
            _case(2, 3, 2, 4, 2, sign=-1.0),
            batched=("x",),
        ),
        Stage(
            "another size",
            "More channels, a tall map.",
            _case(2, 6, 7, 3, 2),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "not repaired yet",
            answers.stub,
            "What you add to x stands in the wrong places: on a square map rows have become"
            " columns, on others the order is scrambled, though every shape is right. And the"
            " weights by which a place gathers do not sum to 1; those of a key do.",
            "Write the shape beside each line, with H and W as they really are: `x` is (B, C, H,"
            " W). And which axis of (B, N, N) holds the keys?",
        ),
        Mistake(
            "still the softmax over the queries",
            answers.wired(weigh=answers.over_queries),
            "Every place is where it belongs now. But the weights by which a place gathers do not"
            " sum to 1: the softmax runs over the queries, so each key spreads itself.",
            "In `q @ k.mT` the keys are the last axis.",
        ),
        Mistake(
            "still height for width",
            answers.wired(write=answers.turned),
            "The softmax is right. But what you add to x stands in the wrong places: on a square"
            " map rows have become columns, on others the order is scrambled, though the shape is"
            " right.",
            "`x.shape[2:]` is H, then W. Cut N into H rows of W: is a transpose needed then?",
        ),
        Mistake(
            "the transpose left in",
            answers.wired(write=answers.transposed),
            "What you add to x is transposed: rows have become columns. The names are right now,"
            " so the `.mT` that made up for them must go. On a map that is not square your code"
            " would stop.",
            "(B, C, N) cut into H rows of W is the map already.",
        ),
        Mistake(
            "the transpose left in, and the softmax over the queries",
            answers.wired(write=answers.transposed, weigh=answers.over_queries),
            "The names are right now, but what you add to x is transposed, and the weights by"
            " which a place gathers do not sum to 1.",
            "Two more lines: is the last `.mT` still needed? And which axis of (B, N, N) holds"
            " the keys?",
        ),
        Mistake(
            "read column by column",
            answers.wired(read=answers.column_by_column),
            "You read the places column by column and write them back row by row.",
            "`x.flatten(2)` reads row by row, and `unflatten` writes row by row.",
        ),
        Mistake(
            "written without a transpose",
            answers.wired(write=places.viewed_back),
            "You make (B, C, H, W) of (B, N, C) by a reshape. The shape is right, the numbers are"
            " scrambled: in memory the channels of one place stand side by side.",
            "Transpose to (B, C, N) first; that `.mT` was right.",
        ),
        Mistake(
            "read without a transpose",
            answers.wired(read=places.viewed),
            "You make (B, N, C) of the map by a reshape. The shape is right, but your tokens mix"
            " places with channels.",
            "`x.flatten(2)` is (B, C, N); then transpose. That line was right.",
        ),
        Mistake(
            "softmax over the batch",
            answers.wired(weigh=lambda s: s.softmax(0)),
            "Your weights sum to 1 over the batch: a softmax over axis 0. With one image each"
            " weight is 1.",
            "Over the keys, the last axis.",
        ),
        Mistake(
            "softmax over all pairs",
            answers.wired(weigh=places.over_all_pairs),
            "Your softmax runs over all pairs of places, so the weights of one place sum to about"
            " 1 / N.",
            "Over the keys alone, the last axis of (B, N, N).",
        ),
        Mistake(
            "no softmax",
            answers.wired(weigh=places.unnormalised),
            "Your weights are the raw products: the softmax is gone.",
            "`softmax` over the keys.",
        ),
        Mistake(
            "two softmaxes",
            answers.wired(weigh=lambda s: s.softmax(1).softmax(-1)),
            "There are two softmaxes, one after the other. The second makes all weights nearly"
            " equal.",
            "One, over the keys.",
        ),
        Mistake(
            "softmax of the result",
            answers.wired(weigh=places.unnormalised, write=answers.softmax_of_the_result),
            "Your softmax runs over the channels of what was gathered, and the weights are raw"
            " products.",
            "`softmax(-1)` on the products, before they multiply v.",
        ),
        Mistake(
            "the weights transposed",
            answers.wired(gather=places.keys_gather),
            "Your softmax runs over the keys, and then you multiply with the weights transposed:"
            " each place gets what the others would take from it.",
            "Rows are the queries: `weights @ v`.",
        ),
        Mistake(
            "q and k exchanged",
            answers.wired(roles=places.exchanged),
            "The keys ask and the queries are asked. A softmax over axis 1 together with"
            " transposed weights does the same.",
            "`q @ k.mT`, the softmax over the last axis, then `weights @ v`.",
        ),
        Mistake(
            "scaled by the square root of D",
            answers.wired(scores=places.scaled(lambda n, d: d**0.5)),
            "You divide the scores by sqrt(D). A good idea, and not what SAGAN does: here only"
            " the two slips are to be mended.",
            "The softmax of the plain products.",
        ),
        Mistake(
            "x in place of v",
            answers.wired(roles=places.x_for_g),
            "You gather x itself: `w_v` has no effect.",
            "`weights @ v`.",
        ),
        Mistake(
            "x left out",
            answers.wired(end=lambda x, out, gamma: gamma * out),
            "x is not in your result. With `gamma` at 0, as it starts, nothing would come"
            " through.",
            "`x + gamma * out`.",
        ),
        Mistake(
            "gamma times x",
            answers.wired(end=lambda x, out, gamma: gamma * x + out),
            "`gamma` multiplies x. It belongs to what was gathered: at 0 the block hands x on.",
            "`x + gamma * out`.",
        ),
        Mistake(
            "gamma times the sum",
            answers.wired(end=lambda x, out, gamma: gamma * (x + out)),
            "`gamma` multiplies the sum. At 0 nothing would come through.",
            "`x + gamma * out`.",
        ),
        Mistake(
            "gamma left out",
            answers.wired(end=lambda x, out, gamma: x + out),
            "`gamma` has no effect: what was gathered is added in full from the first step on.",
            "`x + gamma * out`.",
        ),
        Mistake(
            "blended by gamma",
            answers.wired(end=lambda x, out, gamma: (1 - gamma) * x + gamma * out),
            "You blend x with what was gathered, so x fades as `gamma` grows. SAGAN adds.",
            "`x + gamma * out`.",
        ),
        Mistake(
            "only a gamma above 0",
            answers.wired(end=lambda x, out, gamma: x + gamma.relu() * out),
            "A negative `gamma` has no effect in yours.",
            "`x + gamma * out`, whatever its sign.",
        ),
        Mistake(
            "gamma's size only",
            answers.wired(end=lambda x, out, gamma: x + gamma.abs() * out),
            "A negative `gamma` acts like a positive one in yours.",
            "`x + gamma * out`, whatever its sign.",
        ),
        Mistake(
            "gamma a plain number",
            answers.wired(end=lambda x, out, gamma: x + gamma.detach() * out),
            "Your values are right. But `gamma` was taken out of the graph, by `.item()`,"
            " `float(...)` or `detach()`: it would stay at 0 for ever.",
            "Multiply with the tensor itself.",
        ),
        Mistake(
            "the batch as one image",
            answers.wired(scores=places.batch_as_one, gather=places.gathered_in_one),
            "Places attend to places of other images: the batch axis was flattened into N.",
            "Keep axis 0: (B, N, C).",
        ),
        Mistake(
            "nothing gathered",
            answers.wired(gather=places.own_place_only),
            "You add v itself: no place has heard of another.",
            "`weights @ v`.",
        ),
        Mistake(
            "weights detached",
            answers.wired(weigh=places.weights_detached),
            "Your values are right. But the weights are cut off from the gradient, so neither"
            " `w_q` nor `w_k` would ever learn where to look.",
            "No `detach()` and no `no_grad()` around the weights.",
        ),
    ),
    variants={
        "as published": answers.as_published,
        "keys as rows": answers.keys_as_rows,
        "two transposes": answers.two_transposes,
        "the fused kernel": answers.fused,
        "einsum": answers.by_einsum,
        "float64 inside": lambda *inputs: (
            answers.self_attention_map(*(t.double() for t in inputs)).float()
        ),
    },
    forbid=("course_lib.attention.SelfAttention2d", "course_lib.attention.non_local"),
    map_axes=("rows", "columns"),
    hints=(
        "Two slips. One shows on a square map too, if you put a single bright place into x and"
        " look where the answer changes. The other: sum the weights over their last axis.",
        "`x.shape[2:]` is (H, W): which name must come first? Once the names are right, ask what"
        " the last `.mT` is for. And in `q @ k.mT` the rows are the queries.",
        "`height, width = x.shape[2:]`, then cut with `unflatten(2, (height, width))` and nothing"
        " behind it. The softmax sums over the keys, which are the last axis.",
    ),
)
