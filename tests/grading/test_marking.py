"""One submission's answers, on their way to points: what is forgiven, and what is put aside."""

import dataclasses
import sys

import nbformat
import pytest
import torch

from course_lib.grading import marking
from course_lib.grading.assignment import whole_chapters
from course_lib.grading.grade import make_plan
from course_lib.grading.marking import mark
from course_lib.grading.reading.archives import File
from course_lib.grading.reading.collect import Submission
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.run import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="grading needs fork")
LIMITS = Limits(seconds=4)
ONE = dataclasses.replace(whole_chapters("1"), points={"stable-softmax": 2.0, "split-heads": 3.0})
RIGHT = """import torch
def softmax(scores):
    e = (scores - scores.amax(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)).exp()
    s = e.sum(-1, keepdim=True)
    return e / torch.where(s == 0, torch.ones_like(s), s)
"""
SPLIT = "def split_heads(x, heads):\n    return x.unflatten(-1, (heads, -1)).transpose(1, 2)\n"


@pytest.fixture(scope="module")
def workers():
    with Workers(limits=LIMITS) as workers:
        yield workers


def graded(workers, *cells, name="ada.ipynb"):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    submission = Submission("ada", (File(name, nbformat.writes(notebook).encode()),))
    return mark(submission, make_plan(ONE, "seed", LIMITS), workers)


def test_what_is_right_earns_its_points_and_nobody_need_look(workers):
    record = graded(workers, RIGHT, SPLIT)
    assert [result.status for result in record.exercises] == ["passed", "passed"] and record.points == 5
    assert record.look_at == ()


@pytest.mark.parametrize("cell, told", [
    ("while True: pass\nSTART = 2", "left out"),
    ("import time\nwhile True: time.sleep(1)", "left out"),
    ("import os\nSTART = 2\nos._exit(1)", "left out"),
])
def test_own_cells_that_never_end_do_not_take_the_answer_with_them(workers, cell, told):
    record = graded(workers, "FACTOR = 1", cell, RIGHT.replace("e / torch", "FACTOR * e / torch"))
    result = record.exercises[0]
    assert result.status == "passed" and any(told in message for message in result.messages)


def test_what_stands_under_main_runs_in_the_notebook_only(workers):
    record = graded(workers, "if __name__ == '__main__':\n    while True: pass", RIGHT)
    assert record.exercises[0].status == "passed" and not any("left out" in m for m in record.exercises[0].messages)


def test_a_dataclass_of_ones_own_works(workers):
    cell = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Two:\n    n: int = 2\nt = Two()"
    record = graded(workers, cell, RIGHT.replace("e / torch", "t.n / 2 * e / torch"))
    assert record.exercises[0].status == "passed" and not record.exercises[0].printed


@pytest.mark.parametrize("answer", [RIGHT.replace("    s =", "    patches.shape\n    s ="), "patches.shape\n" + RIGHT])
def test_why_a_name_of_the_lesson_is_not_there_is_told(workers, answer):
    result = graded(workers, answer).exercises[0]
    assert "patches" in result.finding.shows and "made in a cell of the lesson" in result.messages[-1]
    result = graded(workers, answer.replace("patches", "nowhere")).exercises[0]
    assert "nowhere" in result.finding.shows and not any("lesson" in message for message in result.messages)


def test_an_answers_cell_that_stops_below_its_function_is_told(workers):
    record = graded(workers, RIGHT + "print(undefined)")
    assert record.exercises[0].status == "passed" and "stopped with NameError" in record.exercises[0].printed


def test_what_no_answer_needs_is_put_before_a_person_and_costs_nothing(workers):
    record = graded(workers, "import gc\ngc.collect()", RIGHT, SPLIT)
    assert record.points == 5
    assert record.look_at == ("a cell of their own: `import gc` reads what Python keeps in memory",)


def test_what_can_get_round_a_rule_is_not_run_where_there_is_one(workers):
    record = graded(workers, RIGHT + "import sys\nsys.setprofile(None)\n", SPLIT)
    softmax = record.exercises[0]
    assert softmax.status == "failed" and softmax.finding.name == "undermines a rule"
    assert "sys.setprofile" in softmax.finding.shows
    assert record.look_at == ("1.1 A stable softmax: `sys.setprofile` changes what watches over calls",)


def test_what_was_printed_before_the_time_was_over_is_not_kept(workers):
    record = graded(workers, "def softmax(scores):\n    while True: print('again')")
    assert record.exercises[0].status == "stopped" and record.exercises[0].printed == ""


def test_the_lessons_import_of_the_name_is_no_answer(workers):
    record = graded(workers, "from course_lib.attention import split_heads\nundefined", "nowhere\n" + SPLIT)
    result = record.exercises[1]
    assert result.status == "broken" and "nowhere" in result.finding.shows and "the answer's own cell" in result.messages[-1]


def test_a_result_that_nobody_thought_of_ends_no_run(workers, monkeypatch):
    monkeypatch.setattr(marking, "compare", lambda *_, **__: torch.ones(2) @ torch.ones(3))
    record = graded(workers, RIGHT, SPLIT)
    assert [result.status for result in record.exercises] == ["failed", "failed"] and record.points == 0
    assert "put aside" in record.exercises[0].messages[-1] and "RuntimeError" in record.look_at[0]


def test_a_notebook_that_nobody_thought_of_ends_no_run(workers, monkeypatch):
    def stumble(*_):
        raise KeyError("cells")

    monkeypatch.setattr(marking, "find_answers", stumble)
    record = graded(workers, RIGHT, SPLIT)
    assert [result.status for result in record.exercises] == ["broken", "broken"]
    assert "KeyError" in record.look_at[0]


def test_a_file_name_in_no_encoding_has_a_digest(workers):
    assert graded(workers, RIGHT, name="\udcff.ipynb").digest != graded(workers, RIGHT).digest
