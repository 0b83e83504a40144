"""Chapter 5: the Vision Transformer."""

from course_lib.exercises.bank.ch05.class_token import CLASS_TOKEN
from course_lib.exercises.bank.ch05.interpolate_positions import INTERPOLATE_POSITIONS
from course_lib.exercises.bank.ch05.patch_embedding import PATCH_EMBEDDING
from course_lib.exercises.bank.ch05.patchify import PATCHIFY
from course_lib.exercises.bank.ch05.pre_norm_block import PRE_NORM_BLOCK
from course_lib.exercises.bank.ch05.questions import QUESTIONS
from course_lib.exercises.bank.ch05.rollout import ROLLOUT
from course_lib.exercises.bank.ch05.sincos_2d import SINCOS_2D
from course_lib.exercises.bank.ch05.unpatchify import UNPATCHIFY

EXERCISES = (
    PATCHIFY,
    UNPATCHIFY,
    PATCH_EMBEDDING,
    SINCOS_2D,
    CLASS_TOKEN,
    PRE_NORM_BLOCK,
    INTERPOLATE_POSITIONS,
    ROLLOUT,
)

__all__ = ["EXERCISES", "QUESTIONS"]
