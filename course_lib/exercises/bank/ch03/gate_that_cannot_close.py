"""Exercise 3.7: repair a gate that is never below one half."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch03 import gate_that_cannot_close_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, r, score=0.0):
    """`score` shifts all scores: below 0 more gates close than open."""
    return lambda g: {
        "x": normal(g, b, c, h, w),
        "w1": normal(g, r, c, 3, 3, scale=0.7),
        "b1": normal(g, r),
        "w2": normal(g, 1, r, 1, 1),
        "b2": normal(g, 1) + score,
    }


def _nothing_cut(g):
    """Hidden numbers and scores all above 0: a ReLU has nothing to cut off, wherever it stands."""
    return {
        "x": uniform(g, 2, 3, 4, 6, low=0.2, high=1.5),
        "w1": uniform(g, 2, 3, 3, 3, low=0.0, high=0.15),
        "b1": uniform(g, 2, low=0.1, high=0.5),
        "w2": uniform(g, 1, 2, 1, 1, low=0.1, high=0.8),
        "b2": uniform(g, 1, low=0.1, high=0.5),
    }


def _closed(g):
    """Hidden numbers above 0 and scores far below it: the middle is whole, all gates close."""
    inputs = _nothing_cut(g)
    return {**inputs, "b2": inputs["b2"] - 5}


GATE_THAT_CANNOT_CLOSE = Exercise(
    id="gate-that-cannot-close",
    chapter=3,
    title="The gate that cannot close",
    signature="spatial_gate(x, w1, b1, w2, b2)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=8,
    reference=answers.spatial_gate,
    stages=(
        Stage(
            "nothing to cut off",
            "Everything on the way is above 0, so no ReLU has an effect, wherever it stands: two"
            " convolutions, a sigmoid, a product with x.",
            _nothing_cut,
        ),
        Stage(
            "a gate that should close",
            "All scores are far below 0: the sigmoid brings every gate close to 0, and hardly"
            " anything is left of x.",
            _closed,
        ),
        Stage(
            "hidden numbers below 0",
            "About half of the hidden numbers are below 0: between the convolutions they are cut"
            " off.",
            _case(1, 2, 4, 5, 6),
        ),
        Stage(
            "one row",
            "A map of one row: the kernel's other rows meet nothing but padding.",
            _case(2, 3, 1, 6, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths. The gradient must flow through the gate and"
            " around it.",
            _case(2, 3, 4, 7, 5, score=-1.0),
            batched=("x",),
            compare_gradients=True,
        ),
        Stage(
            "one channel, one hidden",
            "One channel in, one hidden: the gate is a number for each place, as always.",
            _case(3, 1, 5, 3, 1),
            batched=("x",),
        ),
        Stage(
            "another size",
            "More channels, a larger map.",
            _case(3, 6, 9, 8, 4, score=-2.0),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "not repaired yet",
            answers.stub,
            "No place of your output is weaker than half of its input: your gate runs from 0.5 to"
            " 1 and cannot close. A ReLU turns every score below 0 into 0, and the sigmoid of 0 is"
            " 0.5. And between the convolutions there is nothing.",
            "Which of the two steps may cut off what is negative, and which must see it?",
        ),
        Mistake(
            "the second ReLU left in",
            answers.wired(end=lambda z: z.relu().sigmoid()),
            "No place of your output is weaker than half of its input: a ReLU still stands before"
            " the sigmoid, and the sigmoid of 0 is 0.5. The one between the convolutions is right.",
            "The second convolution goes straight into the sigmoid.",
        ),
        Mistake(
            "nothing between the convolutions",
            answers.wired(middle=lambda z: z),
            "Your gate can close now. But between the convolutions there is nothing, so the two"
            " are one 3x3 convolution, and `w2` adds nothing that `w1` could not do. (A ReLU"
            " behind the sigmoid has no effect: a sigmoid is never below 0.)",
            "`relu()` on the hidden map.",
        ),
        Mistake(
            "ReLU on the result",
            answers.wired(scale=lambda x, gate: (x * gate).relu()),
            "Your output has no negative numbers: a ReLU stands at the end, or on the x that is"
            " multiplied. x may be negative, and the gate leaves its sign as it is.",
            "Return the product as it is.",
        ),
        Mistake(
            "ReLU on x",
            answers.wired(first=lambda x, w1, b1: answers.zeros_around(x.relu(), w1, b1)),
            "You cut off what is negative in x before the first convolution.",
            "The ReLU belongs on the hidden map, after the first convolution.",
        ),
        Mistake(
            "ReLU on x only",
            answers.wired(
                first=lambda x, w1, b1: answers.zeros_around(x.relu(), w1, b1), middle=lambda z: z
            ),
            "The ReLU stands before the first convolution. Between the convolutions there is"
            " nothing, and what is negative in x is lost to the gate.",
            "One step later: on the hidden map.",
        ),
        Mistake(
            "no sigmoid",
            answers.wired(end=lambda z: z),
            "You multiply x with raw scores: the sigmoid is gone. Some places come out with their"
            " sign turned over.",
            "`sigmoid()` after the second convolution, without a ReLU before it.",
        ),
        Mistake(
            "ReLU in place of the sigmoid",
            answers.wired(end=torch.relu),
            "Many places of your output are exactly 0 and nothing holds the others below x: the"
            " ReLU was kept and the sigmoid taken out.",
            "It is the other one that goes.",
        ),
        Mistake(
            "activations exchanged",
            answers.wired(middle=torch.sigmoid, end=torch.relu),
            "The sigmoid stands between the convolutions and the ReLU at the end.",
            "Exchange the two functions.",
        ),
        Mistake(
            "sigmoid in the middle",
            answers.wired(middle=torch.sigmoid),
            "There is a sigmoid between the convolutions as well. It is a ReLU there.",
            "`relu()` on the hidden map.",
        ),
        Mistake(
            "sigmoid twice",
            answers.wired(end=lambda z: z.sigmoid().sigmoid()),
            "All of your gates lie between 0.5 and 0.73: that is a sigmoid of a sigmoid, which"
            " cannot close either.",
            "One sigmoid, after the second convolution.",
        ),
        Mistake(
            "hard sigmoid",
            answers.wired(end=F.hardsigmoid),
            "Your gate is made of three straight lines: a hard sigmoid. It is close, and not what"
            " was asked for.",
            "The smooth `sigmoid()`.",
        ),
        Mistake(
            "open or shut",
            answers.wired(end=lambda z: (z > 0).to(z.dtype)),
            "Every gate of yours is 0 or 1: a threshold. No gradient comes through it, so it"
            " cannot be learned.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "GELU in the middle",
            answers.wired(middle=F.gelu),
            "There is a GELU between the convolutions, which lets a little of the negative"
            " through. A ReLU is asked for.",
            "`relu()` on the hidden map.",
        ),
        Mistake(
            "tanh",
            answers.wired(end=torch.tanh),
            "Your gates run from -1 to 1: a tanh. A negative gate does not close a place, it turns"
            " its sign over.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "shifted to close",
            answers.wired(end=lambda z: 2 * z.relu().sigmoid() - 1),
            "You kept the ReLU and stretched what comes out from 0.5 .. 1 to 0 .. 1. Every score"
            " below 0 gives exactly 0 then, and no gradient that could open the gate again.",
            "Take the ReLU out. The sigmoid alone runs from 0 to 1.",
        ),
        Mistake(
            "leaky ReLU before the sigmoid",
            answers.wired(end=lambda z: torch.where(z > 0, z, 0.01 * z).sigmoid()),
            "Your gates hardly go below 0.5: a leaky ReLU before the sigmoid makes the negative"
            " scores a hundred times smaller.",
            "Nothing between the second convolution and the sigmoid.",
        ),
        Mistake(
            "the absolute score",
            answers.wired(end=lambda z: z.abs().sigmoid()),
            "No place of your output is weaker than half of its input: you take the absolute value"
            " of the score, and a strong no becomes a strong yes.",
            "Nothing between the second convolution and the sigmoid.",
        ),
        Mistake(
            "closed for open",
            answers.wired(end=lambda z: (-z).sigmoid()),
            "Your gate is closed where it should be open: you take the sigmoid of minus the score,"
            " or 1 minus the gate.",
            "The sigmoid of the score as it is.",
        ),
        Mistake(
            "softmax over the places",
            answers.wired(end=lambda z: z.flatten(1).softmax(-1).view_as(z)),
            "Your gates sum to 1 over the map: a softmax. Places then compete, and one that opens"
            " closes the others.",
            "`sigmoid()`: each place has a gate of its own.",
        ),
        Mistake(
            "softmax over a single channel",
            answers.wired(end=lambda z: z.softmax(1)),
            "You return x itself. Your softmax runs along axis 1, which has length 1 here, and a"
            " softmax of one number is 1, whatever the score.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "one gate for all places",
            answers.one_gate_for_all_places,
            "All places of an image get the same gate: you average the scores over the map.",
            "Leave the mean out: each place has a gate of its own.",
        ),
        Mistake(
            "the gate alone",
            answers.wired(scale=lambda x, gate: gate),
            "You return the gates, (B, 1, H, W). x has not gone through them.",
            "Return x * gate, which broadcasts over the channels.",
        ),
        Mistake(
            "the gate alone, over the channels",
            answers.wired(scale=lambda x, gate: gate.expand_as(x)),
            "You return the gates, spread over the channels. x itself is not in your result.",
            "Return x * gate.",
        ),
        Mistake(
            "the input added",
            answers.wired(scale=lambda x, gate: x + x * gate),
            "You return x + gate * x: every place is multiplied by a number from 1 to 2.",
            "Return the product alone.",
        ),
        Mistake(
            "added, not multiplied",
            answers.wired(scale=lambda x, gate: x + gate),
            "You add the gate to x. That shifts each place by less than 1 and closes none.",
            "Return x * gate.",
        ),
        Mistake(
            "the hidden map gated",
            answers.hidden_gated,
            "You multiply the hidden map with the gate: the name `x` was overwritten on the way.",
            "Give the hidden map a name of its own, and multiply x.",
        ),
        Mistake(
            "the border shut",
            answers.frame_of_closed_gates,
            "The border of your output is 0: the first convolution has no padding, and a frame of"
            " zeros is put around the gate afterwards.",
            "`padding=1` in the first convolution.",
        ),
        Mistake(
            "a frame around the hidden map",
            answers.wired(first=answers.frame_of_zeros),
            "At the border your gate does not see x: the first convolution has no padding, and its"
            " result gets a frame of zeros afterwards.",
            "`padding=1` in the first convolution.",
        ),
        Mistake(
            "the border cut off",
            answers.inner_places_only,
            "Your output lacks the outermost rows and columns: the first convolution has no"
            " padding, and x was cut to fit.",
            "`padding=1` in the first convolution.",
        ),
        Mistake(
            "the gate stretched",
            answers.stretched,
            "Your gate is shifted towards the border: the first convolution has no padding, and"
            " the gate was stretched to the size of x.",
            "`padding=1` in the first convolution.",
        ),
        Mistake(
            "the edge repeated",
            answers.wired(first=answers.padded("replicate")),
            "Around the map you repeat its outermost places. Zeros are asked for.",
            "`padding=1` fills with zeros.",
        ),
        Mistake(
            "around the edge",
            answers.wired(first=answers.padded("circular")),
            "At the border your kernel sees the opposite border: the map is closed to a ring."
            " Zeros are asked for.",
            "`padding=1` fills with zeros.",
        ),
        Mistake(
            "kernel turned round",
            answers.wired(first=lambda x, w1, b1: answers.zeros_around(x, w1.flip(2, 3), b1)),
            "Your 3x3 kernels are turned by half a turn. That is a convolution as mathematics has"
            " it; `conv2d` does not turn them.",
            "Use `w1` as it is.",
        ),
        Mistake(
            "kernel transposed",
            answers.wired(first=lambda x, w1, b1: answers.zeros_around(x, w1.mT, b1)),
            "Your 3x3 kernels lie on their side: rows and columns are exchanged.",
            "Use `w1` as it is: height before width.",
        ),
        Mistake(
            "first bias left out",
            answers.wired(first=lambda x, w1, b1: answers.zeros_around(x, w1, None)),
            "`b1` has no effect in yours: the first convolution is called without its bias.",
            "`F.conv2d(x, w1, b1, padding=1)`.",
        ),
        Mistake(
            "second bias left out",
            answers.wired(bias=lambda b2: None),
            "`b2` has no effect in yours: the second convolution is called without its bias, so a"
            " place where nothing is seen stands at 0.5.",
            "`F.conv2d(hidden, w2, b2)`.",
        ),
        Mistake(
            "gate detached",
            answers.wired(scale=lambda x, gate: x * gate.detach()),
            "Your values are right. But the gate is cut off from the gradient, so neither"
            " convolution would ever learn.",
            "No `detach()` and no `no_grad()` around the gate.",
        ),
        Mistake(
            "x detached",
            answers.wired(first=lambda x, w1, b1: answers.zeros_around(x.detach(), w1, b1)),
            "Your values are right. But the gradient of x lacks a part: what flows back through"
            " the gate is cut off before the first convolution.",
            "No `detach()` and no `no_grad()` on the way to the gate.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "windows and einsum": answers.by_einsum,
        "a linear layer": answers.by_a_linear_layer,
        "softmax against 0": answers.places_kept_or_dropped,
        "float64 inside": lambda *inputs: (
            answers.spatial_gate(*(t.double() for t in inputs)).float()
        ),
    },
    forbid=("course_lib.attention.SpatialGate", "course_lib.attention.CBAMSpatialGate"),
    map_axes=("rows", "columns"),
    hints=(
        "Print the smallest gate on an input of your choice. Which line makes that number its"
        " floor?",
        "A ReLU is for the numbers between two layers, where it makes two layers more than one."
        " The last score must be free to be negative: only then is its sigmoid below 0.5.",
        "Take the ReLU from the second convolution and put it on the first: `hidden = F.conv2d(x,"
        " w1, b1, padding=1).relu()`. The gate is the sigmoid of `F.conv2d(hidden, w2, b2)`.",
    ),
)
