"""Exercise 3.6: CBAM from its parts, first what, then where."""

import torch

from course_lib.exercises.bank.ch03 import cbam_order_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, r, hidden=1.0, kernel=0.3):
    """`hidden` and `kernel` scale the weights of a gate; at 0 it stands at one half everywhere."""
    return lambda g: {
        "x": normal(g, b, c, h, w) + normal(g, b, c, 1, 1),
        "w1": normal(g, r, c, scale=0.6),
        "w2": normal(g, c, r, scale=0.6 * hidden),
        "kernel": normal(g, 1, 2, 7, 7, scale=kernel),
    }


CBAM_ORDER = Exercise(
    id="cbam-order",
    chapter=3,
    title="First what, then where",
    signature="cbam(x, w1, w2, kernel)",
    points=4,
    difficulty=4,
    importance=4,
    minutes=15,
    reference=answers.cbam,
    stages=(
        Stage(
            "channels only",
            "`kernel` is 0, so the spatial gate is 0.5 everywhere. The channel gate is the sigmoid"
            " of two scores added: from the mean, and from the maximum.",
            _case(2, 4, 8, 9, 6, kernel=0.0),
        ),
        Stage(
            "places only",
            "`w2` is 0, so every channel gate is 0.5. The spatial gate looks at the mean and the"
            " maximum over the channels, in this order, with zeros around the map.",
            _case(2, 3, 4, 6, 2, hidden=0.0),
        ),
        Stage(
            "both gates",
            "One image and both gates: the spatial gate looks at the map that the channel gate has"
            " multiplied already.",
            _case(1, 4, 8, 9, 6),
        ),
        Stage(
            "all sizes differ",
            "A batch, axes of different lengths. Each image has gates of its own, and the gradient"
            " must flow through both gates and around them.",
            _case(3, 5, 4, 7, 8),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "one unit in the middle",
            "A narrow middle, R = 1, and a map larger than the kernel.",
            _case(2, 3, 8, 10, 1),
            batched=("x",),
        ),
        Stage(
            "one channel",
            "A single channel: mean and maximum over the channels are the same map.",
            _case(2, 1, 3, 5, 4),
            batched=("x",),
        ),
        Stage(
            "another size",
            "More channels, a long map.",
            _case(3, 8, 5, 13, 4),
            batched=("x",),
            hidden=True,
        ),
    ),
    # Slips inside a gate come first: where one meets a slip of the order, it is to be mended first.
    mistakes=(
        Mistake(
            "mean and mean",
            answers.channel(pools=(answers.average, answers.average)),
            "Both branches of your channel gate see the mean: the score from the mean counts"
            " twice, and the maximum has no say. This slip stands in published code.",
            "One branch gets `x.mean((2, 3))`, the other `x.amax((2, 3))`.",
        ),
        Mistake(
            "maximum and maximum",
            answers.channel(pools=(answers.largest, answers.largest)),
            "Both branches of your channel gate see the maximum.",
            "One branch gets `x.mean((2, 3))`, the other `x.amax((2, 3))`.",
        ),
        Mistake(
            "mean alone",
            answers.channel(pools=(answers.average,)),
            "Your channel gate sees the mean alone. That is squeeze-and-excitation.",
            "Add the score that the same layers give for the maximum.",
        ),
        Mistake(
            "maximum alone",
            answers.channel(pools=(answers.largest,)),
            "Your channel gate sees the maximum alone.",
            "Add the score that the same layers give for the mean.",
        ),
        Mistake(
            "a sigmoid for each branch, added",
            answers.channel(join=lambda a, b: a.sigmoid() + b.sigmoid()),
            "Your channel gates run from 0 to 2: each branch has its own sigmoid, and the two are"
            " added.",
            "Add the scores, then one sigmoid.",
        ),
        Mistake(
            "a sigmoid for each branch, averaged",
            answers.channel(join=lambda a, b: (a.sigmoid() + b.sigmoid()) / 2),
            "Each branch of your channel gate has its own sigmoid, and you average the two.",
            "Add the scores, then one sigmoid.",
        ),
        Mistake(
            "a sigmoid for each branch, multiplied",
            answers.channel(join=lambda a, b: a.sigmoid() * b.sigmoid()),
            "Each branch of your channel gate has its own sigmoid, and you multiply the two: a"
            " channel comes through only if both agree.",
            "Add the scores, then one sigmoid.",
        ),
        Mistake(
            "the larger score",
            answers.channel(join=lambda a, b: torch.maximum(a, b).sigmoid()),
            "You take the larger of the two scores. CBAM adds them.",
            "The sigmoid of their sum.",
        ),
        Mistake(
            "scores averaged",
            answers.channel(join=lambda a, b: ((a + b) / 2).sigmoid()),
            "You average the scores of the two branches. CBAM adds them.",
            "The sigmoid of their sum.",
        ),
        Mistake(
            "added before the layers",
            answers.wired(channel=answers.pooled_together),
            "You add mean and maximum and send the sum through the layers once. The ReLU makes"
            " that something else than two scores added.",
            "Through the layers twice, then add.",
        ),
        Mistake(
            "no ReLU",
            answers.channel(middle=lambda z: z),
            "There is nothing between `w1` and `w2`: two linear maps in a row are one.",
            "`relu()` after the product with `w1`, in both branches.",
        ),
        Mistake(
            "ReLU before the channel gate's sigmoid",
            answers.channel(join=lambda a, b: (a + b).relu().sigmoid()),
            "No channel gate of yours is below 0.5: a ReLU stands before the sigmoid.",
            "The ReLU belongs between `w1` and `w2`, and nowhere else.",
        ),
        Mistake(
            "a ReLU on each branch's score",
            answers.channel(join=lambda a, b: (a.relu() + b.relu()).sigmoid()),
            "No channel gate of yours is below 0.5: a ReLU stands at the end of each branch. That"
            " comes from layers that carry their ReLU with them.",
            "The ReLU belongs between `w1` and `w2`, and nowhere else.",
        ),
        Mistake(
            "no sigmoid for the channels",
            answers.channel(join=lambda a, b: a + b),
            "You multiply the channels with raw scores: there is no sigmoid in the channel gate.",
            "The sigmoid of the two scores added.",
        ),
        Mistake(
            "softmax over the channels",
            answers.channel(join=lambda a, b: (a + b).softmax(1)),
            "Your channel gates sum to 1 over the channels.",
            "`sigmoid()`: each channel has a gate of its own.",
        ),
        Mistake(
            "channels pooled over the batch",
            answers.channel(pools=answers.pools_of_the_batch),
            "All images share one set of channel gates: mean and maximum run over the batch too.",
            "Axes 2 and 3 alone.",
        ),
        Mistake(
            "maximum before mean",
            answers.spatial(look=lambda x: answers.over_channels(x)[::-1]),
            "You stack the maximum before the mean, so each meets the other's half of the kernel.",
            "`torch.cat([mean, maximum], dim=1)`.",
        ),
        Mistake(
            "mean twice, where",
            answers.spatial(look=lambda x: answers.over_channels(x)[:1] * 2),
            "Your spatial gate sees the mean over the channels twice and the maximum not at all.",
            "`x.mean(1, keepdim=True)` and `x.amax(1, keepdim=True)`.",
        ),
        Mistake(
            "maximum twice, where",
            answers.spatial(look=lambda x: answers.over_channels(x)[1:] * 2),
            "Your spatial gate sees the maximum over the channels twice and the mean not at all.",
            "`x.mean(1, keepdim=True)` and `x.amax(1, keepdim=True)`.",
        ),
        Mistake(
            "only the mean, where",
            answers.spatial(convolve=lambda seen, k: answers.zeros_around(seen[:, :1], k[:, :1])),
            "Your spatial gate sees the mean over the channels only: half of the kernel has no"
            " effect.",
            "The maximum over the channels is the second map.",
        ),
        Mistake(
            "the sum over the channels",
            answers.spatial(look=lambda x: [x.sum(1, keepdim=True), x.amax(1, keepdim=True)]),
            "Your spatial gate sees the sum over the channels where the mean is meant.",
            "`x.mean(1, keepdim=True)`.",
        ),
        Mistake(
            "kernel transposed",
            answers.spatial(convolve=lambda seen, k: answers.zeros_around(seen, k.mT)),
            "Your kernel lies on its side: rows and columns are exchanged, of the kernel or of the"
            " maps.",
            "Height before width in both, and no transpose.",
        ),
        Mistake(
            "kernel turned round",
            answers.spatial(convolve=lambda seen, k: answers.zeros_around(seen, k.flip(2, 3))),
            "Your kernel is turned by half a turn. That is a convolution as mathematics has it;"
            " `conv2d` does not turn the kernel.",
            "Use the kernel as it is.",
        ),
        Mistake(
            "the edge repeated",
            answers.spatial(convolve=answers.padded("replicate")),
            "Around the map you repeat its outermost places. Zeros are asked for.",
            "`padding=3` fills with zeros.",
        ),
        Mistake(
            "the middle of the kernel",
            answers.spatial(convolve=answers.middle_three),
            "You use the 3 by 3 numbers in the middle of the kernel. It is 7 by 7.",
            "The whole kernel, with `padding=3`.",
        ),
        Mistake(
            "no sigmoid for the places",
            answers.spatial(end=lambda z: z),
            "You multiply the places with raw scores: there is no sigmoid in the spatial gate.",
            "The sigmoid of what the convolution gives.",
        ),
        Mistake(
            "ReLU before the spatial gate's sigmoid",
            answers.spatial(end=lambda z: z.relu().sigmoid()),
            "No spatial gate of yours is below 0.5: a ReLU stands before the sigmoid. It comes"
            " with a convolution block that brings its ReLU along.",
            "The convolution, then the sigmoid, and nothing between.",
        ),
        Mistake(
            "softmax over the places",
            answers.spatial(end=lambda z: z.flatten(1).softmax(-1).view_as(z)),
            "Your spatial gates sum to 1 over the map: a softmax. Each place should have a gate of"
            " its own.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "softmax over a single channel",
            answers.spatial(end=lambda z: z.softmax(1)),
            "Your spatial gate is 1 everywhere: its softmax runs along an axis of length 1.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "places first",
            answers.spatial_first,
            "Your spatial gate comes first, and the channel gate looks at what it let through."
            " Each gate is right; the order is the other one.",
            "First what, then where: the channel gate looks at x, the spatial gate at the result.",
        ),
        Mistake(
            "side by side",
            answers.side_by_side,
            "Both of your gates look at x itself. The spatial gate should look at the map that the"
            " channel gate has multiplied already: a channel that is shut must not attract it.",
            "Keep `refined = x * channel_gate`, and use `refined` from there on.",
        ),
        Mistake(
            "spatial gate multiplied with x",
            answers.wired(finish=lambda x, refined, gate: x * gate),
            "Your spatial gate looks at the refined map, as it should, but then multiplies x. The"
            " work of the channel gate is thrown away.",
            "Multiply the refined map.",
        ),
        Mistake(
            "both gates added",
            answers.both_added,
            "You add the map through one gate to the map through the other. CBAM puts the gates in"
            " a row.",
            "The spatial gate multiplies what came out of the channel gate.",
        ),
        Mistake(
            "the input added",
            answers.wired(finish=lambda x, refined, gate: x + refined * gate),
            "You add x at the end. A residual connection belongs around the module, not inside.",
            "Return the refined map times the spatial gate.",
        ),
        Mistake(
            "the input added between the gates",
            answers.wired(channel=lambda x, w1, w2: 1 + answers.channel_gate(x, w1, w2)),
            "You add x to the product with the channel gate, before the spatial gate: each channel"
            " is multiplied by a number from 1 to 2.",
            "Nothing is added anywhere: two products.",
        ),
        Mistake(
            "the refined map added",
            answers.wired(finish=lambda x, refined, gate: refined + refined * gate),
            "Your spatial gate multiplies by numbers from 1 to 2: the refined map is added to the"
            " product.",
            "Return the product alone.",
        ),
        Mistake(
            "spatial gate forgotten",
            answers.wired(finish=lambda x, refined, gate: refined),
            "You return what comes out of the channel gate. `kernel` has no effect.",
            "Make the spatial gate from the refined map, and multiply.",
        ),
        Mistake(
            "channel gate forgotten",
            answers.wired(channel=lambda x, w1, w2: 1.0),
            "Only the spatial gate is at work: `w1` and `w2` have no effect.",
            "Multiply x with the channel gate first.",
        ),
        Mistake(
            "the gates alone",
            answers.gates_alone,
            "You return the product of the gates. The map has not gone through them.",
            "Multiply it with x.",
        ),
        Mistake(
            "the refined map detached",
            answers.wired(spatial=lambda x, kernel: answers.spatial_gate(x.detach(), kernel)),
            "Your values are right. But what flows back through the spatial gate is cut off where"
            " it looks at the map.",
            "No `detach()` and no `no_grad()` on the way.",
        ),
        Mistake(
            "the pools detached",
            answers.wired(channel=lambda x, *w: answers.channel_gate(x.detach(), *w)),
            "Your values are right. But what flows back through the channel gate is cut off where"
            " it looks at the map.",
            "No `detach()` and no `no_grad()` on the way.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "windows and einsum": answers.by_einsum,
        "pooling layers and 1x1 convolutions": answers.by_pooling_layers,
        "one product at the end": answers.by_one_product,
        "the kernel half by half": answers.kernel_map_by_map,
        "float64 inside": lambda *inputs: answers.cbam(*(t.double() for t in inputs)).float(),
    },
    forbid=(
        "course_lib.attention.CBAM",
        "course_lib.attention.ParallelCBAM",
        "course_lib.attention.CBAMChannelGate",
        "course_lib.attention.CBAMSpatialGate",
    ),
    map_axes=("rows", "columns"),
    hints=(
        "Write the two gates as two functions. Which of them must have run before the other may"
        " look?",
        "Channel gate: mean and maximum over the places, both through `w1`, ReLU, `w2`; add;"
        " sigmoid. Multiply. Spatial gate: mean and maximum over the channels of the product, one"
        " beside the other; convolve with padding 3; sigmoid. Multiply the product.",
        "With `mlp = lambda s: (s @ w1.T).relu() @ w2.T` the first gate is the sigmoid of"
        " `mlp(x.mean((2, 3))) + mlp(x.amax((2, 3)))`. For the second, `torch.cat([x.mean(1,"
        " keepdim=True), x.amax(1, keepdim=True)], dim=1)`, where x is the refined map by now.",
    ),
)
