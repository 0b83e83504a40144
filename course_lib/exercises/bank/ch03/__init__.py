"""Chapter 3: channel and spatial attention."""

from course_lib.exercises.bank.ch03.excite import EXCITE
from course_lib.exercises.bank.ch03.questions import QUESTIONS
from course_lib.exercises.bank.ch03.squeeze import SQUEEZE
from course_lib.exercises.bank.ch03.squeeze_excite import SQUEEZE_EXCITE

EXERCISES = (SQUEEZE, EXCITE, SQUEEZE_EXCITE)

__all__ = ["EXERCISES", "QUESTIONS"]
