"""Chapter 2: soft and hard attention."""

from course_lib.exercises.bank.ch02.gate_or_distribution import GATE_OR_DISTRIBUTION
from course_lib.exercises.bank.ch02.questions import QUESTIONS
from course_lib.exercises.bank.ch02.reinforce_surrogate import REINFORCE_SURROGATE
from course_lib.exercises.bank.ch02.soft_pooling import SOFT_POOLING

EXERCISES = (
    SOFT_POOLING,
    GATE_OR_DISTRIBUTION,
    REINFORCE_SURROGATE,
)

__all__ = ["EXERCISES", "QUESTIONS"]
