"""Chapter 4: self-attention and non-local blocks."""

from course_lib.exercises.bank.ch04.questions import QUESTIONS
from course_lib.exercises.bank.ch04.receptive_field import RECEPTIVE_FIELD

EXERCISES = (RECEPTIVE_FIELD,)

__all__ = ["EXERCISES", "QUESTIONS"]
