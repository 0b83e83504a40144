"""Exercise 0.1: the weighted mean, which is all that attention does in the end."""

import torch

from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def weighted_mean(weights, values):
    return weights @ values / weights.sum()


def _by_loop(weights, values):
    total = torch.zeros_like(values[0])
    for weight, value in zip(weights, values, strict=True):
        total = total + weight * value
    return total / sum(weights)


def _case(m, c):
    return lambda g: {"weights": uniform(g, m, low=0.2, high=3.0), "values": normal(g, m, c)}


WEIGHTED_MEAN = Exercise(
    id="weighted-mean",
    chapter=0,
    title="A weighted mean",
    signature="weighted_mean(weights, values)",
    points=1,
    difficulty=1,
    importance=5,
    minutes=3,
    reference=weighted_mean,
    stages=(
        Stage(
            "one value",
            "There is one value only. Its mean is the value itself, whatever weight it carries.",
            _case(1, 3),
        ),
        Stage(
            "equal weights",
            "All weights are equal here, so the answer is the plain mean of the rows.",
            lambda g: {"weights": uniform(g, 1, low=0.5, high=2.0).repeat(4), "values": normal(g, 4, 2)},
        ),
        Stage(
            "two values",
            "Two values with unequal weights: the result lies between them, nearer to the heavier.",
            _case(2, 3),
        ),
        Stage("many values", "More values than numbers in each: the mean runs over the rows.", _case(7, 2)),
        Stage(
            "heavy weights",
            "Weights in the hundreds: only their proportions may matter.",
            lambda g: {"weights": uniform(g, 5, low=100, high=900), "values": normal(g, 5, 3)},
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "a sum, not a mean",
            lambda weights, values: weights @ values,
            "You add up weight times value and stop there. Twice the weights would give twice the answer, and"
            " a mean does not do that.",
            "What must the sum be divided by, so that a single value comes out as itself?",
        ),
        Mistake(
            "divided by the count",
            lambda weights, values: (weights[:, None] * values).mean(0),
            "You divide by how many values there are. That is right only when the weights happen to add up to"
            " their number.",
            "A value of weight 2 counts as two values. How many values are there then, in all?",
        ),
        Mistake(
            "weights ignored",
            lambda weights, values: values.mean(0),
            "This is the plain mean: every value counts the same, and the weights have no say.",
            "Multiply each row of `values` by its own weight first.",
        ),
        Mistake(
            "the heaviest only",
            lambda weights, values: values[weights.argmax()],
            "You return the value with the largest weight and drop all others. That is a lookup; a mean"
            " blends.",
            "Every row takes part, in proportion to its weight.",
        ),
        Mistake(
            "softmax of the weights",
            lambda weights, values: weights.softmax(0) @ values,
            "You put the weights through a softmax. They are weights already: a value of weight 2 should"
            " count twice as much as one of weight 1, and after a softmax it counts e times as much.",
            "Divide by the sum of the weights, without the exponential.",
        ),
        Mistake(
            "divided twice",
            lambda weights, values: weights @ values / weights.sum() / len(weights),
            "You divide by the sum of the weights and then by the number of values as well.",
            "One division is enough. `mean` divides too: did you use it in place of `sum`?",
        ),
    ),
    variants={
        "loop": _by_loop,
        "einsum": lambda weights, values: torch.einsum("m,mc->c", weights, values) / weights.sum(),
        "normalised first": lambda weights, values: ((weights / weights.sum())[:, None] * values).sum(0),
        "float64 inside": (
            lambda weights, values: (weights.double() @ values.double() / weights.double().sum()).float()
        ),
    },
    hints=(
        "If one value has weight 2, it counts as if it stood there twice.",
        (
            "Multiply each row of `values` by its weight, add the rows up, and divide by what the weights add"
            " up to."
        ),
        (
            "`(weights[:, None] * values).sum(0)` is the upper half of the fraction. `weights.sum()` is the"
            " lower."
        ),
    ),
)
