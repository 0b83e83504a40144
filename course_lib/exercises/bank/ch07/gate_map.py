"""Exercise 7.2: how far an attention gate opens, on the decoder's grid."""

import torch

from course_lib.exercises.bank.ch07 import gate_map_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _away_from_zero(g):
    number = normal(g, 1)[0]
    return number + 0.3 * number.sign()


def _case(b, c, d, e, h, w, *, size=1.0, **fixed):
    """Inputs of the gate; what is named in `fixed` is multiplied by the number given there."""

    def draw(g):
        inputs = {
            "skip": normal(g, b, c, 2 * h, 2 * w, scale=size),
            "gating": normal(g, b, d, h, w, scale=size),
            "w_skip": normal(g, e, c, 2, 2, scale=(4 * c) ** -0.5),
            "w_gating": normal(g, e, d, scale=d**-0.5),
            "bias": normal(g, e),
            "w_psi": normal(g, e),
            "b_psi": _away_from_zero(g),
        }
        return {name: value * fixed.get(name, 1) for name, value in inputs.items()}

    return draw


GATE_MAP = Exercise(
    id="gate-map",
    chapter=7,
    title="The map of a gate",
    signature="gate_map(skip, gating, w_skip, w_gating, bias, w_psi, b_psi)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=12,
    reference=answers.gate_map,
    stages=(
        Stage(
            "psi zero",
            "`w_psi` is zero, so neither map counts: every coefficient is the sigmoid of `b_psi`."
            " One coefficient for each place of the gating map.",
            _case(2, 3, 4, 5, 2, 3, w_psi=0),
        ),
        Stage(
            "the gating map alone",
            "`w_skip` is zero: what counts is `w_gating` at each place, the bias, the ReLU, psi.",
            _case(2, 3, 4, 4, 2, 3, w_skip=0),
            batched=("skip", "gating"),
        ),
        Stage(
            "the skip alone",
            "`w_gating` is zero: what counts is the skip, four pixels at a time, each pixel with"
            " its own corner of the kernel.",
            _case(2, 3, 4, 5, 2, 3, w_gating=0),
            batched=("skip", "gating"),
        ),
        Stage(
            "one skip channel",
            "One skip channel and one inner channel: the kernel has four numbers, for the pixel"
            " top left, top right, bottom left, bottom right.",
            _case(2, 1, 2, 1, 3, 2),
            batched=("skip", "gating"),
        ),
        Stage(
            "equal channels",
            "As many inner channels as gating channels: a matrix that is turned would fit as well.",
            _case(2, 4, 4, 4, 3, 2),
            batched=("skip", "gating"),
        ),
        Stage(
            "all sizes differ",
            "Everything together. The gradient must reach both maps and all weights.",
            _case(2, 3, 5, 4, 4, 6),
            batched=("skip", "gating"),
            atol=1e-4,
        ),
        Stage(
            "strong maps",
            "Large numbers: coefficients close to 0 and close to 1.",
            _case(2, 4, 3, 6, 3, 4, size=5.0),
            batched=("skip", "gating"),
        ),
        Stage(
            "another size",
            "Another size, more inner channels.",
            _case(3, 6, 4, 7, 5, 2),
            batched=("skip", "gating"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "no sigmoid",
            answers.wired(end=lambda s: s),
            "Some of your coefficients are below 0 or above 1: there is no sigmoid at the end. A"
            " gate lets a part through, from nothing to all.",
            "`sigmoid()` as the last step.",
        ),
        Mistake(
            "a softmax over the places",
            answers.wired(end=answers.over_places),
            "Your coefficients sum to 1 over the map, so opening one place closes the others. A"
            " gate is no distribution: all places may be open, or none.",
            "`sigmoid()` in place of the softmax.",
        ),
        Mistake(
            "a softmax, its largest made 1",
            answers.wired(end=answers.over_places_to_one),
            "In each of your maps one place is fully open: you divide a softmax by its largest"
            " weight. A gate may close everywhere.",
            "`sigmoid()` of each score.",
        ),
        Mistake(
            "a softmax over the channels",
            answers.wired(end=lambda s: s.softmax(1)),
            "All of your coefficients are 1. A softmax over an axis of size 1 returns 1, whatever"
            " the score.",
            "`sigmoid()` looks at each score for itself.",
        ),
        Mistake(
            "tanh at the end",
            answers.wired(end=torch.tanh),
            "Your coefficients run from -1 to 1: a tanh. A negative coefficient does not close a"
            " place, it turns its sign over.",
            "`sigmoid()` at the end.",
        ),
        Mistake(
            "the other way round",
            answers.wired(end=lambda s: 1 - s.sigmoid()),
            "Your gate is open where it should be closed: you return 1 minus the coefficient.",
            "The sigmoid of the scores as they are.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(end=lambda s: s.relu().sigmoid()),
            "None of your coefficients is below 0.5. A ReLU in front of the sigmoid turns every"
            " negative score into 0, and such a gate cannot close.",
            "One ReLU, before psi. After psi the sigmoid alone.",
        ),
        Mistake(
            "sigmoid twice",
            answers.wired(end=lambda s: s.sigmoid().sigmoid()),
            "All of your coefficients lie between 0.5 and 0.73: a sigmoid of a sigmoid.",
            "Once, at the end.",
        ),
        Mistake(
            "no ReLU",
            answers.wired(bend=lambda hidden: hidden),
            "Nothing bends your scores between the layers. Then skip and gating map only add up,"
            " and the gate cannot ask whether they go together.",
            "`relu()` on the sum, before psi.",
        ),
        Mistake(
            "tanh in the middle",
            answers.wired(bend=torch.tanh),
            "A tanh stands in the middle, as in the additive scores of chapter 1. The gate of this"
            " chapter has a ReLU there.",
            "`relu()` on the sum, before psi.",
        ),
        Mistake(
            "a ReLU each",
            answers.wired(meet=answers.each_bent),
            "You bend skip and gating map one by one and add afterwards. Then neither can speak"
            " against the other: a negative part is gone before they meet.",
            "Add first: `relu()` of the sum.",
        ),
        Mistake(
            "a ReLU on the skip alone",
            answers.wired(meet=answers.skip_bent_alone, bend=lambda hidden: hidden),
            "You bend what comes from the skip and leave the sum as it is. Then the gating map only"
            " adds to the score, whatever the skip holds.",
            "Add first: `relu()` of the sum.",
        ),
        Mistake(
            "a ReLU on the gating map alone",
            answers.wired(meet=answers.gating_bent_alone, bend=lambda hidden: hidden),
            "You bend what comes from the gating map and leave the sum as it is. Then the skip only"
            " adds to the score, whatever the decoder says.",
            "Add first: `relu()` of the sum.",
        ),
        Mistake(
            "the bias behind the ReLU",
            answers.bias_outside,
            "You add `bias` after the ReLU. There it only shifts all scores alike; before it, it"
            " decides where an inner channel wakes up.",
            "The bias belongs to the sum inside the ReLU.",
        ),
        Mistake(
            "the bias left out",
            answers.wired(meet=answers.no_bias),
            "`bias` has no effect on your result.",
            "Add it to the sum inside the ReLU, a number for each inner channel.",
        ),
        Mistake(
            "the bias twice",
            answers.wired(meet=answers.bias_twice),
            "`bias` counts twice in your sum, once with each map. The gate has one: `w_skip` comes"
            " without.",
            "Add it once.",
        ),
        Mistake(
            "multiplied",
            answers.wired(meet=answers.multiplied),
            "You multiply what comes from the skip with what comes from the gating map. The gate is"
            " additive.",
            "The sum of both, and the bias.",
        ),
        Mistake(
            "the skip subtracted",
            answers.wired(meet=answers.subtracted),
            "You subtract what comes from the skip.",
            "The sum of both, and the bias.",
        ),
        Mistake(
            "the skip left out",
            answers.wired(meet=answers.skip_left_out),
            "Your gate does not hear the skip: the gating map alone decides.",
            "Add the convolution of the skip before the ReLU.",
        ),
        Mistake(
            "the gating map left out",
            answers.wired(meet=answers.gating_left_out),
            "Your gate does not hear the decoder: the skip decides about itself.",
            "Add `w_gating` times the gating map before the ReLU.",
        ),
        Mistake(
            "one pixel of four",
            answers.wired(skip_part=answers.first_pixel),
            "Only the pixel at the top left of each square counts, with its corner of the kernel.",
            "`w_skip` has a weight for each of the four pixels: a convolution of stride 2.",
        ),
        Mistake(
            "averaged before the kernel",
            answers.wired(skip_part=answers.averaged_first),
            "You average the four pixels of a square first, so they all meet the same weight, the"
            " sum of the kernel. The kernel has a weight for each.",
            "`F.conv2d(skip, w_skip, stride=2)` does not average.",
        ),
        Mistake(
            "the largest before the kernel",
            answers.wired(skip_part=answers.largest_first),
            "You take the largest of the four pixels of a square first. The kernel has a weight"
            " for each.",
            "`F.conv2d(skip, w_skip, stride=2)` on the skip as it is.",
        ),
        Mistake(
            "the kernel turned round",
            answers.wired(skip_part=answers.flipped),
            "Your kernel is turned by half a circle: top left meets bottom right. That is a"
            " convolution as mathematics has it; in a network the kernel lies as it is written.",
            "No `flip`: `w_skip[:, :, 0, 0]` belongs to the pixel at the top left.",
        ),
        Mistake(
            "the kernel transposed",
            answers.wired(skip_part=answers.transposed),
            "Your kernel has rows and columns exchanged: top right meets bottom left.",
            "`w_skip[:, :, 0, 1]` belongs to the pixel at the top right.",
        ),
        Mistake(
            "pixels before channels",
            answers.wired(skip_part=answers.pixels_before_channels),
            "You flatten each square pixel by pixel, with the channels last, and `w_skip` channel by"
            " channel. So numbers meet the wrong weights; with one channel that does not show.",
            "The same order on both sides: channel, row, column.",
        ),
        Mistake(
            "four in a row taken for a square",
            answers.wired(skip_part=answers.wrong_squares),
            "Your reshape makes a 2 x 2 square of four numbers that lie in one row. A square holds"
            " two pixels of one row and two of the next.",
            "Cut to (B, C, h, 2, w, 2): each side becomes which square, and which pixel in it.",
        ),
        Mistake(
            "a stride of 1, and a piece of it",
            answers.wired(skip_part=answers.stride_one_and_cut),
            "Your kernel moves on by one pixel and you keep the corner of the map at the top left."
            " The far part of the skip is never heard.",
            "`stride=2`.",
        ),
        Mistake(
            "a stride of 1, resized",
            answers.wired(skip_part=answers.stride_one_and_resized),
            "Your kernel moves on by one pixel, and the map is then resized. The places that are"
            " left do not lie two pixels apart.",
            "`stride=2`, and nothing to resize.",
        ),
        Mistake(
            "padded",
            answers.wired(skip_part=answers.every_pixel_then_thinned),
            "You pad the skip: each square of yours lies one pixel too far up and to the left, and"
            " the outer ones look over the border.",
            "`padding=0`: with a stride of 2 the squares of 2 x 2 fill the skip exactly.",
        ),
        Mistake(
            "w_gating transposed",
            answers.wired(gating_part=answers.turned_where_square),
            "You use `w_gating` the wrong way round. Here it is square, and only so does it fit.",
            "It is (inner, gating): a row for each inner channel.",
        ),
        Mistake(
            "psi averages",
            answers.wired(score=answers.average_of_psi),
            "You take the mean over the inner channels. Psi is a sum: weights times channels.",
            "`sum` in place of `mean`.",
        ),
        Mistake(
            "psi left out",
            answers.wired(score=answers.psi_left_out),
            "You add the inner channels up; `w_psi` has no effect. After a ReLU such a sum is never"
            " negative, so no channel can speak for closing.",
            "Multiply each inner channel with its number of `w_psi`, then sum.",
        ),
        Mistake(
            "a coefficient for each channel",
            answers.wired(score=answers.psi_each),
            "You return a map for each inner channel: nothing is summed after `w_psi`. A gate has"
            " one coefficient a place.",
            "Sum over axis 1, and keep the axis.",
        ),
        Mistake(
            "the bias of psi left out",
            answers.wired(score=answers.no_psi_bias),
            "`b_psi` has no effect on your result.",
            "Add it to the score, before the sigmoid.",
        ),
        Mistake(
            "the bias of psi with each channel",
            answers.wired(score=answers.psi_bias_each),
            "You add `b_psi` before the sum over the inner channels, so it counts once for each of"
            " them.",
            "Sum first, then add `b_psi` once.",
        ),
        Mistake(
            "the bias of psi inside the ReLU",
            answers.psi_bias_inside,
            "You add `b_psi` to the inner channels, before the ReLU. It belongs to the score: it says"
            " how far the gate is open when the maps say nothing.",
            "Add it after `w_psi`, right before the sigmoid.",
        ),
        Mistake(
            "resized before the sigmoid",
            answers.wired(end=answers.resized_before_the_sigmoid),
            "You resize the scores to the skip's pixels and take the sigmoid there. Here the"
            " coefficients are asked for on the decoder's grid, where they are computed.",
            "Return (B, 1, h, w): the sigmoid of the scores, not resized.",
        ),
        Mistake(
            "brought to the skip's grid",
            answers.result(answers.to_the_skip),
            "Your coefficients are right, and already resized to the skip's pixels. Here they are"
            " asked for on the decoder's grid; resizing comes in the next exercise.",
            "Return (B, 1, h, w).",
        ),
        Mistake(
            "applied already",
            answers.result(answers.applied),
            "You return the skip times the coefficients. The coefficients alone are asked for.",
            "Return the sigmoid, (B, 1, h, w).",
        ),
        Mistake(
            "the channel's axis lost",
            answers.result(lambda gate, skip: gate[:, 0]),
            "Your numbers are right, but the axis of the one channel is gone: (B, h, w). It is what"
            " lets a gate be multiplied with a map.",
            "`keepdim=True` in the sum, or `[:, None]` at the end.",
        ),
    ),
    variants={
        "einsum": answers.by_einsum,
        "loops": answers.by_loops,
        "tokens and matrices": answers.by_tokens,
        "F.unfold": answers.by_unfold,
        "four slices": answers.by_slices,
        "float64 inside": answers.in_double,
    },
    forbid=("course_lib.attention.AttentionGate",),
    map_axes=("height", "width"),
    hints=(
        "Which of the two maps has more pixels, and what brings it to the grid of the other? Write"
        " the shape of every intermediate map beside its line.",
        "A convolution of the skip with stride 2 and a 1 x 1 convolution of the gating map both"
        " give (B, E, h, w). Add them and the bias, ReLU; then one number a place by `w_psi`,"
        " `b_psi`, sigmoid.",
        '`F.conv2d(skip, w_skip, stride=2)` and `torch.einsum("bdhw,ed->behw", gating, w_gating)`;'
        " the bias as `bias[:, None, None]`.",
    ),
)
