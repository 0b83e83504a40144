"""Exercise 4.6: 3D from 2D, every place at every time attends to every place at every time."""

from course_lib.exercises.bank.ch04 import places
from course_lib.exercises.bank.ch04 import space_time_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, t, h, w, d, e, theta=1.0):
    """`theta` scales the scores, whose spread is about 1.5 at 1; at 0 all weights are equal."""
    return lambda g: {
        "x": normal(g, b, c, t, h, w),
        "w_theta": normal(g, d, c, scale=theta * 1.2 / (c * d**0.5) ** 0.5),
        "w_phi": normal(g, d, c, scale=1.2 / (c * d**0.5) ** 0.5),
        "w_g": normal(g, e, c, scale=0.7),
    }


SPACE_TIME = Exercise(
    id="space-time",
    chapter=4,
    title="Space and time at once",
    signature="space_time(x, w_theta, w_phi, w_g)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.space_time,
    stages=(
        Stage(
            "one frame",
            "A clip of one frame is a map: exercise 4.4 with one axis more.",
            _case(1, 3, 1, 2, 3, 3, 3),
        ),
        Stage(
            "one pixel through time",
            "H and W are 1: each moment gathers from all moments, those before and those after.",
            _case(1, 3, 4, 1, 1, 3, 3),
        ),
        Stage(
            "flat scores",
            "`w_theta` is 0, so all weights are equal: every place at every time gets the mean of"
            " g over all places and all times of its own clip.",
            _case(2, 3, 2, 2, 3, 3, 3, theta=0.0),
        ),
        Stage(
            "a clip",
            "Three frames of 2 rows and 4 columns: each of the 24 places gathers from all 24, and"
            " goes back to where, and when, it was.",
            _case(2, 3, 3, 2, 4, 3, 3),
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths. Each clip keeps to itself, and"
            " the gradient must reach x by all three ways.",
            _case(2, 5, 3, 4, 2, 7, 6),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "more frames than places",
            "Six frames of one row: time is longer than space.",
            _case(2, 4, 6, 1, 2, 2, 3),
            batched=("x",),
        ),
        Stage(
            "another clip",
            "More channels, more rows, two frames.",
            _case(2, 6, 2, 5, 3, 4, 5),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "within each frame",
            answers.in_each_frame,
            "Each frame of yours attends to itself alone: time went into the batch. Something"
            " that is hidden now cannot be looked up in an earlier frame.",
            "All three axes of places become one: N = T * H * W.",
        ),
        Mistake(
            "within each frame, without a transpose",
            answers.in_each_frame_without_a_transpose,
            "You bring T next to the batch by a reshape. In memory the channels stand before the"
            " frames, so each of your images is put together from channels of several moments.",
            "T need not go into the batch at all: flatten T, H and W to one axis.",
        ),
        Mistake(
            "within each frame, put back without a transpose",
            answers.in_each_frame_put_back_without_a_transpose,
            "Each frame of yours attends to itself alone: time went into the batch. And on the way"
            " back (B * T, E, ...) is reshaped to (B, E, T, ...): frames mix with channels.",
            "Leave the batch alone: N = T * H * W.",
        ),
        Mistake(
            "each place through time",
            answers.at_each_place,
            "Each place attends to itself at other times alone: space went into the batch. What"
            " moves is lost from sight.",
            "All three axes of places become one: N = T * H * W.",
        ),
        Mistake(
            "space plus time",
            answers.both_added,
            "You attend within the frames, and through time at each place, and add the two. A"
            " place never sees another place at another time.",
            "One attention over N = T * H * W places.",
        ),
        Mistake(
            "space, then time",
            answers.space_then_time,
            "You attend within the frames first and then through time. That is divided attention:"
            " cheaper, and not the same as asking every place at every time.",
            "One attention over N = T * H * W places.",
        ),
        Mistake(
            "time, then space",
            answers.time_then_space,
            "You attend through time first and then within the frames. That is divided attention:"
            " cheaper, and not the same as asking every place at every time.",
            "One attention over N = T * H * W places.",
        ),
        Mistake(
            "a softmax for each frame",
            answers.softmax_in_each_frame(mean=False),
            "Your weights sum to 1 over the keys of each frame, so to T over all of them: the"
            " frames cannot compete.",
            "One softmax over all T * H * W keys.",
        ),
        Mistake(
            "a softmax for each frame, averaged",
            answers.softmax_in_each_frame(mean=True),
            "Each frame gets 1 / T of the weight, whatever it shows: there is a softmax for each"
            " frame, and the frames are averaged.",
            "One softmax over all T * H * W keys.",
        ),
        Mistake(
            "softmax over the frames",
            answers.softmax_over_time,
            "Your weights sum to 1 over T at each place, so to H * W over all keys.",
            "One softmax over all T * H * W keys.",
        ),
        Mistake(
            "only the past",
            answers.masked(lambda query, key, frames: key <= query),
            "No frame of yours looks at a later one. The clip is there as a whole: the non-local"
            " block looks both ways.",
            "No mask: all times are keys.",
        ),
        Mistake(
            "only neighbouring frames",
            answers.masked(lambda query, key, frames: (key - query).abs() <= 1),
            "Your frames look at themselves and at the next on either side. The point is that"
            " distance in time costs nothing.",
            "No mask: all times are keys.",
        ),
        Mistake(
            "only the first frame asked",
            answers.masked(lambda query, key, frames: key + 0 * query == 0),
            "All frames look at the first alone.",
            "The keys are the places of all frames.",
        ),
        Mistake(
            "only the last frame asked",
            answers.masked(lambda query, key, frames: key + 0 * query == frames - 1),
            "All frames look at the last alone.",
            "The keys are the places of all frames.",
        ),
        Mistake(
            "only other frames asked",
            answers.masked(lambda query, key, frames: (key != query) | (frames == 1)),
            "Your frames look at all frames but their own.",
            "The keys are the places of all frames.",
        ),
        Mistake(
            "the first frame's answer for all",
            answers.first_frame_spread,
            "All your frames are alike: only the places of the first frame ask.",
            "The queries are the places of all frames.",
        ),
        Mistake(
            "averaged over time first",
            answers.averaged_over_time,
            "All your frames are alike: you average x over time before anything else.",
            "No mean: time is one more axis of places.",
        ),
        Mistake(
            "keys averaged over time",
            answers.keys_averaged_over_time,
            "Your keys and values are the mean over time: a place can be asked, but not a moment.",
            "No mean: the keys are the places of all frames.",
        ),
        Mistake(
            "softmax over the queries",
            places.wired(weigh=lambda s: s.softmax(-2)),
            "Your weights sum to 1 over the queries: each key spreads itself over the places.",
            "In theta times phi transposed the keys are the last axis.",
        ),
        Mistake(
            "softmax over the batch",
            places.wired(weigh=lambda s: s.softmax(0)),
            "Your weights sum to 1 over the batch: a softmax over axis 0. With one clip each"
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
            " Gaussian has a softmax.",
            "`softmax(-1)` on the products.",
        ),
        Mistake(
            "scaled by the square root of D",
            places.wired(scores=places.scaled(lambda n, d: d**0.5)),
            "You divide the scores by sqrt(D), as a Transformer does. The embedded Gaussian has no"
            " such scale.",
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
            "`theta @ phi.mT`: rows are the places that ask.",
        ),
        Mistake(
            "the scores transposed",
            places.wired(gather=places.keys_gather),
            "Your softmax is right, but you multiply with the weights transposed: each place gets"
            " what the others would take from it.",
            "Rows are the queries: `weights @ g`.",
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
            "You multiply tokens with `w` where `w.T` was meant. A weight is (out, in); here it"
            " is square, so nothing stopped you.",
            "`tokens @ w_theta.T`, or `w_theta @ maps` where the channels come first.",
        ),
        Mistake(
            "read without a transpose",
            places.wired(read=places.viewed),
            "You make (B, N, C) of the clip by a reshape. The shape is right, but channels come"
            " first in memory: your tokens mix channels with places and times.",
            "`x.flatten(2)` is (B, C, N); then transpose.",
        ),
        Mistake(
            "theta, phi and g without a transpose",
            places.wired(roles=places.all_mixed),
            "You make (B, N, D) of theta, phi and g by a reshape from (B, D, N). The shapes are"
            " right, but your tokens mix channels with places and times.",
            "A transpose for each of the three.",
        ),
        Mistake(
            "theta without a transpose",
            places.wired(roles=places.theta_mixed),
            "You make (B, N, D) of theta by a reshape from (B, D, N). The shape is right, but your"
            " queries mix channels with places and times.",
            "A transpose for theta.",
        ),
        Mistake(
            "g without a transpose",
            places.wired(roles=places.g_mixed),
            "You make (B, N, E) of g by a reshape from (B, E, N). The shape is right, but your"
            " values mix channels with places and times.",
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
            "Your last reshape makes (B, E, T, H, W) of (B, N, E). The shape is right, the numbers"
            " are scrambled: in memory the values of one place still stand side by side.",
            "Transpose to (B, E, N) first, then reshape.",
        ),
        Mistake(
            "read and written without a transpose",
            places.wired(read=places.viewed, write=places.viewed_back),
            "You make (B, N, C) of the clip by a reshape, and a clip of (B, N, E) by another. The"
            " shapes are right; your tokens mix channels with places and times.",
            "A transpose at both ends.",
        ),
        Mistake(
            "T and E mixed at the end",
            places.wired(write=answers.written_frame_by_frame),
            "Your last reshape makes (B, E, T, H, W) of (B, T, E, H * W). Frames and channels are"
            " exchanged by a transpose, not by a reshape.",
            "`.transpose(1, 2)` before it; or go from (B, E, N) at once.",
        ),
        Mistake(
            "read with time last",
            places.wired(read=answers.time_last),
            "You read the places with time running fastest, and write them back with time running"
            " slowest.",
            "`x.flatten(2)` reads in the order T, H, W, and a reshape writes in the same.",
        ),
        Mistake(
            "read column by column",
            places.wired(read=answers.columns_first),
            "You read each frame column by column and write it back row by row.",
            "`x.flatten(2)` reads in the order T, H, W, and a reshape writes in the same.",
        ),
        Mistake(
            "written with time last",
            places.wired(write=answers.put_back_as_time_last),
            "You cut N as H, W, T and move T to the front. The shape is right, but N runs in the"
            " order T, H, W: moments and places are mixed.",
            "Cut N into T frames of H rows of W, and stop there.",
        ),
        Mistake(
            "width for height, and turned",
            places.wired(write=answers.put_back_turned),
            "You cut each frame into W rows of H and then transpose it: the shape is right, the"
            " places are mixed.",
            "Cut N into T frames of H rows of W, and stop there.",
        ),
        Mistake(
            "frames before channels",
            places.wired(write=answers.time_first),
            "You return (B, T, E, H, W): time stands before the channels.",
            "One transpose more, or one less: (B, E, T, H, W).",
        ),
        Mistake(
            "channels last",
            places.wired(write=answers.channels_last),
            "You return (B, T, H, W, E): the values stand last.",
            "Channels stand before time: (B, E, T, H, W).",
        ),
        Mistake(
            "the batch as one clip",
            places.wired(scores=places.batch_as_one, gather=places.gathered_in_one),
            "Places attend to places of other clips: the batch axis was flattened into N.",
            "Keep axis 0: (B, N, C).",
        ),
        Mistake(
            "x added",
            places.wired(end=places.residual),
            "You add x. The operator has no residual; the block has.",
            "Return the gathered values alone.",
        ),
        Mistake(
            "weights detached",
            places.wired(weigh=places.weights_detached),
            "Your values are right. But the weights are cut off from the gradient, so neither"
            " theta nor phi would ever learn where to look, or when.",
            "No `detach()` and no `no_grad()` around the weights.",
        ),
    ),
    variants={
        "one tall image": answers.through_an_image,
        "1x1x1 convolutions": answers.by_convolutions,
        "einsum": answers.by_einsum,
        "frame by frame": answers.by_frames,
        "g last": places.g_last,
        "the fused kernel": places.fused,
        "float64 inside": places.in_double,
    },
    forbid=("course_lib.attention.NonLocal", "course_lib.attention.non_local"),
    map_axes=("rows", "columns"),
    hints=(
        "Take your answer to exercise 4.4. Which of its lines knows that there are two axes of"
        " places, and not three?",
        "N is T * H * W. Flatten all axes from 2 on; the products, the softmax and g do not"
        " change. At the end cut N into T frames of H rows of W.",
        "`x.flatten(2)` takes any number of axes, and `.unflatten(2, x.shape[2:])` gives them all"
        " back, once the values have been transposed to (B, E, N).",
    ),
)
