"""Chapter 1: dot-product attention."""

from course_lib.exercises.bank.ch01.additive_scores import ADDITIVE_SCORES
from course_lib.exercises.bank.ch01.classify_by_lookup import CLASSIFY_BY_LOOKUP
from course_lib.exercises.bank.ch01.merge_heads import MERGE_HEADS
from course_lib.exercises.bank.ch01.multi_head import MULTI_HEAD
from course_lib.exercises.bank.ch01.questions import QUESTIONS
from course_lib.exercises.bank.ch01.scaled_dot_product import SCALED_DOT_PRODUCT
from course_lib.exercises.bank.ch01.split_heads import SPLIT_HEADS
from course_lib.exercises.bank.ch01.stable_softmax import STABLE_SOFTMAX

EXERCISES = (
    STABLE_SOFTMAX,
    SCALED_DOT_PRODUCT,
    ADDITIVE_SCORES,
    SPLIT_HEADS,
    MERGE_HEADS,
    MULTI_HEAD,
    CLASSIFY_BY_LOOKUP,
)

__all__ = ["EXERCISES", "QUESTIONS"]
