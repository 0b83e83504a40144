"""Reading a lesson: cells, lines, ids, and what is refused."""

import pytest

from course_lib.authoring import LessonError, read_lesson


def ids(checkout):
    return {cell.source: cell.id for cell in read_lesson(checkout.source).cells}


def test_a_cell_knows_its_first_line_tags_and_exercise(lesson):
    checkout = lesson()
    lines = checkout.source.read_text(encoding="utf-8").splitlines()
    found = read_lesson(checkout.source)
    assert found.chapter == 2 and found.slug == "02_small"
    for cell in found.cells:
        shown = lines[cell.line - 1]
        assert cell.source.split("\n")[0] == (shown if cell.kind == "code" else shown.removeprefix("# "))
    exercise = next(cell for cell in found.cells if cell.exercise == "take-mean")
    assert exercise.tags == ("exercise",) and exercise.id == "ex-take-mean"


def test_a_cell_between_two_others_leaves_their_ids_alone(lesson):
    before = ids(lesson())
    after = ids(lesson(("# %% tags=[\"poke\"]", "# %%\nextra = 1\n\n# %% tags=[\"poke\"]")))
    assert before.items() < after.items() and len(after) == len(before) + 1


def test_an_id_is_of_the_chapter_and_the_text(lesson):
    here, there = ids(lesson()), ids(lesson(name="03_small"))
    assert not {id for id in here.values() if not id.startswith("ex-")} & set(there.values())
    assert all(len(id) <= 64 for id in here.values())


def test_twins_have_ids_of_their_own(lesson):
    text = "# %%\nx = 1\n\n# %%\nx = 1\n\n# %%\ny = 1\n"
    found = [cell.id for cell in read_lesson(lesson(text=text).source).cells]
    assert len(set(found)) == 3 and found[1] == found[0] + "-2"


def test_an_exercise_keeps_its_id_when_its_text_changes(lesson):
    assert "ex-take-mean" in ids(lesson(("def mean(x):", "def mean(values):"))).values()


def test_a_comment_is_never_taken_for_a_magic(lesson):
    text = "# %%\n# cat\n# %matplotlib inline\n# !ls\n"
    assert read_lesson(lesson(text=text).source).cells[0].source == "# cat\n# %matplotlib inline\n# !ls"


@pytest.mark.parametrize("name", ["2_small", "02-small", "02_Small"])
def test_a_file_name_is_refused(lesson, name):
    with pytest.raises(LessonError, match="NN_slug.py"):
        read_lesson(lesson(name=name).source)


@pytest.mark.parametrize(("old", "new", "said", "shown"), [
    ("# %% [markdown]", "import os\n\n# %% [markdown]", "begin with `# %%`", "import os"),
    ('tags=["poke"]', 'tag=["poke"]', r"unknown cell metadata \['tag'\]", "def shifted"),
    ('tags=["poke"]', "Poke it", r"unknown cell metadata \['title'\]", "def shifted"),
    ("# %% [markdown]", "# %% [raw]", "not raw ones", "# # 2"),
    (' exercise="take-mean"', "", "both tags", "def mean"),
    ('tags=["exercise"] exercise="take-mean"', 'exercise="take-mean"', "both tags", "def mean"),
    ('exercise="take-mean"', 'exercise="Take mean"', "lower-case words", "def mean"),
    ('exercise="take-mean"', 'exercise="' + "long-" * 12 + 'slug"', "lower-case words", "def mean"),
    ('exercise="take-spread"', 'exercise="take-mean"', "a second exercise cell", "def spread"),
])
def test_a_malformed_lesson_names_the_line_and_what_to_do(lesson, old, new, said, shown):
    checkout = lesson((old, new))
    with pytest.raises(LessonError, match=said) as caught:
        read_lesson(checkout.source)
    problem = caught.value.problem
    assert problem.file == checkout.source
    assert checkout.source.read_text(encoding="utf-8").splitlines()[problem.line - 1].startswith(shown)
    assert checkout.lint() == [problem]


@pytest.mark.parametrize("tags", ['"poke"', "[1]"])
def test_tags_are_a_list_of_strings(lesson, tags):
    with pytest.raises(LessonError, match="tags are a list of strings"):
        read_lesson(lesson(('tags=["poke"]', f"tags={tags}")).source)
