"""Chapter 2: soft and hard attention."""

from course_lib.exercises.bank.ch02.exact_gradient import EXACT_GRADIENT
from course_lib.exercises.bank.ch02.gate_or_distribution import GATE_OR_DISTRIBUTION
from course_lib.exercises.bank.ch02.glimpse_at_the_border import GLIMPSE_AT_THE_BORDER
from course_lib.exercises.bank.ch02.questions import QUESTIONS
from course_lib.exercises.bank.ch02.reinforce_surrogate import REINFORCE_SURROGATE
from course_lib.exercises.bank.ch02.soft_pooling import SOFT_POOLING
from course_lib.exercises.bank.ch02.straight_through import STRAIGHT_THROUGH
from course_lib.exercises.bank.ch02.unbiased_baseline import UNBIASED_BASELINE

EXERCISES = (
    SOFT_POOLING,
    GATE_OR_DISTRIBUTION,
    REINFORCE_SURROGATE,
    UNBIASED_BASELINE,
    EXACT_GRADIENT,
    STRAIGHT_THROUGH,
    GLIMPSE_AT_THE_BORDER,
)

__all__ = ["EXERCISES", "QUESTIONS"]
