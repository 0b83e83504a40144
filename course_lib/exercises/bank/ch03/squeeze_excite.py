"""Exercise 3.3: squeeze-and-excitation as a module; the constructor is given."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch03 import squeeze_excite_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, level=2.0):
    """Each channel has a level of its own, so that the gates of samples and channels differ."""
    return lambda g: {"x": normal(g, b, c, h, w) + normal(g, b, c, 1, 1, scale=level)}


def _constant(b, c, h, w):
    return lambda g: {"x": normal(g, b, c, 1, 1, scale=2.0).repeat(1, 1, h, w)}


SQUEEZE_EXCITE = Exercise(
    id="squeeze-excite",
    chapter=3,
    title="Squeeze and excite",
    signature="SqueezeExcite(dim, reduction=16)",
    points=3,
    difficulty=2,
    importance=5,
    minutes=10,
    reference=answers.SqueezeExcite,
    stages=(
        Stage(
            "one place",
            "A map of one place is its own mean: `fc1`, ReLU, `fc2`, sigmoid, and the product with"
            " x.",
            _case(3, 4, 1, 1),
            {"dim": 4, "reduction": 1},
        ),
        Stage(
            "even maps",
            "Every channel has the same number in all of its places, so its mean is that number."
            " The gate must reach every place.",
            _constant(2, 4, 5, 1),
            {"dim": 4, "reduction": 1},
        ),
        Stage(
            "a whole map",
            "Places differ now: is the gate made from the mean over both axes, and is it the same"
            " at every place of a channel?",
            # No narrow middle here: one whose units are all off would hide a wrong squeeze.
            _case(1, 10, 3, 5),
            {"dim": 10, "reduction": 1},
        ),
        Stage(
            "all sizes differ",
            "A batch. Each image has gates of its own, and the gradient must flow through the gate"
            " and around it: nothing may be detached.",
            _case(3, 12, 2, 5),
            {"dim": 12, "reduction": 2},
            ("x",),
            compare_gradients=True,
        ),
        Stage(
            "fewer channels than the reduction",
            "3 channels and a reduction of 16: one unit in the middle.",
            _case(2, 3, 4, 2),
            {"dim": 3},
            ("x",),
        ),
        Stage(
            "strong channels",
            "Large numbers: some gates are almost shut, some wide open.",
            _case(3, 8, 4, 5, level=12.0),
            {"dim": 8, "reduction": 4},
            ("x",),
        ),
        Stage(
            "another size",
            "More channels, another map.",
            _case(2, 36, 5, 3),
            {"dim": 36, "reduction": 8},
            ("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "added, not multiplied",
            answers.wired(scale=lambda x, gate: x + gate),
            "You add the gate to the map. That shifts each channel by less than 1 and closes none.",
            "Return `x * gate`.",
        ),
        Mistake(
            "the input added",
            answers.wired(scale=lambda x, gate: x + x * gate),
            "You return x + gate * x, so each channel is multiplied by a number from 1 to 2 and"
            " never gets weaker. A residual connection belongs around the block, not here.",
            "Return the product alone.",
        ),
        Mistake(
            "the gate alone",
            answers.wired(scale=lambda x, gate: gate),
            "You return the gates, (B, C, 1, 1). They say how much of each channel goes through;"
            " the channels have not gone through yet.",
            "Multiply x with them.",
        ),
        Mistake(
            "the gate alone, over the map",
            answers.wired(scale=lambda x, gate: gate.expand_as(x)),
            "You return the gates, spread over the map. x itself is not in your result.",
            "Multiply x with them.",
        ),
        Mistake(
            "the gated means",
            answers.gated_means,
            "You multiply the gates with the means, so every place of a channel has the same"
            " number. The mean is there to make the gate; what is gated is x.",
            "Return `x * gate`.",
        ),
        Mistake(
            "the gated means, not spread",
            answers.gated_means_not_spread,
            "You multiply the gates with the means and return (B, C, 1, 1). The mean is there to"
            " make the gate; what is gated is x.",
            "Return `x * gate`.",
        ),
        Mistake(
            "one gate for all channels",
            answers.wired(end=lambda z: z.sigmoid().mean(1, keepdim=True)),
            "All channels of an image get the same gate, the mean of theirs. The point is to tell"
            " them apart.",
            "Each channel keeps the gate that `fc2` made for it.",
        ),
        Mistake(
            "scaled twice",
            answers.wired(scale=lambda x, gate: x * gate * gate),
            "You multiply with the gate twice, so each channel gets the square of its gate.",
            "Return `x * gate`.",
        ),
        Mistake(
            "closed for open",
            answers.wired(scale=lambda x, gate: x * (1 - gate)),
            "You multiply with 1 minus the gate: what should come through is held back.",
            "Return `x * gate`.",
        ),
        Mistake(
            "the largest, not the mean",
            answers.wired(squeeze=lambda x: x.amax((2, 3), keepdim=True)),
            "You squeeze with the maximum: one bright place stands for the whole channel."
            " Squeeze-and-excitation takes the mean.",
            "`x.mean((2, 3), keepdim=True)`.",
        ),
        Mistake(
            "the sum, not the mean",
            answers.wired(squeeze=lambda x: x.sum((2, 3), keepdim=True)),
            "You squeeze with a sum. The scores grow with the size of the map, and the gates go to"
            " 0 and 1.",
            "`x.mean((2, 3), keepdim=True)`.",
        ),
        Mistake(
            "mean and maximum",
            answers.mean_and_maximum,
            "You send the mean and the maximum through the layers and add the scores. That is the"
            " channel gate of CBAM; squeeze-and-excitation has the mean alone.",
            "Leave the maximum out.",
        ),
        Mistake(
            "pooled over the rows only",
            answers.wired(squeeze=lambda x: x.mean(2, keepdim=True)),
            "Your gate differs from column to column: you averaged over H alone.",
            "`x.mean((2, 3), keepdim=True)`.",
        ),
        Mistake(
            "pooled over the columns only",
            answers.wired(squeeze=lambda x: x.mean(3, keepdim=True)),
            "Your gate differs from row to row: you averaged over W alone.",
            "`x.mean((2, 3), keepdim=True)`.",
        ),
        Mistake(
            "no squeeze",
            answers.wired(squeeze=lambda x: x),
            "Your gate differs from place to place: x went into the layers unsqueezed, and a 1x1"
            " convolution looks at each place for itself.",
            "Average over the places first.",
        ),
        Mistake(
            "squeezed after the gate",
            answers.gate_of_places_averaged,
            "You make a gate for each place and average the gates. The mean comes first: the"
            " layers are not linear, so the order counts.",
            "`x.mean((2, 3), keepdim=True)` goes into `fc1`.",
        ),
        Mistake(
            "squeezed too late",
            answers.squeezed_after,
            "You send every place through `fc1` and the ReLU and average after it. The ReLU makes"
            " the order count: the mean comes first. Yours costs H * W times as much, too.",
            "`x.mean((2, 3), keepdim=True)` goes into `fc1`.",
        ),
        Mistake(
            "squeezed over the batch as well",
            answers.wired(squeeze=lambda x: x.mean((0, 2, 3), keepdim=True)),
            "All images of the batch share one set of gates: the mean runs over the batch too.",
            "Axes 2 and 3 alone.",
        ),
        Mistake(
            "one squeeze for all channels",
            answers.wired(squeeze=answers.one_for_all_channels),
            "All channels go into the layers with the same number, their common mean. What the"
            " channels differ in is lost.",
            "Axes 2 and 3 alone.",
        ),
        Mistake(
            "no sigmoid",
            answers.wired(end=lambda z: z),
            "You multiply x with the raw scores. Some are negative and turn their channel's sign"
            " over.",
            "`sigmoid()` after `fc2`.",
        ),
        Mistake(
            "no ReLU",
            answers.wired(middle=lambda z: z),
            "There is nothing between `fc1` and `fc2`: two linear maps in a row are one.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(end=lambda z: z.relu().sigmoid()),
            "No channel of yours comes out weaker than half: a ReLU stands before the sigmoid, and"
            " the sigmoid of 0 is 0.5.",
            "One ReLU, after `fc1`. After `fc2` the sigmoid alone.",
        ),
        Mistake(
            "ReLU in place of the sigmoid",
            answers.wired(end=torch.relu),
            "Some of your channels are wiped out and nothing holds the others below 1: a ReLU"
            " stands where the sigmoid should.",
            "`sigmoid()` after `fc2`.",
        ),
        Mistake(
            "activations exchanged",
            answers.wired(middle=torch.sigmoid, end=torch.relu),
            "The sigmoid stands between the layers and the ReLU at the end.",
            "Exchange the two functions.",
        ),
        Mistake(
            "sigmoid in the middle",
            answers.wired(middle=torch.sigmoid),
            "There is a sigmoid between the layers. It is a ReLU there.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "GELU in the middle",
            answers.wired(middle=F.gelu),
            "There is a GELU between the layers, which lets a little of the negative through."
            " Squeeze-and-excitation has a ReLU there.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "sigmoid twice",
            answers.wired(end=lambda z: z.sigmoid().sigmoid()),
            "Your gates all lie between 0.5 and 0.73: that is a sigmoid of a sigmoid.",
            "One sigmoid, at the end.",
        ),
        Mistake(
            "softmax over the channels",
            answers.wired(end=lambda z: z.softmax(1)),
            "Your gates sum to 1 over the channels. With C channels each keeps about 1 / C of its"
            " strength, and opening one closes the others.",
            "`sigmoid()`: each channel has a gate of its own.",
        ),
        Mistake(
            "softmax over a single place",
            answers.wired(end=lambda z: z.softmax(-1)),
            "You return x itself: your softmax runs along an axis of length 1, and there it is 1,"
            " whatever the score.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "tanh",
            answers.wired(end=torch.tanh),
            "Your gates run from -1 to 1: a tanh. A negative gate turns its channel's sign over.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "hard sigmoid",
            answers.wired(end=F.hardsigmoid),
            "Your gate is made of three straight lines, the hard sigmoid of MobileNetV3. It is"
            " close, and not what was asked for.",
            "The smooth `sigmoid()`.",
        ),
        Mistake(
            "layers exchanged",
            answers.layers_exchanged,
            "You call `fc2` before `fc1`. Here both have the same size; where the middle is narrow"
            " your code would stop.",
            "`fc1` narrows and comes first, `fc2` widens.",
        ),
        Mistake(
            "biases left out",
            answers.biases_left_out,
            "Your layers multiply and do not add their biases.",
            "Call the layers: `self.fc1(...)`, `self.fc2(...)`.",
        ),
        Mistake(
            "a ReLU on the input",
            answers.wired(squeeze=lambda x: answers.average(x.relu())),
            "You cut the negative part of x off before the mean.",
            "The mean of x as it is.",
        ),
        Mistake(
            "the squeeze detached",
            answers.wired(squeeze=lambda x: answers.average(x.detach())),
            "Your values are right. But the gradient of x lacks a part: what flows back through"
            " the gate is cut off at the squeeze. The layers before would never learn to make"
            " themselves heard.",
            "No `detach()` and no `no_grad()` on the way to the gate.",
        ),
        Mistake(
            "the gate detached",
            answers.wired(scale=lambda x, gate: x * gate.detach()),
            "Your values are right. But the gate is cut off from the gradient, so neither `fc1`"
            " nor `fc2` would ever learn.",
            "No `detach()` and no `no_grad()` around the gate.",
        ),
    ),
    variants={
        "linear layers": answers.by_linear_layers,
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "adaptive pooling": answers.by_pooling,
        "float64 inside": answers.in_float64,
    },
    forbid=(
        "torchvision.ops.SqueezeExcitation",
        "course_lib.attention.SqueezeExcitation",
        "course_lib.attention.CBAMChannelGate",
    ),
    map_axes=("rows", "columns"),
    hints=(
        "Three steps, and you have written the first two: squeeze, excite, and what do you do with"
        " the gates?",
        "The mean over both axes of places, kept as (B, C, 1, 1) so that the 1x1 convolutions take"
        " it; `fc1`, ReLU, `fc2`, sigmoid; times x.",
        "`s = x.mean((2, 3), keepdim=True)`, then the sigmoid of `self.fc2(self.fc1(s).relu())`,"
        " which broadcasts over the places of x.",
    ),
)
