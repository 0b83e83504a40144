"""Exercise 3.4: efficient channel attention, a gate made from a channel's neighbours alone."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch03 import eca_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, k):
    """Each channel has a level of its own: means of pure noise would be close to 0."""
    return lambda g: {
        "x": normal(g, b, c, h, w) + normal(g, b, c, 1, 1, scale=2.0),
        "weight": normal(g, 1, 1, k),
    }


def _constant(b, c, h, w):
    return lambda g: {
        "x": normal(g, b, c, 1, 1, scale=2.0).repeat(1, 1, h, w),
        "weight": normal(g, 1, 1, 1),
    }


ECA = Exercise(
    id="eca",
    chapter=3,
    title="Efficient channel attention",
    signature="eca(x, weight)",
    points=3,
    difficulty=3,
    importance=3,
    minutes=10,
    reference=answers.eca,
    stages=(
        Stage(
            "one weight, even maps",
            "A kernel of length 1, and channels that are the same everywhere: the gate is the"
            " sigmoid of weight times x.",
            _constant(2, 4, 5, 1),
        ),
        Stage(
            "one weight",
            "A kernel of length 1: each channel's gate comes from its own mean, over both axes of"
            " places.",
            _case(1, 4, 3, 5, 1),
        ),
        Stage(
            "three weights",
            "Three weights: each channel, the one before it and the one after it. Before the first"
            " and behind the last there are zeros.",
            _case(1, 7, 2, 3, 3),
        ),
        Stage(
            "two channels",
            "Two channels, three weights: which of the outer weights meets the neighbour, and what"
            " stands beyond the ends?",
            _case(3, 2, 4, 3, 3),
            batched=("x",),
        ),
        Stage(
            "five weights, a batch",
            "A batch, and axes that all differ. The gradient must flow through the gate and around"
            " it.",
            _case(2, 6, 3, 4, 5),
            batched=("x",),
            compare_gradients=True,
        ),
        Stage(
            "fewer channels than weights",
            "Three channels, five weights: the kernel hangs over both ends.",
            _case(2, 3, 5, 2, 5),
            batched=("x",),
        ),
        Stage(
            "one channel",
            "A single channel: of three weights the one in the middle is left.",
            _case(2, 1, 3, 5, 3),
            batched=("x",),
        ),
        Stage(
            "seven weights",
            "A longer kernel, more channels.",
            _case(3, 12, 2, 5, 7),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "padded with k",
            answers.wired(mix=answers.cropped),
            "You pad with k on both sides and keep the first C results. Then each gate belongs to"
            " a channel (k + 1) / 2 places further on.",
            "Padding k // 2 gives exactly C results, and each stands at its channel.",
        ),
        Mistake(
            "zeros on the left only",
            answers.wired(mix=answers.padded(lambda half: 2 * half, lambda half: 0)),
            "All of your zeros stand before the first channel, so a gate sees its channel and"
            " those before, never those after.",
            "k // 2 on both sides.",
        ),
        Mistake(
            "zeros on the right only",
            answers.wired(mix=answers.padded(lambda half: 0, lambda half: 2 * half)),
            "All of your zeros stand behind the last channel, so a gate sees its channel and those"
            " after, never those before.",
            "k // 2 on both sides.",
        ),
        Mistake(
            "around the end",
            answers.wired(mix=answers.around_the_end),
            "Your first channel sees the last: the channels are closed to a ring, as with the"
            " padding mode `circular`.",
            "Zeros beyond the ends: that is what `padding=k // 2` does.",
        ),
        Mistake(
            "the ends repeated",
            answers.wired(mix=answers.padded(lambda half: half, mode="replicate")),
            "Beyond the ends you repeat the first and the last channel. Zeros are asked for.",
            "`padding=k // 2` fills with zeros.",
        ),
        Mistake(
            "mirrored at the ends",
            answers.wired(mix=answers.padded(lambda half: half, mode="reflect")),
            "Beyond the ends you mirror the channels. Zeros are asked for, and mirroring stops"
            " where there are fewer channels than the kernel needs.",
            "`padding=k // 2` fills with zeros.",
        ),
        Mistake(
            "the kernel turned round",
            answers.wired(mix=answers.kernel_turned),
            "Your kernel is turned round: its first weight meets the channel after. That is a"
            " convolution as mathematics has it; `conv1d` does not turn the kernel.",
            "The first weight meets the channel before.",
        ),
        Mistake(
            "each channel alone",
            answers.wired(mix=answers.each_channel_alone),
            "Only the weight in the middle has an effect in yours. With the means as (B, C, 1) the"
            " channels are Conv1d's channels, the signal has length 1, and the kernel meets"
            " nothing but padding around it.",
            "The signal is (B, 1, C): one channel, C long.",
        ),
        Mistake(
            "all channels added up",
            answers.wired(mix=answers.all_channels_summed),
            "All channels of yours get the same gate, from the sum of all means: the channels were"
            " summed by the convolution as its input channels.",
            "The signal is (B, 1, C): one channel, C long.",
        ),
        Mistake(
            "along the places",
            answers.along_the_places,
            "Your kernel runs along the H * W places and your gate differs from place to place. It"
            " should run along the channels.",
            "Squeeze the places first: (B, C). That is the signal.",
        ),
        Mistake(
            "no squeeze",
            answers.no_squeeze,
            "Your kernel runs along the channels, but at each place by itself: the places were not"
            " squeezed, and the gate differs from place to place.",
            "`x.mean((2, 3))` before the convolution.",
        ),
        Mistake(
            "along the batch",
            answers.wired(mix=answers.along_the_batch),
            "Your kernel runs along the batch: neighbours in the batch decide about each other's"
            " gates. With one image that does not show.",
            "The last axis of `conv1d`'s input is the one it runs along: (B, 1, C).",
        ),
        Mistake(
            "one squeeze for the whole batch",
            answers.wired(squeeze=lambda x: x.mean((0, 2, 3)).expand(x.shape[:2])),
            "All images share one set of gates: the mean runs over the batch too.",
            "Axes 2 and 3 alone.",
        ),
        Mistake(
            "the largest, not the mean",
            answers.wired(squeeze=lambda x: x.amax((2, 3))),
            "You squeeze with the maximum: one bright place stands for the whole channel.",
            "`x.mean((2, 3))`.",
        ),
        Mistake(
            "the sum, not the mean",
            answers.wired(squeeze=lambda x: x.sum((2, 3))),
            "You squeeze with a sum, so the scores grow with the size of the map.",
            "`x.mean((2, 3))`.",
        ),
        Mistake(
            "pooled over the rows only",
            answers.pooled_over_one_axis(2),
            "Your gate differs from column to column: you averaged over H alone.",
            "`x.mean((2, 3))` goes into the convolution.",
        ),
        Mistake(
            "pooled over the columns only",
            answers.pooled_over_one_axis(3),
            "Your gate differs from row to row: you averaged over W alone.",
            "`x.mean((2, 3))` goes into the convolution.",
        ),
        Mistake(
            "no sigmoid",
            answers.wired(end=lambda z: z),
            "You multiply x with the raw scores. Some are negative and turn their channel's sign"
            " over.",
            "`sigmoid()` after the convolution.",
        ),
        Mistake(
            "the sigmoid too early",
            answers.wired(squeeze=lambda x: answers.average(x).sigmoid(), end=lambda z: z),
            "The sigmoid stands before the convolution. What comes out of the convolution may be"
            " negative, or above 1.",
            "Convolution first, sigmoid after.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(end=lambda z: z.relu().sigmoid()),
            "No channel of yours comes out weaker than half: a ReLU stands before the sigmoid, and"
            " the sigmoid of 0 is 0.5.",
            "There is no ReLU in this module at all.",
        ),
        Mistake(
            "ReLU in place of the sigmoid",
            answers.wired(end=torch.relu),
            "Some of your channels are wiped out and nothing holds the others below 1: a ReLU"
            " stands where the sigmoid should.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "softmax over the channels",
            answers.wired(end=lambda z: z.softmax(1)),
            "Your gates sum to 1 over the channels: opening one closes the others.",
            "`sigmoid()`: each channel has a gate of its own.",
        ),
        Mistake(
            "sigmoid twice",
            answers.wired(end=lambda z: z.sigmoid().sigmoid()),
            "Your gates all lie between 0.5 and 0.73: that is a sigmoid of a sigmoid.",
            "One sigmoid, at the end.",
        ),
        Mistake(
            "tanh",
            answers.wired(end=torch.tanh),
            "Your gates run from -1 to 1: a tanh.",
            "`sigmoid()` in its place.",
        ),
        Mistake(
            "hard sigmoid",
            answers.wired(end=F.hardsigmoid),
            "Your gate is made of three straight lines: a hard sigmoid. It is close, and not what"
            " was asked for.",
            "The smooth `sigmoid()`.",
        ),
        Mistake(
            "a ReLU on the means",
            answers.wired(squeeze=lambda x: answers.average(x).relu()),
            "Negative means are cut off before the convolution.",
            "There is no ReLU in this module at all.",
        ),
        Mistake(
            "softmax over the kernel",
            answers.wired(mix=answers.kernel_normed),
            "You send the kernel through a softmax, so it can only blend neighbours. The weights"
            " are used as they are, negative ones too.",
            "`F.conv1d(..., weight, ...)`.",
        ),
        Mistake(
            "a plain moving average",
            answers.wired(mix=answers.moving_average),
            "You average the neighbours, and `weight` has no say.",
            "`F.conv1d(..., weight, ...)`.",
        ),
        Mistake(
            "convolved twice",
            answers.wired(mix=answers.twice),
            "You convolve twice, with a ReLU between, as if this were squeeze-and-excitation with"
            " its two layers.",
            "One convolution, one sigmoid.",
        ),
        Mistake(
            "added, not multiplied",
            answers.wired(scale=lambda x, gate: x + gate),
            "You add the gate to the map. That shifts each channel by less than 1 and closes none.",
            "Return `x * gate`.",
        ),
        Mistake(
            "the input added",
            answers.wired(scale=lambda x, gate: x + x * gate),
            "You return x + gate * x: each channel is multiplied by a number from 1 to 2.",
            "Return the product alone.",
        ),
        Mistake(
            "the gate alone",
            answers.wired(scale=lambda x, gate: gate),
            "You return the gates, not the map that went through them.",
            "Multiply x with them.",
        ),
        Mistake(
            "the gate alone, over the map",
            answers.wired(scale=lambda x, gate: gate.expand_as(x)),
            "You return the gates, spread over the map. x itself is not in your result.",
            "Multiply x with them.",
        ),
        Mistake(
            "the squeeze detached",
            answers.wired(squeeze=lambda x: answers.average(x.detach())),
            "Your values are right. But the gradient of x lacks a part: what flows back through"
            " the gate is cut off at the squeeze.",
            "No `detach()` and no `no_grad()` on the way to the gate.",
        ),
        Mistake(
            "the gate detached",
            answers.wired(scale=lambda x, gate: x * gate.detach()),
            "Your values are right. But the gate is cut off from the gradient, so `weight` would"
            " never learn.",
            "No `detach()` and no `no_grad()` around the gate.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "windows and einsum": answers.by_unfolding,
        "a band matrix": answers.by_a_band,
        "adaptive pooling": answers.by_pooling,
        "a flat 2D convolution": answers.by_a_flat_convolution,
        "float64 inside": lambda x, weight: answers.eca(x.double(), weight.double()).float(),
    },
    forbid=("course_lib.attention.EfficientChannelAttention",),
    map_axes=("rows", "columns"),
    hints=(
        "`F.conv1d` takes (batch, channels, length) and runs along the last axis. Which of the"
        " three are the channels of the map?",
        "Squeeze to (B, C), put an axis in the middle, (B, 1, C), convolve with as much padding as"
        " keeps C, sigmoid, and bring the gates to (B, C, 1, 1).",
        "`F.conv1d(x.mean((2, 3))[:, None], weight, padding=weight.shape[-1] // 2)` is (B, 1, C)."
        " Sigmoid, `transpose(1, 2)`, one more axis at the end, times x.",
    ),
)
