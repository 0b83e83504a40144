"""Which cell is the answer, wherever it went; and what runs with it."""

import ast
import json
from dataclasses import replace

import pytest

from course_lib.exercises.bank import all_exercises
from course_lib.grading.reading import code
from course_lib.grading.reading.answers import LessonCells, find_answers, read_lesson, sheets_of
from course_lib.grading.reading.archives import File
from course_lib.grading.reading.code import names_defined, parse, source_of, what_is_needed
from course_lib.grading.reading.sheets import Cell, Sheet
from course_lib.paths import CHAPTERS

BANK = all_exercises()
ONE = {"stable-softmax": BANK["stable-softmax"]}
STUB = '''def softmax(scores):
    # YOUR CODE HERE
    raise NotImplementedError("exercise stable-softmax")


check("stable-softmax", softmax)'''
RIGHT = '''def softmax(scores):
    shifted = scores - scores.amax(-1, keepdim=True)
    weights = shifted.exp()
    return weights / weights.sum(-1, keepdim=True)


check("stable-softmax", softmax)'''
GIVEN = {"c-setup": "import torch\nimport numpy as np\nfrom course_lib.exercises import check",
         "c-lesson": "demo = torch.ones(3)", "ex-stable-softmax": STUB}
OF_ANOTHER_CHAPTER = "softmax = torch.nn.Softmax(-1)\ntrain_for_hours(softmax)"
LESSON = LessonCells(
    GIVEN,
    parse("import torch\nimport numpy as np\nfrom course_lib.exercises import check\n\ndef helper(x):\n"
          "    return np.abs(x)\n\nviz.use_style()"),
    frozenset({*GIVEN.values(), OF_ANOTHER_CHAPTER}))


def sheet(*cells, name="ada.ipynb"):
    """Cells as (source, id, exercise)."""
    made = [Cell(id, exercise, source, position) for position, (source, id, exercise) in enumerate(cells, 1)]
    return Sheet(name, tuple(made))


def find(*cells):
    return find_answers([sheet(*cells)], ONE, LESSON)["stable-softmax"]


def mine(source=RIGHT):
    return (source, "ex-stable-softmax", "stable-softmax")


def result_of(found):
    """What the code defines, run here: these are the test's own strings."""
    space = {}
    for part in (found.setup, *found.helpers, found.answer):
        exec(part, space)
    return space


def test_the_answer_in_its_own_cell():
    found = find((LESSON.sources["c-setup"], "c-setup", ""), mine())
    assert (found.status, found.name, found.helpers, found.messages) == ("found", "softmax", (), ())
    assert "check" not in found.answer and "softmax" in result_of(found)


def test_another_chapters_notebook_is_another_kernel():
    """Its training cells must not run for an answer of this one."""
    other = sheet(("train()", "c-of-chapter-2", ""), ("mine = 1", "", ""), name="ada/02.ipynb")
    found = find_answers([other, sheet(("k = 2", "", ""), mine(), name="ada/01.ipynb"), other], ONE, LESSON)
    assert found["stable-softmax"].helpers == ("k = 2",)


def test_untouched_and_touched_stubs():
    assert find(mine(STUB)).status == "unattempted"
    assert find(mine(STUB.replace("# YOUR CODE HERE", "# hmm, later"))).status == "unattempted"
    assert find(mine(STUB.replace("raise", "x = 1\n    raise"))).status == "unattempted"


def test_nothing_there():
    found = find(("x = 1", "", ""))
    assert found.status == "missing" and "No cell defines `softmax`" in found.messages[0]
    found = find(("def other(): ...", "ex-se", "squeeze-excite"))
    assert "exercises of another chapter (squeeze-excite)" in found.messages[0]


@pytest.mark.parametrize("cells", [
    [(RIGHT, "", "")],                                               # ids and labels lost
    [(RIGHT, "xyz", ""), ("x = 1", "", "")],
    [("y = 2", "ex-stable-softmax", "stable-softmax"), (RIGHT, "k", "")],      # the label stuck to another cell
    [(RIGHT, "c-lesson", "")],                                       # written into a lesson's cell
    [(RIGHT, "ex-other", "another-exercise")],
    [("softmax = lambda scores: scores.softmax(-1)", "", "")],
])
def test_found_by_its_name(cells):
    found = find(*cells)
    assert found.status == "found" and "softmax" in result_of(found)
    assert "was found in cell" in found.messages[0]


