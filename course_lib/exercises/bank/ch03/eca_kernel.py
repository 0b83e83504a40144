"""Exercise 3.5: how far channels talk, the length of ECA's kernel as a function of their number."""

import math

import torch

from course_lib.exercises.bank.ch03 import eca_kernel_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _among(g, low, high):
    """A whole number from low to high, both included."""
    return low + int(integers(g, below=high - low + 1))


def _case(low, high, **options):
    return lambda g: {"dim": _among(g, low, high), **options}


def _even_to_the_point(g):
    """A power of two and a `b` that bring the length to 4, 6 or 8."""
    power, length = _among(g, 3, 11), 2 * _among(g, 2, 4)
    return {"dim": 2**power, "gamma": 1, "b": length - power}


ECA_KERNEL = Exercise(
    id="eca-kernel",
    chapter=3,
    title="How far channels talk",
    signature="kernel_size(dim, gamma=2, b=1)",
    points=1,
    difficulty=2,
    importance=2,
    minutes=5,
    reference=answers.kernel_size,
    stages=(
        Stage(
            "a little above 3",
            "Between 33 and 62 channels the length lies between 3 and 3.5: cut off, it is 3, and 3"
            " is odd.",
            _case(33, 62),
        ),
        Stage(
            "a little below 4",
            "Between 66 and 126 channels the length lies between 3.5 and 4. It is cut off all the"
            " same, and 3 comes out.",
            _case(66, 126),
        ),
        Stage(
            "even, made odd",
            "Between 128 and 511 channels the length is 4 point something. An even kernel has no"
            " middle: the next odd number is 5.",
            _case(128, 511),
        ),
        Stage(
            "even to the point",
            "The length is a whole even number, as near to one odd number as to the other: the"
            " larger one.",
            _even_to_the_point,
        ),
        Stage(
            "few channels",
            "Few channels: a kernel of 1 would let no channel talk to another, so the least is 3.",
            _case(1, 7),
        ),
        Stage(
            "another gamma",
            "`gamma` = 1 is handed over: nothing is halved.",
            _case(513, 1023, gamma=1, b=1),
        ),
        Stage(
            "another b",
            "`b` = 6 is handed over. It is added to the logarithm, and the sum is divided.",
            _case(520, 1000, gamma=2, b=6),
        ),
        Stage(
            "below zero",
            "`b` is so negative that the sum is below 0: the length is its absolute value.",
            _case(40, 60, gamma=1, b=-12),
        ),
        Stage(
            "all three drawn",
            "Another number of channels, another gamma, another b.",
            lambda g: {"dim": _among(g, 300, 4000), "gamma": _among(g, 1, 3), "b": _among(g, 2, 5)},
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "even lengths left",
            answers.wired(odd=lambda size: size),
            "You return an even number. With an even kernel no padding puts a channel in the"
            " middle, and C channels become C + 1 or C - 1.",
            "Where the number is even, add 1.",
        ),
        Mistake(
            "odd numbers made even",
            answers.wired(odd=lambda size: size + 1 if size % 2 else size),
            "Your numbers are even: the test is the wrong way round, 1 is added to the odd ones.",
            "`size % 2` is 1, and so true, for odd numbers. Those stay.",
        ),
        Mistake(
            "1 always added",
            answers.wired(odd=lambda size: size + 1),
            "You add 1 to every number, to odd ones as well, which makes them even.",
            "Add it only where the number is even.",
        ),
        Mistake(
            "down to the next odd number",
            answers.wired(odd=lambda size: size if size % 2 else size - 1),
            "You go down from an even number to the next odd one. Lengths from 4 up to 5 lie"
            " nearer to 5 than to 3.",
            "Add 1 where the number is even.",
        ),
        Mistake(
            "rounded up",
            answers.wired(whole=math.ceil),
            "Where the length is 3 point something you return 5, though 3 is nearer: it was"
            " rounded up before it was made odd.",
            "`int` cuts off what stands behind the point.",
        ),
        Mistake(
            "rounded up, then down to odd",
            answers.wired(whole=math.ceil, odd=lambda size: size if size % 2 else size - 1),
            "You round up to a whole number, and go down from an even one. It comes out right by"
            " chance, but for lengths that are even already.",
            "`int` first, then add 1 where the number is even.",
        ),
        Mistake(
            "rounded to the nearest whole number",
            answers.wired(whole=round),
            "You round to the nearest whole number before making it odd: 3.6 becomes 4 and then 5,"
            " though 3 is nearer to 3.6 than 5 is.",
            "`int` cuts off what stands behind the point.",
        ),
        Mistake(
            "natural logarithm",
            answers.wired(lambda dim, gamma, b: abs(math.log(dim) + b) / gamma),
            "You take the natural logarithm: `math.log` with one argument. The length counts how"
            " often the channels double: base 2.",
            "`math.log2(dim)`, or `math.log(dim, 2)`.",
        ),
        Mistake(
            "logarithm to the base 10",
            answers.wired(lambda dim, gamma, b: abs(math.log10(dim) + b) / gamma),
            "You take the logarithm to the base 10.",
            "`math.log2(dim)`.",
        ),
        Mistake(
            "a root, not a logarithm",
            answers.wired(lambda dim, gamma, b: abs(math.sqrt(dim) + b) / gamma),
            "You take the square root of the channels. The kernel should grow far slower: with"
            " their logarithm.",
            "`math.log2(dim)`.",
        ),
        Mistake(
            "no logarithm",
            answers.wired(lambda dim, gamma, b: abs(dim + b) / gamma),
            "Your kernel is about half as long as there are channels: the logarithm is missing.",
            "`math.log2(dim)`.",
        ),
        Mistake(
            "gamma and b exchanged",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + gamma) / b),
            "You add gamma and divide by b. It is the other way round.",
            "Divide by gamma, add b.",
        ),
        Mistake(
            "b added after the division",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) / gamma + b)),
            "You divide the logarithm by gamma and add b whole. In equation 12 b is divided by"
            " gamma too.",
            "Brackets around the sum: (log2(dim) + b) / gamma.",
        ),
        Mistake(
            "gamma inside the logarithm",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim / gamma) + b)),
            "You divide the channels by gamma, inside the logarithm. That takes off the logarithm"
            " of gamma, once; the kernel grows as fast as before.",
            "Take the logarithm of dim, add b, divide the sum by gamma.",
        ),
        Mistake(
            "b subtracted",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) - b) / gamma),
            "You subtract b. That is what the equation looks like when it is solved for the number"
            " of channels.",
            "Add it: log2(dim) + b.",
        ),
        Mistake(
            "b left out",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim)) / gamma),
            "`b` has no effect in yours: the logarithm is divided as it is.",
            "It is added to the logarithm.",
        ),
        Mistake(
            "b fixed at 1",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + 1) / gamma),
            "You always add 1, whatever `b` is handed over.",
            "Add `b`, as it was handed over.",
        ),
        Mistake(
            "gamma left out",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + b)),
            "`gamma` has no effect in yours: nothing is divided, and the kernels are twice as long"
            " by default.",
            "Divide the sum by gamma.",
        ),
        Mistake(
            "gamma fixed at 2",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + b) / 2),
            "You always halve, whatever `gamma` is handed over.",
            "Divide by `gamma`.",
        ),
        Mistake(
            "both fixed",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + 1) / 2),
            "`gamma` and `b` have no effect in yours: you always add 1 and halve.",
            "Add `b`, divide by `gamma`.",
        ),
        Mistake(
            "multiplied by gamma",
            answers.wired(lambda dim, gamma, b: abs(math.log2(dim) + b) * gamma),
            "You multiply by gamma. It is there to make the kernel shorter.",
            "Divide by gamma.",
        ),
        Mistake(
            "solved for the wrong side",
            answers.wired(lambda dim, gamma, b: abs(gamma * math.log2(dim) - b)),
            "You computed gamma * log2(dim) - b: the paper's equation for the channels, with the"
            " two sides exchanged.",
            "(log2(dim) + b) / gamma.",
        ),
        Mistake(
            "no absolute value",
            answers.wired(lambda dim, gamma, b: (math.log2(dim) + b) / gamma),
            "Where the sum is below 0 you return the least size. The bars in |log2(C) / gamma + b"
            " / gamma| make it positive first.",
            "`abs(...)` around the sum.",
        ),
        Mistake(
            "absolute value of the logarithm only",
            answers.wired(lambda dim, gamma, b: (abs(math.log2(dim)) + abs(b)) / gamma),
            "You take the absolute values one by one and add them. It is the absolute value of the"
            " sum.",
            "`abs(math.log2(dim) + b)`.",
        ),
        Mistake(
            "no least size",
            answers.wired(least=1),
            "For few channels you return 1. The paper's equation gives that; a kernel of 1 lets no"
            " channel talk to another, so timm takes 3 at least, and so do we.",
            "`max(3, ...)` around it.",
        ),
        Mistake(
            "5 at least",
            answers.wired(least=5),
            "You return 5 where 3 is enough.",
            "`max(3, ...)`.",
        ),
        Mistake(
            "min for max",
            lambda dim, gamma=2, b=1: min(3, answers.wired(least=1)(dim, gamma, b)),
            "Your kernel is never longer than 3: `min` stands where `max` belongs.",
            "At least 3 is `max(3, ...)`.",
        ),
        Mistake(
            "a tensor",
            lambda *given: torch.tensor(answers.kernel_size(*given)),
            "You return a tensor. The number is right, but a convolution wants a plain whole"
            " number for its kernel.",
            "`math.log2` and `int`, or `.item()` at the end.",
        ),
        Mistake(
            "a float",
            answers.wired(whole=math.floor, odd=lambda size: float(size if size % 2 else size + 1)),
            "You return a float. The number is right, but a convolution wants whole numbers for"
            " its kernel.",
            "`int(...)`.",
        ),
        Mistake(
            "always 3",
            lambda dim, gamma=2, b=1: 3,
            "You return 3 whatever the number of channels. Many networks are built so; here it"
            " grows.",
            "(log2(dim) + b) / gamma, cut off, made odd.",
        ),
    ),
    variants={
        "the nearest odd number": answers.to_the_nearest,
        "the lowest bit set": answers.lowest_bit,
        "counted up": answers.counted_up,
        "in torch": answers.in_torch,
    },
    forbid=(
        "course_lib.attention.eca_kernel_size",
        "course_lib.attention.EfficientChannelAttention",
    ),
    hints=(
        "On paper: 256 channels. The logarithm to the base 2 is 8; add 1, halve: 4.5. Which odd"
        " number is nearest?",
        "(log2(dim) + b) / gamma, its absolute value, cut off at the point. If that is even, add"
        " 1. And 3 at least.",
        "`size = int(abs(math.log2(dim) + b) / gamma)`, then `size if size % 2 else size + 1`,"
        " then `max(3, ...)`.",
    ),
)
