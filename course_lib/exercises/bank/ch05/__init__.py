"""Chapter 5: the Vision Transformer."""

from course_lib.exercises.bank.ch05.patchify import PATCHIFY
from course_lib.exercises.bank.ch05.questions import QUESTIONS

EXERCISES = (PATCHIFY,)

__all__ = ["EXERCISES", "QUESTIONS"]