def test_what_another_chapter_says_is_nobodys_answer_and_does_not_run():
    assert find((OF_ANOTHER_CHAPTER, "ch3-cell", "")).status == "missing"
    found = find((OF_ANOTHER_CHAPTER, "ch3-cell", ""), mine())
    assert found.status == "found" and found.helpers == ()


def test_an_import_is_an_answer_in_the_exercises_own_cell_alone():
    source = "from torch import softmax\n\ndef other(x):\n    return softmax(x)"
    assert find((source, "ex-other", "other")).status == "missing"
    assert find(mine(source)).status == "found"


def test_the_last_of_several_counts_and_it_is_said():
    second = RIGHT.replace("shifted.exp()", "shifted.exp() * 1")
    found = find(mine(), mine(second), mine(STUB))
    assert "* 1" in found.answer and "was written in 2 cells; the one in cell 2" in found.messages[0]


def test_a_labelled_cell_goes_before_a_copy_elsewhere():
    assert "shifted" in find(mine(), ("def softmax(scores):\n    return scores", "", "")).answer


def test_of_two_notebooks_the_later_counts():
    old, new = sheet(mine("def softmax(scores):\n    return 1"), name="a.ipynb"), sheet(mine(), name="a-1.ipynb")
    found = find_answers([old, new], ONE, LESSON)["stable-softmax"]
    assert "shifted" in found.answer and "a-1.ipynb" in found.messages[0]


def test_what_is_not_python():
    found = find(mine("def softmax(scores):\n    return (scores\n"))
    assert found.status == "broken"
    assert found.messages[0].startswith("Line 2 of cell 1 of ada.ipynb is not Python: ") and "`return (scores`" in found.messages[0]
    found = find(mine(), mine("def softmax(scores) return 1"))
    assert found.status == "found" and any("not Python" in message or "not python" in message
                                           for message in found.messages)
    assert find(mine("def softmax(scores):\n" + "    return " + "(" * 10_000)).status == "broken"
    assert find(mine("def softmax(s):\n    return '\0'")).status == "broken"


def test_magics_shell_lines_and_checks_are_taken_out():
    source = ("%%time\n%matplotlib inline\n!rm -rf /\nfiles = !ls\nimport torch\n" + RIGHT
              + '\nhint("stable-softmax")\nsoftmax?\nprint("mine")')
    found = find(mine(source))
    assert found.status == "found"
    for gone in ("get_ipython", "check", "hint", "rm -rf"):
        assert gone not in found.answer
    assert "print('mine')" in found.answer


DEEP = {
    "a sum": "s" + " + 1" * 999,
    "brackets": "s" + "[0]" * 999,
    "signs": "-" * 999 + "s",
    "a sum that is not parsed": "s" + " + 1" * 9_999,
}


@pytest.mark.parametrize("kind", DEEP)
def test_syntax_as_deep_as_a_well_breaks_this_cell_alone(kind):
    found = find(mine(f"def softmax(s):\n    return {DEEP[kind]}"))
    assert found.status == "broken" and "cell 1 of" in found.messages[0].lower()
    assert find((f"s = 1\nx = {DEEP[kind]}", "own", ""), mine()).status == "found"


def test_syntax_that_is_just_deep_enough_is_read_on_a_deep_stack():
    source = "def softmax(s):\n    if s: pass\n" + "    elif s: pass\n" * 140 + "    return s"

    def below(n):
        return below(n - 1) if n else find(mine(source))

    assert below(200).status == "found"


def test_magics_without_end_cost_no_time_without_end():
    """IPython reads a cell once more for each of its magics."""
    read = []

    class Counted(code._Transformer):
        def do_one_token_transform(self, lines):
            read.append(len(lines))
            return super().do_one_token_transform(lines)

    for source in ("a?\n" * 1_600, "a?\n" * 30_000, "%magic\n" * 700):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(code, "_Transformer", Counted)
            assert find((source, "own", ""), mine()).status == "found"
    assert len(read) <= 2 * 21


def test_no_more_code_than_a_person_writes():
    cells = [{"cell_type": "code", "metadata": {}, "source": "x" * 45_000} for _ in range(5)]
    data = json.dumps({"cells": cells, "nbformat": 4}).encode()
    *first, last = sheets_of([File(f"{name}.ipynb", data) for name in "abcde"])
    assert [len(each.cells) for each in first] == [5] * 4 and not last.cells and "left out" in last.problems[0]


def test_labels_are_told_in_a_few_plain_letters():
    label = "../../<script>\x1b[31m" + "a" * 10_000
    message, = find(("def other(): ...", "x", label)).messages
    assert message.isprintable() and len(message) < 300


