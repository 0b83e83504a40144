"""Chapter 7: attention for segmentation."""

from course_lib.exercises.bank.ch07.attention_gate import ATTENTION_GATE
from course_lib.exercises.bank.ch07.gate_map import GATE_MAP
from course_lib.exercises.bank.ch07.questions import QUESTIONS
from course_lib.exercises.bank.ch07.skip_join import SKIP_JOIN

EXERCISES = (SKIP_JOIN, GATE_MAP, ATTENTION_GATE)

__all__ = ["EXERCISES", "QUESTIONS"]
