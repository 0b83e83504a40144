"""Exercise 7.8: how wide a network must be to have as many parameters as another."""

import torch

from course_lib.exercises.bank.ch07 import matching_width_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _among(g, low, high):
    """A whole number from low to high, both included."""
    return low + int(integers(g, 1, below=high - low + 1))


def _case(width, target, *, square=(9, 40), linear=(5, 60), constant=(0, 300), even=False):
    """The ranges to draw from; `target` is given g, the count and the width that was drawn."""

    def draw(g):
        numbers = [_among(g, *one) * (2 if even else 1) for one in (square, linear, constant)]
        count = answers.Parameters(*numbers)
        return {"count": count, "target": target(g, count, _among(g, *width))}

    return draw


def _exactly(g, count, width):
    return count(width)


def _just_above(g, count, width):
    """Nearer to this width than to the next."""
    gap = count(width + 1) - count(width)
    return count(width) + _among(g, gap // 8, gap // 3)


def _just_below(g, count, width):
    gap = count(width) - count(width - 1)
    return count(width) - _among(g, gap // 8, gap // 3)


def _short_of_the_middle(g, count, width):
    """One parameter short of the middle between two widths."""
    return (count(width) + count(width + 1) - 1) // 2


def _the_middle(g, count, width):
    return (count(width) + count(width + 1)) // 2


def _below_all(g, count, width):
    return _among(g, 1, count.constant)


_ENDS = (32, 63, 64, 99, 100, 127, 128, 255, 256, 511, 512, 999, 1000)


def _searched_up_to(last):
    return Mistake(
        f"searched up to {last}",
        answers.no_further_than(last + 1),
        f"For narrow networks all is right; but your search ends at a width of {last}.",
        "Go on until `count` has passed the target: `while count(width) < target`.",
    )


MATCHING_WIDTH = Exercise(
    id="matching-width",
    chapter=7,
    title="A width that matches",
    signature="matching_width(count, target)",
    points=3,
    difficulty=2,
    importance=4,
    minutes=10,
    reference=answers.matching_width,
    stages=(
        Stage(
            "met exactly",
            "One width has exactly the number of parameters that is asked for.",
            _case((4, 30), _exactly),
        ),
        Stage(
            "a little more",
            "The target lies between two widths, and the narrower is nearer.",
            _case((4, 30), _just_above),
        ),
        Stage(
            "a little less",
            "The target lies between two widths, and the wider is nearer.",
            _case((5, 30), _just_below),
        ),
        Stage(
            "short of the middle",
            "One parameter short of the middle between two widths: the narrower is nearer, if you"
            " count parameters.",
            _case((3, 9), _short_of_the_middle, square=(90, 200), linear=(1, 9), constant=(0, 9)),
        ),
        Stage(
            "the middle",
            "As far from one width as from the next: the smaller one is asked for.",
            _case((4, 30), _the_middle, even=True),
        ),
        Stage(
            "fewer than any",
            "Even a width of 1 has more parameters than the target. There is no smaller width.",
            _case((1, 1), _below_all, constant=(100, 300)),
        ),
        Stage(
            "wide",
            "A width of more than a thousand. How far do you search?",
            _case((1100, 1900), _just_above, square=(1, 9)),
        ),
        Stage(
            "a long line",
            "Parameters that grow by the same number with each channel.",
            _case((300, 900), _just_below, square=(0, 0), linear=(15, 90)),
        ),
        Stage(
            "another target",
            "Another network, another target.",
            _case((40, 200), _just_below, square=(3, 30), constant=(300, 900)),
            hidden=True,
        ),
        Stage(
            "fewer than any, another network",
            "Another network whose smallest width has too many parameters.",
            _case((1, 1), _below_all, constant=(300, 900)),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the largest that is not too large",
            answers.largest_below,
            "You return the widest network that does not exceed the target. The next wider one may"
            " be nearer to it.",
            "Compare both neighbours of the target, and take the nearer.",
        ),
        Mistake(
            "the first that is large enough",
            answers.large_enough,
            "You return the first width that reaches the target. The one before it may be nearer.",
            "Compare both neighbours of the target, and take the nearer.",
        ),
        Mistake(
            "one past the nearest",
            answers.result(lambda width, count: width + 1),
            "You return one more than the nearest width. Does the loop count on before it stops?",
            "Return the width of the step before.",
        ),
        Mistake(
            "a place in the list",
            answers.place_in_the_list,
            "You return one less than the nearest width: its place in a list that starts at width 1"
            " has number 0.",
            "Add 1, or take `min(range(1, ...), key=...)`, which returns the width itself.",
        ),
        Mistake(
            "the larger on a tie",
            answers.larger_on_a_tie,
            "Where two widths are equally near you return the larger one. The smaller is asked for.",
            "`<` in place of `<=` where you compare, or go through the widths from the smallest up.",
        ),
        Mistake(
            "a width of 0",
            answers.zero_too,
            "You return a width of 0. Such a network has no channels; the smallest width is 1.",
            "Begin the search at 1.",
        ),
        *(_searched_up_to(last) for last in _ENDS),
        Mistake(
            "multiples of 4",
            answers.in_steps_of(4),
            "You try multiples of 4 alone. Attention with four heads would want that; here every"
            " width is allowed.",
            "A step of 1.",
        ),
        Mistake(
            "multiples of 8",
            answers.in_steps_of(8),
            "You try multiples of 8 alone, as one often does for speed; here every width is"
            " allowed.",
            "A step of 1.",
        ),
        Mistake(
            "powers of two",
            answers.powers_of_two,
            "You try 1, 2, 4, 8 and so on. Doubling finds between which two powers the width lies;"
            " then look between them.",
            "Halve the interval until one width is left, or go through it one by one.",
        ),
        Mistake(
            "the first within 5 %",
            answers.within(0.05),
            "You return the first width that comes within 5 % of the target. A later one is nearer.",
            "Go on until the difference grows again.",
        ),
        Mistake(
            "the first within 1 %",
            answers.within(0.01),
            "You return the first width that comes within 1 % of the target. A later one is nearer.",
            "Go on until the difference grows again.",
        ),
        Mistake(
            "the first within 10 %",
            answers.within(0.1),
            "You return the first width that comes within 10 % of the target. A later one is nearer.",
            "Go on until the difference grows again.",
        ),
        Mistake(
            "nearest in proportion",
            answers.by(lambda n, t: max(n / t, t / n)),
            "Between two widths you go over to the wider one before the target has passed the middle"
            " of their counts. That is what comes of comparing ratios, differences divided by the"
            " count, square roots, or a width that was interpolated and rounded.",
            "Compare the plain differences, `abs(count(width) - target)`.",
        ),
        Mistake(
            "abs forgotten",
            answers.by(lambda n, t: n - t),
            "Your answer is 1 for every target: you look for the smallest difference, and the most"
            " negative is the smallest.",
            "`abs(count(width) - target)`",
        ),
        Mistake(
            "the largest difference",
            answers.largest_difference,
            "You look for the largest difference from the target, not for the smallest.",
            "`min` in place of `max`.",
        ),
        Mistake(
            "as the square",
            answers.as_the_square,
            "You take the root of target / count(1), as if all parameters grew with the square of"
            " the width. Biases and the first and the last layer do not.",
            "Ask `count` itself at several widths.",
        ),
        Mistake(
            "in proportion",
            answers.in_proportion,
            "You divide the target by count(1), as if a network twice as wide had twice the"
            " parameters. A layer from w to w channels has four times as many.",
            "Ask `count` itself at several widths.",
        ),
        Mistake(
            "the count",
            answers.result(answers.count_returned),
            "You return the number of parameters. The width that has them is asked for.",
            "Keep the width beside its count, and return the width.",
        ),
        Mistake(
            "the count as well",
            answers.result(answers.pair),
            "You return two numbers. The first is right; the count is not asked for.",
            "Return the width alone.",
        ),
        Mistake(
            "the difference beside it",
            answers.difference_first,
            "You return two numbers, the difference and the width.",
            "`[1]`: return the width alone.",
        ),
        Mistake(
            "the difference",
            lambda count, target: answers.difference_first(count, target)[0],
            "You return how far the nearest count is from the target, not the width that has it.",
            "`min(range(1, ...), key=...)` returns the width itself.",
        ),
        Mistake(
            "a place in the list, as a tensor",
            lambda count, target: torch.tensor(answers.place_in_the_list(count, target)),
            "You return a tensor, and one less than the nearest width: `argmin` gives a place in the"
            " list, and a list that starts at width 1 has its first number at 0.",
            "Add 1, and `.item()` at the end.",
        ),
        Mistake(
            "a float",
            answers.result(lambda width, count: float(width)),
            "You return a float. The number is right, but channels are counted in whole numbers.",
            "`//` in place of `/`, or `int(...)` at the end.",
        ),
        Mistake(
            "a tensor",
            answers.result(lambda width, count: torch.tensor(width)),
            "You return a tensor. The number is right, but a plain whole number is asked for.",
            "`.item()` at the end.",
        ),
    ),
    variants={
        "step by step": answers.step_by_step,
        "all of them": answers.all_of_them,
        "bisect": answers.by_bisect,
        "bit by bit": answers.bit_by_bit,
    },
    hints=(
        "`count` only grows. Which two widths are left to compare once it has passed the target?",
        "Go up from 1 until `count(width)` reaches the target. The answer is this width or the one"
        " before it, whichever count is nearer; there is none before 1.",
        "`while count(width) < target: width += 1`. Then compare `target - count(width - 1)` with"
        " `count(width) - target`, if width is not 1; `<=` gives a tie to the smaller.",
    ),
)
