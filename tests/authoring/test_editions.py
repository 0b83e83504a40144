"""The two editions: what they share, where they differ, and malformed regions."""

import pytest

from course_lib.authoring import LessonError, read_lesson
from course_lib.authoring.editions import make_edition


def both(checkout):
    found = read_lesson(checkout.source)
    return [make_edition(found, edition).cells for edition in ("learner", "solved")]


MEAN = "    # BEGIN SOLUTION\n    return x.sum() / len(x)\n    # END SOLUTION\n"
BEGIN = "# BEGIN SOLUTION"


def exercise(cells, slug):
    return next(cell.source for cell in cells if cell.id == f"ex-{slug}")


def test_they_differ_in_exercises_and_instructor_cells_only(lesson):
    learner, solved = both(lesson())
    shared = [cell for cell in solved if "instructor" not in cell.metadata.get("tags", [])]
    assert len(shared) == len(solved) - 2 and len(learner) == len(shared)
    for ours, theirs in zip(learner, shared, strict=True):
        assert (ours.id, ours.cell_type, ours.metadata) == (theirs.id, theirs.cell_type, theirs.metadata)
        assert (ours.source == theirs.source) != ours.id.startswith("ex-")


def test_the_default_stub_names_the_exercise(lesson):
    learner, solved = both(lesson())
    assert exercise(learner, "take-mean") == (
        'def mean(x):\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise take-mean")\n\n'
        'check("take-mean", mean)')
    assert exercise(solved, "take-mean") == (
        'def mean(x):\n    return x.sum() / len(x)\n\ncheck("take-mean", mean)')


def test_a_written_stub_takes_the_solutions_place(lesson):
    learner, solved = both(lesson())
    assert exercise(learner, "take-spread") == (
        "def spread(x):\n    centred = ...\n\n    return centred    # the spread\n\n"
        'check("take-spread", spread)')
    assert exercise(solved, "take-spread") == (
        "def spread(x):\n    centred = x - x.mean()\n    return centred.square().mean().sqrt()\n\n"
        'check("take-spread", spread)')


def test_a_stub_keeps_the_indent_and_comments(lesson):
    stub = "    # order these lines\n    #| if x:\n    #|     centred = 1\n"
    learner, _ = both(lesson(("    #| centred = ...\n", stub)))
    assert "    # order these lines\n    if x:\n        centred = 1\n" in exercise(learner, "take-spread")


def test_a_cell_may_have_two_regions(lesson):
    second = "\n\ndef half(x):\n" + MEAN.replace("x.sum() / len(x)", "x / 2") + "\ncheck(\"take-mean\""
    learner, solved = both(lesson(("\ncheck(\"take-mean\"", second)))
    assert exercise(learner, "take-mean").count("YOUR CODE HERE") == 2
    assert "return x / 2" in exercise(solved, "take-mean")


def test_no_solution_is_left_in_the_learners_edition(lesson):
    learner, solved = both(lesson())
    texts = "\n".join(cell.source for cell in learner)
    for word in ("x.sum()", "square", "SOLUTION", "STUB", "#|", "median"):
        assert word not in texts
    assert not any(word in cell.source for cell in solved for word in ("SOLUTION", "STUB", "#|", "YOUR CODE"))


@pytest.mark.parametrize(("old", "new", "said", "shown"), [
    (MEAN, MEAN.replace("    # END SOLUTION\n", ""), "never closed", "# BEGIN SOLUTION"),
    (MEAN, MEAN.replace("    # BEGIN SOLUTION\n", ""), "without a `# BEGIN SOLUTION`", "# END SOLUTION"),
    (MEAN, MEAN.replace("    return", "    # BEGIN SOLUTION\n    return"), "inside a region", BEGIN),
    (MEAN, "    # STUB\n" + MEAN, "outside a region", "# STUB"),
    (MEAN, MEAN.replace("    return x.sum() / len(x)\n", ""), "holds no solution", "# BEGIN SOLUTION"),
    (MEAN, MEAN.replace("BEGIN SOLUTION", "BEGIN SOLUTIONS"), "nearly a marker", "# BEGIN SOLUTIONS"),
    (MEAN, MEAN.replace("# END SOLUTION", "### END SOLUTION"), "nearly a marker", "### END SOLUTION"),
    (MEAN, MEAN.replace("# BEGIN", "# begin"), "nearly a marker", "# begin SOLUTION"),
    (MEAN, MEAN.replace("    # END", "    # stub:\n    # END"), "nearly a marker", "# stub:"),
    (MEAN, MEAN.replace("    # END", "    # STUB\n    return 1\n    # END"), "as `#| code`", "return 1"),
    (MEAN, MEAN.replace("    # END", "    # STUB\n    # END"), "nothing follows", "# STUB"),
    (MEAN, MEAN.replace("    # END", "    # STUB\n    #| x\n    # STUB\n    # END"), "a second", "# STUB"),
    (MEAN, MEAN.replace("    # END", "    # STUB\n    #| (\n    # END"), "learner edition", "def mean"),
    (MEAN, MEAN.replace("len(x)", "len(x"), "edition this cell is not Python", "def mean(x):"),
    ("# Write `mean(x)`.", "# # BEGIN SOLUTION\n# x\n# # END SOLUTION", "outside an exercise", "# ### Exer"),
    ("def shifted(by):\n", "def shifted(by):\n" + MEAN, "outside an exercise cell", "def shifted(by):"),
    ("noise = torch.randn(5)", "%timeit torch.randn(5)", "is not Python", "torch.manual_seed(0)"),
])
def test_a_malformed_region_names_the_line_and_what_to_do(lesson, old, new, said, shown):
    checkout = lesson((old, new))
    with pytest.raises(LessonError, match=said) as caught:
        both(checkout)
    problem = caught.value.problem
    assert problem.file == checkout.source
    lines = checkout.source.read_text(encoding="utf-8").splitlines()
    assert lines[problem.line - 1].strip().startswith(shown)
    assert [found.message for found in checkout.lint()].count(problem.message) == 1