def test_a_cell_of_another_language_is_no_answer():
    assert find(mine("%%bash\nsoftmax() { echo; }")).status == "missing"


def test_own_cells_are_helpers_and_the_lessons_are_not():
    found = find(("import torch\nprint('setup, changed')", "c-setup", ""), ("demo = torch.ones(3)", "c-lesson", ""),
                 ("SCALE = 2\n\ndef mine(x):\n    return SCALE * x", "own", ""), mine(),
                 ("def after(x):\n    return x\n\nlong = after(3)", "", ""))
    setup, before, after = found.helpers                              # of a changed set-up, its imports
    assert setup == "import torch" and "SCALE = 2" in before and "long = after(3)" in after
    space = result_of(found)
    assert space["mine"](3) == 6


def test_of_a_changed_lesson_cell_only_what_it_defines_runs():
    found = find(("import math\ntrain_for_hours()\n\ndef trick(x):\n    return x", "c-lesson", ""), mine())
    helper, = found.helpers
    assert "import math" in helper and "trick" in helper and "train_for_hours" not in helper


def test_a_lesson_cell_that_lost_its_id_is_still_the_lessons():
    assert find(("demo = torch.ones(3)", "", ""), mine()).helpers == ()


def test_other_answers_lend_what_they_define():
    both = {**ONE, "sharpness": replace(BANK["stable-softmax"], id="sharpness", signature="sharp(x)")}
    cells = [mine(), ("def sharp(x):\n    return softmax(x)\n\nsharp(explode)", "ex-sharpness", "sharpness")]
    found = find_answers([sheet(*cells)], both, LESSON)["sharpness"]
    helper, = found.helpers
    assert "def softmax" in helper and "explode" in found.answer


def test_only_what_is_needed_of_the_set_up():
    assert find(mine()).setup == ""
    assert find(mine(RIGHT.replace("shifted.exp()", "torch.exp(shifted)"))).setup == "import torch"
    found = find(mine(RIGHT.replace("shifted.exp()", "helper(shifted)")))
    assert "import numpy as np" in found.setup and "def helper" in found.setup and "viz" not in found.setup


def test_a_name_that_is_set_beside_another_is_there_too():
    setup = parse("import data\nimages, (labels, *rest) = data.load()\nTWICE = labels * 2\nother = 1")
    assert "TWICE" not in source_of(what_is_needed(setup, [parse("images")]))
    assert source_of(what_is_needed(setup, [parse("TWICE")])) == "\n".join(source_of(setup).splitlines()[:3])
    assert names_defined(parse("a, (b, *c) = 1, (2, 3)\nd[e] = 4\nf.g = 5\nh += 1")) == {"a", "b", "c", "h"}


@pytest.mark.parametrize("notebook", sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb")), ids=lambda path: path.stem[:2])
def test_whatever_code_asks_for_of_a_set_up_what_runs_of_it_is_whole(notebook):
    def names(node, kind):
        return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, kind)}

    def given(module):
        """The names that its own statements set, whatever kind of statement."""
        functions = (ast.FunctionDef, ast.ClassDef)
        return {name for each in module.body for name in ({each.name} if isinstance(each, functions) else names(each, ast.Store))}

    setup = read_lesson(notebook).setup
    for name in given(setup):
        part = what_is_needed(setup, [parse(name)])
        assert names(part, ast.Load) & given(setup) <= given(part), name


def chapters_with_exercises():
    return sorted(path for path in CHAPTERS.glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("notebook", chapters_with_exercises(), ids=lambda path: path.stem[:2])
def test_every_exercise_is_open_in_the_learners_edition_and_found_in_the_solved_one(notebook):
    from course_lib.grading.reading.sheets import read_sheet

    lesson = read_lesson(notebook)
    exercises = {id: e for id, e in BANK.items() if e.chapter == int(notebook.stem[:2])}
    untouched = find_answers([read_sheet(notebook.name, notebook.read_bytes())], exercises, lesson)
    assert {found.status for found in untouched.values()} == {"unattempted"}
    solved = CHAPTERS.parent / "solutions" / notebook.name
    if not solved.exists():
        pytest.skip("a release has no solutions")
    answers = find_answers([read_sheet(solved.name, solved.read_bytes())], exercises, lesson)
    assert {found.status for found in answers.values()} == {"found"}
    for found in answers.values():
        assert found.messages == ()
        for part in (found.setup, *found.helpers, found.answer):
            ast.parse(part)
            assert part == source_of(parse(part))
