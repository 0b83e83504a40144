"""Records to make papers from, with the names that break papers."""

import pytest

from course_lib.exercises.finding import Finding
from course_lib.grading.records import ExerciseResult, Record

NAMES = (
    "Ada Lovelace",
    'O\'Neill, "Kit", Jr.',
    "王小明",
    "  spaces  ",
    "=HYPERLINK(\"http://x\",\"y\")",
    "+1;=2+3",
    "-rf",
    "@SUM(A1)",
    "😀 Émile <b>&amp;",
    "tab\tand\nline\x00\x1b[31mred",
    "half \udc80 a letter",
    "../../etc/passwd",
    "",
)


@pytest.fixture(params=NAMES, ids=ascii)
def name(request):
    return request.param


@pytest.fixture
def names():
    return NAMES


@pytest.fixture
def result():
    """A function that makes a result; what is not given is that of an exercise that was solved."""
    def make(status="passed", **changes):
        values = {"id": "stable-softmax", "number": "1.1", "chapter": 1, "title": "A stable softmax", "of": 2.0,
                  "points": 2.0 if status == "passed" else 0.0, "stages": 5, "stages_passed": 5}
        if status == "failed":
            values |= {"stage": "large scores", "stages_passed": 2,
                       "finding": Finding("no shift", "It gives `nan` for 1000.", "Subtract the **largest**.")}
        return ExerciseResult(status=status, **{**values, **changes})
    return make


@pytest.fixture
def record(result):
    """A function that makes a record."""
    def make(student="Ada Lovelace", *results, **changes):
        values = {"title": "Chapter 1", "files": ("01.ipynb",), "digest": "0" * 64, "stamp": {"bank": "b1"},
                  "seconds": {"total": 1.5, "stable-softmax": 0.25}}
        return Record(student=student, exercises=results or (result(),), **{**values, **changes})
    return make


@pytest.fixture
def secret(result):
    """A failure in a hidden stage, with words of which no learner may read one."""
    return result("failed", stage="SECRETSTAGE", stage_hidden=True,
                  finding=Finding("SECRETNAME", "You gave SECRET1 where SECRET2 is right.", "SECRET3"))
