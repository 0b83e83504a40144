"""What is pointed out to a person, and what is not."""

import nbformat
import pytest

from course_lib.grading.conduct import odd_conduct
from course_lib.grading.reading.code import parse, source_of
from course_lib.paths import SOLUTIONS


@pytest.mark.parametrize("code, shown", [
    ("import gc", "`import gc` reads what Python keeps in memory"),
    ("import torch, ctypes as c", "`import torch, ctypes as c` reaches into memory"),
    ("from sys import setprofile as s", "changes what watches over calls"),
    ("def f(x):\n    os.fork()", "`os.fork` deals with processes or open files"),
    ("getattr(sys, 'setprofile')", "names in a string"),
    ("getattr(sys, 'set' + 'profile')", "`getattr(sys, 'set' + 'profile')` takes a name that is made up as it runs"),
    ("exec('x = 1')", "runs or reaches what is not written here"),
    ("from course_lib.exercises import shortcuts", "reaches for the watch"),
    ("import course_lib.grading.workers.worker as w", "reaches for the grader"),
    ("from course_lib.exercises.bank.ch01 import answers", "reaches for the exercises' answers"),
    ("attend.__code__", "takes functions apart"),
])
def test_what_no_answer_needs_is_pointed_out(code, shown):
    (odd,) = odd_conduct(code)
    assert shown in f"`{odd.code}` {odd.does}"


@pytest.mark.parametrize("code, undermines", [
    ("import gc\ngc.collect()", False), ("import gc\ngc.get_objects()", True), ("sys._getframe(1)", True),
    ("from course_lib.exercises.shortcuts import watch_for", True), ("import threading", False),
    ("getattr(sys, 'setprofile')(None)", True), ("getattr(sys, name)", False),
])
def test_what_can_get_round_a_rule_is_told_apart(code, undermines):
    assert any(odd.undermines for odd in odd_conduct(code)) == undermines


@pytest.mark.parametrize("code", [
    "model.eval()", "re.compile('x')", "getattr(x, 'shape')", "from course_lib.exercises import check",
    "import threadpoolctl", "x = 'the gc of it'", "from course_lib.attention import attend",
])
def test_what_is_ordinary_is_not(code):
    assert odd_conduct(code) == ()


@pytest.mark.skipif(not SOLUTIONS.exists(), reason="a release has no solutions")
def test_the_courses_own_answers_do_nothing_odd():
    answers = [cell for path in SOLUTIONS.glob("*.ipynb") for cell in nbformat.read(path, 4).cells
               if cell.cell_type == "code" and "exercise" in cell.metadata]
    assert len(answers) > 50
    assert {told for cell in answers for told in odd_conduct(source_of(parse(cell.source)))} == set()
