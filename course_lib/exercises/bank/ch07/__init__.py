"""Chapter 7: attention for segmentation."""

from course_lib.exercises.bank.ch07.attention_gate import ATTENTION_GATE
from course_lib.exercises.bank.ch07.fuse_scales import FUSE_SCALES
from course_lib.exercises.bank.ch07.gate_map import GATE_MAP
from course_lib.exercises.bank.ch07.matching_width import MATCHING_WIDTH
from course_lib.exercises.bank.ch07.questions import QUESTIONS
from course_lib.exercises.bank.ch07.shifted_mask import SHIFTED_MASK
from course_lib.exercises.bank.ch07.skip_join import SKIP_JOIN
from course_lib.exercises.bank.ch07.to_windows import TO_WINDOWS
from course_lib.exercises.bank.ch07.tokens_and_back import TOKENS_AND_BACK

EXERCISES = (
    SKIP_JOIN,
    GATE_MAP,
    ATTENTION_GATE,
    TOKENS_AND_BACK,
    TO_WINDOWS,
    SHIFTED_MASK,
    FUSE_SCALES,
    MATCHING_WIDTH,
)

__all__ = ["EXERCISES", "QUESTIONS"]
