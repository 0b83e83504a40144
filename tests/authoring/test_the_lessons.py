"""The course's own lessons: in form, in step with their notebooks, their terms in the glossary."""

import pytest

from course_lib.authoring import build, check_glossary, lint, read_lesson
from course_lib.exercises.bank import all_exercises, all_questions
from course_lib.paths import CHAPTERS, SOLUTIONS

SOURCES = sorted(SOLUTIONS.glob("[0-9][0-9]_*.py"))
pytestmark = pytest.mark.skipif(not SOLUTIONS.exists(), reason="a release comes without solutions/")
each_lesson = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def test_there_are_lessons():
    assert SOURCES, f"no lesson in {SOLUTIONS}"


@each_lesson
def test_a_lesson_is_in_form(source):
    problems = lint(source, exercises=all_exercises(), questions=all_questions())
    assert not problems, "\n".join(map(str, problems))


@each_lesson
def test_the_notebooks_are_what_the_source_makes(source):
    problems = build([source.stem], check=True)
    assert not problems, "\n".join(map(str, problems))


def test_no_notebook_is_without_a_source():
    orphans = {path.stem for folder in (CHAPTERS, SOLUTIONS) for path in folder.glob("*.ipynb")}
    assert orphans == {source.stem for source in SOURCES}


def test_every_term_is_in_the_glossary():
    problems = check_glossary(CHAPTERS / "GLOSSARY.md", [read_lesson(source) for source in SOURCES])
    assert not problems, "\n".join(map(str, problems))
