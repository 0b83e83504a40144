"""Chapter 5: the Vision Transformer."""

from course_lib.exercises.bank.ch05.patch_embedding import PATCH_EMBEDDING
from course_lib.exercises.bank.ch05.patchify import PATCHIFY
from course_lib.exercises.bank.ch05.questions import QUESTIONS
from course_lib.exercises.bank.ch05.unpatchify import UNPATCHIFY

EXERCISES = (
    PATCHIFY,
    UNPATCHIFY,
    PATCH_EMBEDDING,
)

__all__ = ["EXERCISES", "QUESTIONS"]
