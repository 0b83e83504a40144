"""From one lesson source to the learner's and the solved notebook, and rules for what a lesson looks like.

source              read `solutions/NN_slug.py`
regions, editions   the two notebooks it makes
execute, outputs    run one, clean what it stores
check               hold built notebooks against their source
build               all of this, for `course build`
lint, rules/        the form of a lesson; page and calls are what the rules look at
glossary            the terms that lessons introduce, and the table of them
"""

from course_lib.authoring.build import build
from course_lib.authoring.glossary import check_glossary, glossary_terms
from course_lib.authoring.lint import lint
from course_lib.authoring.problem import LessonError, Problem
from course_lib.authoring.source import Lesson, read_lesson

__all__ = [
    "Lesson", "LessonError", "Problem", "build", "check_glossary", "glossary_terms", "lint", "read_lesson",
]
