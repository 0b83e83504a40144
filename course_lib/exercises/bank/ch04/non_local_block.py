"""Exercise 4.5: the non-local block; its constructor starts it as the identity."""

from course_lib.exercises.bank.ch04 import non_local_block_answers as answers
from course_lib.exercises.bank.ch04 import places
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, size=2.0):
    """`size`: convolutions start with small weights; x is large enough for scores that differ."""
    return lambda g: {"x": normal(g, b, c, h, w, scale=size)}


def _of(dim, inner_dim):
    return {"dim": dim, "inner_dim": inner_dim}


NON_LOCAL_BLOCK = Exercise(
    id="non-local-block",
    chapter=4,
    title="The block that starts as nothing",
    signature="NonLocalBlock(dim, inner_dim)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=12,
    reference=answers.NonLocalBlock,
    stages=(
        Stage(
            "one place",
            "A map of one place: its only weight is 1, so the block returns `w_z` of `g` of x,"
            " plus x.",
            _case(2, 3, 1, 1),
            _of(3, 3),
        ),
        Stage(
            "one row",
            "A map of one row, and as many inner channels as outer: H is 1, so rows and columns"
            " cannot be mixed up.",
            _case(1, 4, 1, 5),
            _of(4, 4),
        ),
        Stage(
            "a map",
            "Three rows, four columns: each place gathers from all 12 and goes back to where it"
            " was, then through `w_z`, and x is added.",
            _case(2, 4, 3, 4),
            _of(4, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch, a narrow inside, axes of different lengths. The gradient must reach x and"
            " all four convolutions.",
            _case(2, 6, 3, 5),
            _of(6, 4),
            batched=("x",),
            compare_gradients=True,
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
            "at birth",
            "A block fresh from your constructor: it must hand x on as it is. Only then can it be"
            " put into a trained network without doing harm.",
            _case(2, 5, 2, 4),
            _of(5, 2),
            newborn=True,
        ),
        Stage(
            "another size",
            "More channels, a tall map.",
            _case(2, 8, 6, 4),
            _of(8, 3),
            batched=("x",),
            hidden=True,
        ),
        Stage(
            "at birth, another size",
            "A larger block fresh from your constructor: it must hand x on as it is.",
            _case(1, 12, 3, 2),
            _of(12, 6),
            newborn=True,
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "residual forgotten",
            answers.wired(end=lambda z, x: z),
            "x itself is not in your result: the residual is missing. With `w_z` at zero your"
            " block would return nothing but zeros.",
            "Add x at the end.",
        ),
        Mistake(
            "x subtracted",
            answers.wired(end=lambda z, x: z - x),
            "You subtract x from what `w_z` gives.",
            "Add x, as it came in.",
        ),
        Mistake(
            "residual twice",
            answers.wired(end=lambda z, x: z + 2 * x),
            "x is in your result twice, not once.",
            "Add it once, at the end.",
        ),
        Mistake(
            "multiplied, not added",
            answers.z_multiplies,
            "You multiply x with what `w_z` gives, as a gate would. At birth `w_z` gives 0, and"
            " everything would be wiped out.",
            "Add x to it: at birth x then comes through untouched.",
        ),
        Mistake(
            "w_z forgotten",
            answers.without_w_z,
            "What was gathered is added to x directly: `w_z` has no effect. Where the inside is"
            " narrower the shapes would not fit.",
            "`self.w_z(...)` on the map of gathered values.",
        ),
        Mistake(
            "the residual inside w_z",
            answers.x_inside_w_z,
            "You add x before `w_z`, so x has to go through it. Where the inside is narrower the"
            " shapes would not fit, and at birth nothing comes through at all.",
            "`w_z` of the gathered values, and x added behind it.",
        ),
        Mistake(
            "what was gathered for x",
            answers.y_for_x,
            "You add what was gathered to `w_z` of it. The residual is the block's input, x.",
            "Add x, as it came in.",
        ),
        Mistake(
            "x returned",
            answers.x_returned,
            "You return x as it came. A block that starts as the identity is not one that stays"
            " so: here `w_z` has been trained and is no longer zero. If you zero it in `forward`,"
            " training can never change it.",
            "Zero `w_z` in the constructor, once. `forward` computes the whole block.",
        ),
        Mistake(
            "values added",
            answers.values_added,
            "You add g to what was gathered, before `w_z`. The residual connects x with the end"
            " of the block.",
            "`w_z` of the gathered values, plus x.",
        ),
        Mistake(
            "nothing gathered",
            answers.nothing_attended,
            "You return `w_z` of `g` of x, plus x: no place has heard of another.",
            "Between `g` and `w_z` stand the weights, (B, N, N).",
        ),
        Mistake(
            "softmax over the queries",
            answers.wired(weigh=lambda s: s.softmax(-2)),
            "Your weights sum to 1 over the queries: each key spreads itself over the places.",
            "In theta times phi transposed the keys are the last axis.",
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
            "Your weights are the raw products: they may be negative and do not sum to 1.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "divided by the number of keys",
            answers.wired(weigh=places.count_of_keys),
            "You divide the products by the number of keys: the dot-product form. This block is"
            " the embedded Gaussian, with a softmax.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "scaled by the square root of D",
            answers.wired(scores=places.scaled(lambda n, d: d**0.5)),
            "You divide the scores by the square root of the inner channels, as a Transformer"
            " does. The embedded Gaussian has no such scale.",
            "The softmax of the plain products.",
        ),
        Mistake(
            "a softmax, and divided",
            answers.wired(weigh=places.shared_out),
            "You take a softmax, and divide by the number of keys as well: the weights of a place"
            " sum to 1 / N. The softmax has divided by C(x) already.",
            "The softmax alone.",
        ),
        Mistake(
            "theta and phi exchanged",
            answers.wired(roles=lambda theta, phi, g: (phi, theta, g)),
            "Phi asks and theta is asked: your scores are the transpose of what they should be.",
            "`theta @ phi.mT`: rows are the places that ask.",
        ),
        Mistake(
            "theta in place of phi",
            answers.wired(roles=lambda theta, phi, g: (theta, theta, g)),
            "`phi` has no effect: theta is compared with itself.",
            "The keys are `self.phi(x)`.",
        ),
        Mistake(
            "phi in place of g",
            answers.wired(roles=lambda theta, phi, g: (theta, phi, phi)),
            "You gather phi: `g` has no effect.",
            "Sum the values, `self.g(x)`.",
        ),
        Mistake(
            "the scores transposed",
            answers.wired(gather=places.keys_gather),
            "Your softmax is right, but you multiply with the weights transposed: each place gets"
            " what the others would take from it.",
            "Rows are the queries: `weights @ g`.",
        ),
        Mistake(
            "read without a transpose",
            answers.read_without_a_transpose,
            "You make (B, N, D) of each map by a reshape. The shape is right, but channels come"
            " first in memory: your tokens mix places with channels.",
            "`flatten(2)` gives (B, D, N); then transpose.",
        ),
        Mistake(
            "theta without a transpose",
            answers.wired(roles=lambda theta, phi, g: (places.mixed(theta), phi, g)),
            "You make (B, N, D) of theta by a reshape from (B, D, N). The shape is right, but your"
            " queries mix places with channels.",
            "`flatten(2)`, then transpose.",
        ),
        Mistake(
            "g without a transpose",
            answers.wired(roles=lambda theta, phi, g: (theta, phi, places.mixed(g))),
            "You make (B, N, D) of g by a reshape from (B, D, N). The shape is right, but your"
            " values mix places with channels.",
            "`flatten(2)`, then transpose.",
        ),
        Mistake(
            "phi viewed, not transposed",
            answers.wired(scores=places.viewed_keys),
            "You bring phi from (B, N, D) to (B, D, N) by a reshape. The shape is right, but each"
            " column is a mixture of several keys.",
            "`phi.mT`, or leave phi as (B, D, N) when you flatten it.",
        ),
        Mistake(
            "written without a transpose",
            answers.wired(write=places.viewed_back),
            "Before `w_z` you make a map of (B, N, D) by a reshape. The shape is right, the"
            " numbers are scrambled: in memory the values of one place stand side by side.",
            "Transpose to (B, D, N) first, then reshape, then `w_z`.",
        ),
        Mistake(
            "written without a transpose, after w_z",
            answers.written_without_a_transpose_after_w_z,
            "`w_z` has seen the right tokens, but then a reshape makes (B, C, H, W) of (B, N, C)."
            " The shape is right, the numbers are scrambled.",
            "Transpose to (B, C, N) first, then reshape.",
        ),
        Mistake(
            "width for height, and turned",
            answers.wired(write=answers.turned),
            "The places come back in the wrong order: (B, D, N) is cut into W rows of H and then"
            " transposed, so the shape fits and the map does not.",
            "The places run row by row: cut (B, D, N) into H rows of W, and stop there.",
        ),
        Mistake(
            "read column by column",
            answers.column_by_column,
            "You read the places column by column and write them back row by row.",
            "`flatten(2)` reads row by row, and a reshape writes row by row.",
        ),
        Mistake(
            "biases left out",
            answers.biases_left_out,
            "Your layers multiply and do not add their biases.",
            "Call the layers: `self.theta(x)`, and so on.",
        ),
        Mistake(
            "the bias of w_z left out",
            answers.w_z_bias_left_out,
            "`w_z` multiplies and does not add its bias.",
            "Call the layer: `self.w_z(...)`.",
        ),
        Mistake(
            "a ReLU at the end",
            answers.wired(end=lambda z, x: (z + x).relu()),
            "Your result has no negative numbers: a ReLU stands at the end. The block could not"
            " hand x on as it is.",
            "Return the sum.",
        ),
        Mistake(
            "a ReLU after w_z",
            answers.wired(leave=lambda self, y: self.w_z(y).relu()),
            "What you add to x is never negative: a ReLU stands after `w_z`.",
            "`w_z` of the gathered values, plus x, and no ReLU.",
        ),
        Mistake(
            "weights detached",
            answers.wired(weigh=places.weights_detached),
            "Your values are right. But the weights are cut off from the gradient, so neither"
            " `theta` nor `phi` would ever learn where to look.",
            "No `detach()` and no `no_grad()` around the weights.",
        ),
        Mistake(
            "born at random",
            answers.nothing_zeroed,
            "Your `forward` holds. But a block fresh from your constructor changes x: `w_z`"
            " starts at random.",
            "In the constructor, after `self.w_z = ...`: both its weight and its bias to zero.",
        ),
        Mistake(
            "only the weight of w_z at zero",
            answers.weight_only,
            "A block fresh from your constructor adds the same numbers to all places: the bias of"
            " `w_z`. The weight, or `g` before it, starts at zero; the bias does not.",
            "Both parts of `w_z` start at zero, its weight and its bias.",
        ),
        Mistake(
            "only the bias of w_z at zero",
            answers.bias_only,
            "A block fresh from your constructor changes x: the bias of `w_z` starts at zero, its"
            " weight does not.",
            "Its weight to zero, too.",
        ),
        Mistake(
            "theta and phi at zero",
            answers.theta_and_phi_zeroed,
            "You set `theta` and `phi` to zero. That makes all weights equal, and every place"
            " gets the mean of the map added.",
            "The last layer is the one that starts at zero: `w_z`, weight and bias.",
        ),
        Mistake(
            "w_z at one",
            answers.ones,
            "You set the weight of `w_z` to one. That adds the sum of all inner channels to every"
            " channel of x.",
            "The identity is x plus nothing: zero, weight and bias.",
        ),
        Mistake(
            "w_z small",
            answers.small,
            "Your `w_z` starts with small random weights, so a block fresh from your constructor"
            " changes x a little.",
            "Exactly zero, weight and bias.",
        ),
    ),
    variants={
        "as published": answers.as_published,
        "tokens and linear layers": answers.on_tokens,
        "einsum": answers.by_einsum,
        "w_z before the gathering": answers.values_projected_first,
    },
    forbid=(
        "course_lib.attention.NonLocal",
        "course_lib.attention.non_local",
        "course_lib.attention.SelfAttention2d",
    ),
    map_axes=("rows", "columns"),
    hints=(
        "Exercise 4.4 is in the middle. What comes before it, what after it, and what must the"
        " last layer be for the block to return x?",
        "`forward`: the three convolutions, each as tokens; the softmax over the keys; times g;"
        " back to a map; `w_z`; plus x. The constructor: the weight and the bias of `w_z` to"
        " zero.",
        "`nn.init.zeros_(self.w_z.weight)`, and the same for the bias. `theta` as tokens is"
        " `self.theta(x).flatten(2).mT`; back to a map is `y.mT.unflatten(2, x.shape[2:])`.",
    ),
)
