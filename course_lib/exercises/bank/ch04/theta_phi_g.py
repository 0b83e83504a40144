"""Exercise 4.4: the embedded Gaussian on a map; theta, phi and g in the right axes, and back."""

from course_lib.exercises.bank.ch04 import places
from course_lib.exercises.bank.ch04 import theta_phi_g_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, d, e, theta=1.0):
    """`theta` scales the scores, whose spread is about 1.5 at 1; at 0 all weights are equal."""
    return lambda g: {
        "x": normal(g, b, c, h, w),
        "w_theta": normal(g, d, c, scale=theta * 1.2 / (c * d**0.5) ** 0.5),
        "w_phi": normal(g, d, c, scale=1.2 / (c * d**0.5) ** 0.5),
        "w_g": normal(g, e, c, scale=0.7),
    }


THETA_PHI_G = Exercise(
    id="theta-phi-g",
    chapter=4,
    title="Theta, phi and g in the right axes",
    signature="non_local_map(x, w_theta, w_phi, w_g)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=12,
    reference=answers.non_local_map,
    stages=(
        Stage(
            "one place",
            "A map of one place: its only weight is 1, so the answer is g, the product of `w_g`"
            " with the channels of x.",
            _case(2, 3, 1, 1, 3, 3),
        ),
        Stage(
            "flat scores",
            "`w_theta` is 0, so all weights are equal: every place gets the mean of g over the"
            " places of its own image.",
            _case(2, 3, 2, 3, 3, 3, theta=0.0),
        ),
        Stage(
            "one row",
            "A map of one row: H is 1, so rows and columns cannot be mixed up. Channels and"
            " places can.",
            _case(1, 4, 1, 5, 4, 4),
        ),
        Stage(
            "a map",
            "Three rows, four columns: each of the 12 places gathers from all 12, with weights"
            " that sum to 1 over the keys, and goes back to where it was.",
            _case(2, 4, 3, 4, 4, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths: D inner channels, E values. Each image keeps"
            " to itself, and the gradient must reach x by all three ways.",
            _case(3, 4, 3, 5, 2, 6),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "many inner channels",
            "Twenty inner channels: the scores are plain dot products, however many there are.",
            _case(2, 3, 3, 2, 20, 4),
            batched=("x",),
        ),
        Stage(
            "one channel",
            "One channel in, one inside, one out.",
            _case(2, 1, 2, 4, 1, 1),
            batched=("x",),
        ),
        Stage(
            "another size",
            "More channels, a tall map.",
            _case(2, 6, 7, 4, 3, 5),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "softmax over the queries",
            places.wired(weigh=lambda s: s.softmax(-2)),
            "Your weights sum to 1 over the queries: each key spreads itself over the places. A"
            " place that asks should have weights that sum to 1 over the keys.",
            "In theta times phi transposed the queries are the rows, the keys the last axis.",
        ),
        Mistake(
            "softmax over the batch",
            places.wired(weigh=lambda s: s.softmax(0)),
            "Your weights sum to 1 over the batch: a softmax over axis 0. With one image each"
            " weight is 1.",
            "Over the keys, the last axis.",
        ),
        Mistake(
            "softmax over all pairs",
            places.wired(weigh=places.over_all_pairs),
            "Your softmax runs over all pairs of places, so the weights of one place sum to about"
            " 1 / N.",
            "Over the keys alone, the last axis of (B, N, N).",
        ),
        Mistake(
            "no softmax",
            places.wired(weigh=places.unnormalised),
            "Your weights are the raw products: they may be negative and do not sum to 1.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "divided by the number of keys",
            places.wired(weigh=places.count_of_keys),
            "You divide the products by the number of keys: the dot-product form. The embedded"
            " Gaussian has an exponential, and its C(x) is the sum: a softmax.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "exponential, not normalised",
            places.wired(weigh=places.exponential_only),
            "You take the exponential and do not divide by its sum, so the weights of a place do"
            " not sum to 1.",
            "A softmax does both.",
        ),
        Mistake(
            "a sigmoid",
            places.wired(weigh=lambda s: s.sigmoid()),
            "Your weights are sigmoids: each between 0 and 1 by itself. Those of one place should"
            " sum to 1.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "scaled by the square root of D",
            places.wired(scores=places.scaled(lambda n, d: d**0.5)),
            "You divide the scores by sqrt(D), as a Transformer does. The embedded Gaussian of"
            " the non-local paper has no such scale.",
            "The softmax of the plain products.",
        ),
        Mistake(
            "scaled by D",
            places.wired(scores=places.scaled(lambda n, d: d)),
            "You divide the scores by D. The embedded Gaussian has no scale.",
            "The softmax of the plain products.",
        ),
        Mistake(
            "scaled by the number of places",
            places.wired(scores=places.scaled(lambda n, d: n)),
            "You divide the scores by the number of places, before the softmax. That makes the"
            " weights nearly equal. In this form C(x) is the softmax's own sum.",
            "The softmax of the plain products.",
        ),
        Mistake(
            "a softmax, and divided",
            places.wired(weigh=places.shared_out),
            "You take a softmax, and divide by the number of keys as well: the weights of a place"
            " sum to 1 / N. The softmax has divided by C(x) already.",
            "The softmax alone.",
        ),
        Mistake(
            "cosine similarity",
            places.wired(scores=places.cosines),
            "You divide theta and phi by their lengths first: a cosine, which never leaves -1 to"
            " 1, so your weights are too even.",
            "Their dot product as it is.",
        ),
        Mistake(
            "theta and phi exchanged",
            places.wired(roles=places.exchanged),
            "Phi asks and theta is asked: your scores are the transpose of what they should be.",
            "Theta belongs to the place i that asks: `theta @ phi.mT`.",
        ),
        Mistake(
            "the scores transposed",
            places.wired(gather=places.keys_gather),
            "Your softmax is right, but you multiply with the weights transposed: each place gets"
            " what the others would take from it.",
            "Rows are the queries: `weights @ g`.",
        ),
        Mistake(
            "theta in place of phi",
            places.wired(roles=places.theta_for_phi),
            "`w_phi` has no effect: theta is compared with itself. Then two places always seek"
            " each other equally.",
            "The keys are made with `w_phi`.",
        ),
        Mistake(
            "phi in place of theta",
            places.wired(roles=places.phi_for_theta),
            "`w_theta` has no effect: phi is compared with itself. Then two places always seek"
            " each other equally.",
            "The queries are made with `w_theta`.",
        ),
        Mistake(
            "nothing embedded",
            places.wired(roles=places.nothing_embedded),
            "You compare the places of x themselves: `w_theta` and `w_phi` have no effect. That"
            " is the plain Gaussian.",
            "Embed x first, with theta for who asks and phi for who is asked.",
        ),
        Mistake(
            "phi in place of g",
            places.wired(roles=places.phi_for_g),
            "You gather phi: `w_g` has no effect. What a place is sought by and what it hands"
            " over are two things.",
            "Sum the values, made with `w_g`.",
        ),
        Mistake(
            "theta in place of g",
            places.wired(roles=places.theta_for_g),
            "You gather theta: `w_g` has no effect.",
            "Sum the values, made with `w_g`.",
        ),
        Mistake(
            "x in place of g",
            places.wired(roles=places.x_for_g),
            "You gather x itself: `w_g` has no effect.",
            "Sum the values, made with `w_g`.",
        ),
        Mistake(
            "weights not transposed",
            places.wired(roles=places.not_transposed),
            "You multiply tokens with `w` where `w.T` was meant. A weight is (out, in), as in"
            " every layer of PyTorch; here it is square, so nothing stopped you.",
            "`tokens @ w_theta.T`, or `w_theta @ maps` where the channels come first.",
        ),
        Mistake(
            "read without a transpose",
            places.wired(read=places.viewed),
            "You make (B, N, C) of the map by a reshape. The shape is right, but channels come"
            " first in memory: each of your tokens is a mixture of places and channels.",
            "`x.flatten(2)` is (B, C, N); then transpose.",
        ),
        Mistake(
            "theta, phi and g without a transpose",
            places.wired(roles=places.all_mixed),
            "You make (B, N, D) of theta, phi and g by a reshape from (B, D, N). The shapes are"
            " right, but your tokens mix places with channels.",
            "A transpose for each of the three.",
        ),
        Mistake(
            "theta without a transpose",
            places.wired(roles=places.theta_mixed),
            "You make (B, N, D) of theta by a reshape from (B, D, N). The shape is right, but your"
            " queries mix places with channels.",
            "A transpose for theta.",
        ),
        Mistake(
            "g without a transpose",
            places.wired(roles=places.g_mixed),
            "You make (B, N, E) of g by a reshape from (B, E, N). The shape is right, but your"
            " values mix places with channels.",
            "A transpose for g.",
        ),
        Mistake(
            "phi viewed, not transposed",
            places.wired(scores=places.viewed_keys),
            "You bring phi from (B, N, D) to (B, D, N) by a reshape. The shape is right, but the"
            " numbers stay in their old order: each column is a mixture of several keys.",
            "`phi.mT` or `phi.transpose(1, 2)`.",
        ),
        Mistake(
            "written without a transpose",
            places.wired(write=places.viewed_back),
            "Your last reshape makes (B, E, H, W) of (B, N, E). The shape is right, the numbers"
            " are scrambled: in memory the values of one place still stand side by side.",
            "Transpose to (B, E, N) first, then reshape.",
        ),
        Mistake(
            "read and written without a transpose",
            places.wired(read=places.viewed, write=places.viewed_back),
            "You make (B, N, C) of the map by a reshape, and a map of (B, N, E) by another. The"
            " shapes are right; your tokens mix places with channels.",
            "A transpose at both ends: `x.flatten(2).mT`, and `y.mT` before the last reshape.",
        ),
        Mistake(
            "width for height",
            places.wired(write=answers.width_for_height),
            "Your map has W rows and H columns.",
            "`x.shape` is (B, C, H, W): height before width.",
        ),
        Mistake(
            "width for height, and turned",
            places.wired(write=answers.width_for_height_turned),
            "Your map has the right shape and its places in the wrong order: it is cut into W"
            " rows of H and then transposed. A transpose can mend a shape and scramble a map.",
            "The places run row by row: cut (B, E, N) into H rows of W, and stop there.",
        ),
        Mistake(
            "read column by column",
            places.wired(read=answers.column_by_column),
            "You read the places column by column and write them back row by row.",
            "`x.flatten(2)` reads row by row, and a reshape writes row by row.",
        ),
        Mistake(
            "channels last",
            places.wired(write=answers.places_last),
            "You return (B, H, W, E): the values stand last.",
            "A map is (B, E, H, W): transpose (B, N, E) to (B, E, N) first.",
        ),
        Mistake(
            "places left in a row",
            places.wired(write=answers.not_a_map),
            "You return (B, E, N): the places still lie in one row.",
            "Cut the last axis into H rows of W.",
        ),
        Mistake(
            "tokens returned",
            places.wired(write=answers.not_a_map_nor_turned),
            "You return (B, N, E): tokens, not a map.",
            "Transpose to (B, E, N), then cut the last axis into H rows of W.",
        ),
        Mistake(
            "channels attend to channels",
            answers.channels_attend,
            "You multiply theta and phi over the places, so your weights are (D, D): channels"
            " attend to channels. Here places attend to places.",
            "The product that gives (B, N, N) sums over the D channels.",
        ),
        Mistake(
            "along the rows only",
            answers.along(3),
            "Your places attend along their own row only: the softmax, or the product, runs over"
            " W.",
            "Flatten both axes of places to one, N = H * W.",
        ),
        Mistake(
            "along the columns only",
            answers.along(2),
            "Your places attend along their own column only: the softmax, or the product, runs"
            " over H.",
            "Flatten both axes of places to one, N = H * W.",
        ),
        Mistake(
            "the batch as one image",
            places.wired(scores=places.batch_as_one, gather=places.gathered_in_one),
            "Places attend to places of other images: the batch axis was flattened into N.",
            "Keep axis 0: (B, N, C).",
        ),
        Mistake(
            "itself left out",
            places.wired(weigh=places.own_place_left_out),
            "No place of yours attends to itself. The sum runs over all places.",
            "No mask on the diagonal.",
        ),
        Mistake(
            "nothing gathered",
            places.wired(gather=places.own_place_only),
            "You return g: no place has heard of another.",
            "The weights, (B, N, N), multiply g, (B, N, E).",
        ),
        Mistake(
            "one answer for all places",
            places.wired(gather=places.one_for_all),
            "All places of an image get the same answer: you average over the queries.",
            "Leave the mean out: (B, N, E) has a row for each place.",
        ),
        Mistake(
            "x added",
            places.wired(end=places.residual),
            "You add x. The operator has no residual; the block of the next exercise has.",
            "Return the gathered values alone.",
        ),
        Mistake(
            "weights detached",
            places.wired(weigh=places.weights_detached),
            "Your values are right. But the weights are cut off from the gradient, so neither"
            " theta nor phi would ever learn where to look.",
            "No `detach()` and no `no_grad()` around the weights.",
        ),
    ),
    variants={
        "1x1 convolutions": answers.by_convolutions,
        "channels first": places.channels_first,
        "einsum": answers.by_einsum,
        "loops over the queries": answers.by_loops,
        "g last": places.g_last,
        "the fused kernel": places.fused,
        "normalised last": places.normalised_last,
        "float64 inside": places.in_double,
    },
    forbid=("course_lib.attention.NonLocal", "course_lib.attention.non_local"),
    map_axes=("rows", "columns"),
    hints=(
        "Write the shape beside every line. Where does (B, N, N) come from, and which of the two"
        " N is the place that asks?",
        "`x.flatten(2)` is (B, C, N), with the places row by row. Transposed, it is N tokens, and"
        " three products make theta, phi and g. Then the softmax over the keys, times g. The way"
        " back: transpose first, then cut N into H rows of W.",
        "With `tokens = x.flatten(2).mT`, theta is `tokens @ w_theta.T`, the weights are `(theta"
        " @ phi.mT).softmax(-1)`, and (B, N, E) becomes a map by `.mT.unflatten(2, ...)`.",
    ),
)
