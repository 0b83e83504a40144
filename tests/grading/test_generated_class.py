"""Classes that are made up, forty students in mixed forms: the class itself."""

import math
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import course_lib.attention as lib
from course_lib.exercises.bank import all_exercises
from course_lib.exercises.judging import judge
from course_lib.paths import SOLUTIONS

sys.path.insert(0, str(Path(__file__).parent))
from generated.endless import HANGING  # noqa: E402
from generated.forms import FORMS, RUINS  # noqa: E402
from generated.slips import OF_FUNCTIONS, SLIPS  # noqa: E402
from generated.students import CHAPTERS, make_class  # noqa: E402
from generated.written import written  # noqa: E402

pytestmark = pytest.mark.skipif(not any(SOLUTIONS.glob("01_*.ipynb")), reason="a release has no solutions")
ANSWERS = [answer for number in CHAPTERS for answer in written(number)]


@pytest.fixture(scope="module")
def forty():
    return make_class(40, hanging=2, seed=2)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: f"{each.exercise}: {each.name}")
def test_an_answer_is_what_its_heading_says(answer):
    exercise = all_exercises()[answer.exercise]
    names = {"torch": torch, "nn": nn, "F": F, "lib": lib, "attend": lib.attend}
    names |= {"math": math} if exercise.chapter == 3 else {}  # what the lesson's set-up imports
    with redirect_stdout(StringIO()):
        exec(answer.source, names)
        verdict = judge(exercise, names[exercise.signature.split("(")[0]], seed=11, hidden=True)
    assert verdict.status == ("passed" if answer.right else "failed"), verdict.finding
    assert answer.right or verdict.finding.name == answer.name, verdict.finding


def test_the_class_meets_all_that_can_happen(forty):
    how = {story for each in forty for story in each.story.values()}
    assert {f"{'right' if each.right else 'wrong'}, {each.name}" for each in ANSWERS} <= how
    assert {"the solved edition's", *SLIPS, *OF_FUNCTIONS} <= how and len(how & set(HANGING)) == 2
    assert len({each.name for each in ANSWERS if each.right}) >= 8
    assert len({each.name for each in ANSWERS if not each.right}) >= 20
    assert {each.problem for each in forty} == {"", *(words for _, words in RUINS.values())}
    assert len(FORMS) == 7 and sum(each.hanging for each in forty) == 2


def test_the_same_seed_makes_the_same_class(forty):
    again = make_class(40, hanging=2, seed=2)
    assert [(each.name, each.files, each.expected) for each in again] == [
        (each.name, each.files, each.expected) for each in forty]
    assert [each.story for each in make_class(40, hanging=2, seed=1)] != [each.story for each in forty]
    with pytest.raises(ValueError, match="between 0 and size"):
        make_class(3, hanging=4)
