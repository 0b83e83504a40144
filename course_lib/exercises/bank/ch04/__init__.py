"""Chapter 4: self-attention and non-local blocks."""

from course_lib.exercises.bank.ch04.dot_product_normalizer import DOT_PRODUCT_NORMALIZER
from course_lib.exercises.bank.ch04.non_local_block import NON_LOCAL_BLOCK
from course_lib.exercises.bank.ch04.non_local_loops import NON_LOCAL_LOOPS
from course_lib.exercises.bank.ch04.questions import QUESTIONS
from course_lib.exercises.bank.ch04.receptive_field import RECEPTIVE_FIELD
from course_lib.exercises.bank.ch04.space_time import SPACE_TIME
from course_lib.exercises.bank.ch04.swapped_axes import SWAPPED_AXES
from course_lib.exercises.bank.ch04.theta_phi_g import THETA_PHI_G

EXERCISES = (
    RECEPTIVE_FIELD,
    NON_LOCAL_LOOPS,
    DOT_PRODUCT_NORMALIZER,
    THETA_PHI_G,
    NON_LOCAL_BLOCK,
    SPACE_TIME,
    SWAPPED_AXES,
)

__all__ = ["EXERCISES", "QUESTIONS"]
