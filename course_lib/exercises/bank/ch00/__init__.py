"""Chapter 0: the machine, the small world, one exercise."""

from course_lib.exercises.bank.ch00.questions import QUESTIONS
from course_lib.exercises.bank.ch00.weighted_mean import WEIGHTED_MEAN

EXERCISES = (WEIGHTED_MEAN,)

__all__ = ["EXERCISES", "QUESTIONS"]
