"""Chapter 3: channel and spatial attention."""

from course_lib.exercises.bank.ch03.cbam_order import CBAM_ORDER
from course_lib.exercises.bank.ch03.eca import ECA
from course_lib.exercises.bank.ch03.eca_kernel import ECA_KERNEL
from course_lib.exercises.bank.ch03.excite import EXCITE
from course_lib.exercises.bank.ch03.gate_that_cannot_close import GATE_THAT_CANNOT_CLOSE
from course_lib.exercises.bank.ch03.questions import QUESTIONS
from course_lib.exercises.bank.ch03.squeeze import SQUEEZE
from course_lib.exercises.bank.ch03.squeeze_excite import SQUEEZE_EXCITE

EXERCISES = (
    SQUEEZE,
    EXCITE,
    SQUEEZE_EXCITE,
    ECA,
    ECA_KERNEL,
    CBAM_ORDER,
    GATE_THAT_CANNOT_CLOSE,
)

__all__ = ["EXERCISES", "QUESTIONS"]
