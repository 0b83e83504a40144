"""Exercise 4.1: the side of the square that one place of a stack of convolutions sees."""

import numpy as np
import torch

from course_lib.exercises.bank.ch04 import receptive_field_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _among(g, low, high):
    """A whole number from low to high, both included."""
    return low + int(integers(g, below=high - low + 1))


def _case(*ranges):
    """For each layer the ranges, or the number, that kernel, stride and dilation are drawn from."""

    def draw(g):
        layers = []
        for layer in ranges:
            drawn = [_among(g, *(one if isinstance(one, tuple) else (one, one))) for one in layer]
            layers.append(tuple(drawn))
        return {"layers": layers}

    return draw


RECEPTIVE_FIELD = Exercise(
    id="receptive-field",
    chapter=4,
    title="How far a stack of convolutions sees",
    signature="receptive_field(layers)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=8,
    reference=answers.receptive_field,
    stages=(
        Stage(
            "one layer",
            "One convolution, stride 1, no dilation: a place sees as many pixels as the kernel is"
            " long.",
            _case(((5, 40), 1, 1)),
        ),
        Stage(
            "layer on layer",
            "Three convolutions of stride 1. Two neighbouring places see almost the same pixels:"
            " each layer adds one pixel less than its kernel is long.",
            _case(((5, 9), 1, 1), ((11, 19), 1, 1), ((3, 8), 1, 1)),
        ),
        Stage(
            "dilated",
            "One dilated convolution: dilation is how far one tap of the kernel lies from the"
            " next, and k taps have k - 1 gaps between them.",
            _case(((4, 9), 1, (3, 9))),
        ),
        Stage(
            "a stride at the end",
            "Only the last layer has a stride. It makes the map smaller and changes nothing about"
            " what one of its places sees.",
            _case(((5, 9), 1, 1), ((6, 12), (3, 5), 1)),
        ),
        Stage(
            "a stride before",
            "The first layer has a stride. Neighbours in its map lie that many pixels apart, and"
            " so do the taps of the next kernel.",
            _case(((5, 9), (3, 5), 1), ((4, 12), 1, 1)),
        ),
        Stage(
            "strides multiply",
            "Three layers with strides: what a gap is worth in pixels is the product of all"
            " strides before.",
            _case(((3, 7), (3, 4), 1), ((4, 9), (5, 6), 1), ((5, 9), (2, 4), 1), ((4, 7), 1, 1)),
        ),
        Stage(
            "kernels of 1",
            "A kernel of 1 sees nothing new, and its stride counts all the same.",
            _case((1, (3, 5), 1), ((3, 9), (2, 3), 1), (1, (2, 5), 1), (1, 1, 1)),
        ),
        Stage(
            "kernel, stride and dilation",
            "Four layers, with everything at once.",
            _case(
                ((2, 5), (2, 3), (2, 4)),
                ((3, 7), (2, 4), (3, 5)),
                ((4, 6), (3, 5), (2, 6)),
                ((2, 7), (1, 3), (2, 5)),
            ),
        ),
        Stage(
            "a deep network",
            "Nine layers, with pooling layers among them: a pool is a kernel with a stride, too.",
            _case(
                (7, 2, 1),
                ((2, 3), 2, 1),
                ((3, 5), 1, (1, 2)),
                ((3, 7), 2, 1),
                ((1, 3), 1, 1),
                ((2, 3), 2, 1),
                (3, 1, (2, 4)),
                (3, 1, (4, 8)),
                ((1, 5), (1, 2), 1),
            ),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "counted from 0",
            answers.wired(start=0),
            "You are one pixel short: you count the steps from the first pixel to the last, not"
            " the pixels.",
            "Before the first layer a place sees one pixel, itself.",
        ),
        Mistake(
            "one layer, one pixel too many",
            answers.wired(more=lambda k, s, d, step: ((k - 1) * d + 1) * step),
            "Each of your layers adds its whole kernel, so every layer counts a pixel twice that"
            " the layers before it have seen already.",
            "A kernel of k taps has k - 1 gaps; only those add.",
        ),
        Mistake(
            "the kernels added",
            answers.wired(more=lambda k, s, d, step: ((k - 1) * d + 1) * step, start=0),
            "You add up the kernels. A single layer comes out right; but the kernel of the second"
            " starts on a place that sees some pixels already, and those are counted twice.",
            "Start with one pixel, and add k - 1 gaps a layer.",
        ),
        Mistake(
            "the kernels multiplied",
            answers.product,
            "You multiply the kernels. Kernels that slide by less than their length overlap, so"
            " a layer adds to what is seen; it does not multiply it.",
            "Start with one pixel, and add k - 1 gaps a layer.",
        ),
        Mistake(
            "the largest kernel",
            answers.largest,
            "You return what the largest kernel sees alone. Layers stand on each other: what the"
            " second sees was made from what the first has seen.",
            "Add up over the layers.",
        ),
        Mistake(
            "only the first layer",
            answers.of_one(0),
            "You return what the first layer sees. Does a `return` stand inside the loop?",
            "Add up over all layers, and return after the loop.",
        ),
        Mistake(
            "only the last layer",
            answers.of_one(-1),
            "You return what the last layer sees of the map before it. Are the side and the step"
            " set to 1 inside the loop?",
            "Set them before the loop, and add up over all layers.",
        ),
        Mistake(
            "even kernels one shorter",
            answers.wired(more=lambda k, s, d, step: (k - 1) // 2 * 2 * d * step),
            "Kernels of odd length come out right, even ones a tap too short: you count `(k - 1)"
            " // 2` taps to each side of the middle, and an even kernel has no middle.",
            "k taps have k - 1 gaps, whether k is odd or even.",
        ),
        Mistake(
            "even kernels one longer",
            answers.wired(more=lambda k, s, d, step: k // 2 * 2 * d * step),
            "Kernels of odd length come out right, even ones a tap too long: you count `k // 2`"
            " taps to each side of the middle, and an even kernel has no middle.",
            "k taps have k - 1 gaps, whether k is odd or even.",
        ),
        Mistake(
            "half of it",
            answers.wired(end=lambda side: side // 2),
            "You return how far a place sees to one side, the radius.",
            "The whole side: to the left, to the right, and the pixel itself.",
        ),
        Mistake(
            "the area",
            answers.wired(end=lambda side: side * side),
            "You return the number of pixels in the square. Its side is asked for.",
            "One axis alone.",
        ),
        Mistake(
            "stride ignored",
            answers.wired(spread=lambda step, k, s, d: step),
            "Your strides have no effect. After a layer of stride 2 neighbours lie two pixels"
            " apart, so each gap of the next kernel is worth two pixels.",
            "Keep the product of the strides so far, and multiply the gaps with it.",
        ),
        Mistake(
            "a layer's own stride",
            answers.step_first,
            "You multiply a layer's gaps with its own stride as well. The stride says how far"
            " the kernel moves from one place to the next, not how long it is.",
            "Add first, then update the step.",
        ),
        Mistake(
            "only its own stride",
            answers.wired(more=lambda k, s, d, step: (k - 1) * d * s),
            "You multiply each layer's gaps with that layer's own stride. Its taps lie as far"
            " apart as the strides of the layers before it say.",
            "Keep the product of the strides so far, and leave the layer's own out of it.",
        ),
        Mistake(
            "strides added",
            answers.wired(spread=lambda step, k, s, d: step + s),
            "You add the strides up. Two layers of stride 3 put neighbours 9 pixels apart, not 7.",
            "Multiply the step with each stride.",
        ),
        Mistake(
            "strides added, less one",
            answers.wired(spread=lambda step, k, s, d: step + s - 1),
            "You add the strides up. Two layers of stride 3 put neighbours 9 pixels apart, not 5.",
            "Multiply the step with each stride.",
        ),
        Mistake(
            "only the stride before",
            answers.wired(spread=lambda step, k, s, d: s),
            "You multiply a layer's gaps with the stride of the layer just before it. The strides"
            " of those further down count too.",
            "`step *= stride`, not `step = stride`.",
        ),
        Mistake(
            "all strides for all",
            answers.step_of_the_last,
            "You multiply the whole sum with the product of all strides. A stride reaches only"
            " the layers after it.",
            "Multiply each layer's gaps with the strides before that layer.",
        ),
        Mistake(
            "last layer first",
            answers.wired(order=lambda layers: layers[::-1]),
            "You go through the list from its end, as if the last layer stood next to the image.",
            "The first entry is the first layer. Its strides make the gaps of all later ones"
            " wider.",
        ),
        Mistake(
            "whole places times the stride",
            answers.kernels_added_from_the_last,
            "You go from the last layer back, which is a good way, but multiply the number of"
            " places with the stride. n places have n - 1 gaps between them, and only gaps grow.",
            "(side - 1) * stride, and then the whole kernel on top.",
        ),
        Mistake(
            "the side times the stride",
            answers.side_multiplied,
            "You multiply the side by each stride on the way up. A stride does not make a place"
            " see more; it puts the next kernel's taps further apart.",
            "Keep two numbers, the side and the step. Only the step is multiplied.",
        ),
        Mistake(
            "the kernel less its stride",
            answers.wired(more=lambda k, s, d, step: ((k - 1) * d + 1 - s) * step),
            "You add what a kernel reaches beyond its own stride. With stride 1 that is right; the"
            " overlap that counts is with the place below, which is one place, not `stride`.",
            "k - 1 gaps, whatever the layer's own stride.",
        ),
        Mistake(
            "dilation ignored",
            answers.wired(more=lambda k, s, d, step: (k - 1) * step),
            "Your dilation has no effect: you count the taps of the kernel, not the pixels from"
            " its first tap to its last.",
            "Each gap is `dilation` wide.",
        ),
        Mistake(
            "kernel times dilation",
            answers.wired(more=lambda k, s, d, step: (k * d - 1) * step),
            "You take a dilated kernel to be k * d pixels long. There is no gap after its last"
            " tap: 3 taps with dilation 4 reach over 9 pixels, not 12.",
            "k taps have k - 1 gaps, and each is `dilation` wide.",
        ),
        Mistake(
            "dilation added",
            answers.wired(more=lambda k, s, d, step: (k - 1 + d - 1) * step),
            "You add the dilation once. It widens each of the k - 1 gaps.",
            "Multiply: (k - 1) * dilation.",
        ),
        Mistake(
            "dilation counted as holes",
            answers.wired(more=lambda k, s, d, step: (k - 1) * (d + 1) * step),
            "You read dilation as the number of pixels left out between two taps. It is the"
            " distance from one tap to the next, and 1 means no hole at all.",
            "Each gap is `dilation` wide, not one more.",
        ),
        Mistake(
            "dilation kept like a stride",
            answers.wired(spread=lambda step, k, s, d: step * s * d),
            "Your dilation spreads to the layers after it, as if it were a stride. A dilated"
            " kernel moves on pixel by pixel, so its map is as dense as before.",
            "Only the stride goes into the step.",
        ),
        Mistake(
            "stride and dilation exchanged",
            lambda layers: answers.receptive_field([(k, d, s) for k, s, d in layers]),
            "You read the second number of a layer as its dilation and the third as its stride.",
            "(kernel, stride, dilation).",
        ),
        Mistake(
            "dilation forgets the stride",
            answers.wired(more=lambda k, s, d, step: (k - 1) * (d if d > 1 else step)),
            "In a dilated layer you leave the strides before it out. Its gaps are `dilation`"
            " places of its input wide, and each of those is worth some pixels.",
            "(k - 1) * dilation * step.",
        ),
        Mistake(
            "a tensor",
            lambda layers: torch.tensor(answers.receptive_field(layers)),
            "You return a tensor. The number is right, but a plain whole number is asked for.",
            "`int` in, `int` out: no tensor is needed, or `.item()` at the end.",
        ),
        Mistake(
            "a number of numpy's",
            lambda layers: np.int64(answers.receptive_field(layers)),
            "You return one of numpy's numbers. The value is right, but a plain whole number is"
            " asked for.",
            "`math.prod` in place of `np.prod`, or `int(...)` at the end.",
        ),
        Mistake(
            "the step as well",
            answers.side_and_step,
            "You return two numbers. The first is right; the step is not asked for.",
            "Return the side alone.",
        ),
        Mistake(
            "the step",
            lambda layers: answers.side_and_step(layers)[1],
            "You return the step, the product of all strides: how many pixels two neighbours of"
            " the last map lie apart.",
            "Return the side.",
        ),
        Mistake(
            "a float",
            lambda layers: float(answers.receptive_field(layers)),
            "You return a float. The number is right, but pixels are counted in whole numbers.",
            "`int` in, `int` out: no division is needed.",
        ),
    ),
    variants={
        "from the last layer back": answers.from_the_last,
        "one sum": answers.as_a_sum,
        "both ends followed": answers.by_its_ends,
        "a set of places": answers.by_places,
        "measured": answers.measured,
    },
    hints=(
        "On paper: two 3x3 convolutions. Which pixels does a place of the second map see, and how"
        " many more would it be with a stride of 2 in the first?",
        "Keep two numbers: the side so far, and how many pixels apart two neighbours of the"
        " present map lie. Each layer adds its k - 1 gaps, in pixels; then its stride widens the"
        " gaps of those that follow.",
        "`side, step = 1, 1`. For each layer: `side += (kernel - 1) * dilation * step`, and one"
        " more line for `step`.",
    ),
)
