"""From one lesson source to the learner's and the solved notebook.

source              read `solutions/NN_slug.py`
regions, editions   the two notebooks it makes
execute, outputs    run one, clean what it stores
check               hold built notebooks against their source
build               all of this, for `course build`
"""

from course_lib.authoring.build import build
from course_lib.authoring.problem import LessonError, Problem
from course_lib.authoring.source import Lesson, read_lesson

__all__ = ["Lesson", "LessonError", "Problem", "build", "read_lesson"]
