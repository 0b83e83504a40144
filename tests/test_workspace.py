"""work/ belongs to the learner: nothing in it is ever overwritten, and `reset` keeps what it replaces."""

import re

import nbformat
import pytest

from course_lib import workspace


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A course of two chapters and a glossary, and an empty work folder: (chapters, work)."""
    chapters, work = tmp_path / "chapters", tmp_path / "work"
    chapters.mkdir()
    for name in ("01_first", "02_second_chapter"):
        cells = [nbformat.v4.new_markdown_cell(name)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), chapters / f"{name}.ipynb")
    (chapters / "GLOSSARY.md").write_text("terms")
    monkeypatch.setattr(workspace, "CHAPTERS", chapters)
    monkeypatch.setenv("COURSE_WORK", str(work))
    return chapters, work


def test_fill_copies_everything_once(course):
    chapters, work = course
    assert workspace.fill().new == ["01_first.ipynb", "02_second_chapter.ipynb", "GLOSSARY.md"]
    assert (work / "01_first.ipynb").read_bytes() == (chapters / "01_first.ipynb").read_bytes()
    assert workspace.fill() == workspace.Copied(new=[], outdated=[])


def test_fill_overwrites_nothing(course):
    chapters, work = course
    work.mkdir()
    (work / "01_first.ipynb").write_text("mine")
    workspace.fill()
    (work / "GLOSSARY.md").write_text("my notes")
    for page in chapters.iterdir():
        page.write_text("{}")
    workspace.fill()
    assert (work / "01_first.ipynb").read_text() == "mine"
    assert (work / "GLOSSARY.md").read_text() == "my notes"


def test_fill_tells_of_a_newer_edition(course):
    chapters, work = course
    workspace.fill()
    (chapters / "01_first.ipynb").write_text("{}")
    assert workspace.fill().outdated == ["01_first.ipynb"]


def test_reset_keeps_the_old_one_with_its_time(course):
    chapters, work = course
    workspace.fill()
    (work / "01_first.ipynb").write_text("mine")
    fresh, kept = workspace.reset(workspace.find_chapter("1"))
    assert fresh.read_bytes() == (chapters / "01_first.ipynb").read_bytes()
    assert kept.read_text() == "mine"
    assert re.fullmatch(r"01_first\.\d{4}-\d\d-\d\d-\d{6}\.ipynb", kept.name)
    assert kept.parent == work


def test_two_resets_in_one_second_keep_both(course):
    workspace.fill()
    kept = []
    for text in ("first", "second"):
        (course[1] / "01_first.ipynb").write_text(text)
        kept.append(workspace.reset(workspace.find_chapter("1"))[1])
    assert [path.read_text() for path in kept] == ["first", "second"]


def test_reset_of_what_is_not_there_only_copies(course):
    fresh, kept = workspace.reset(workspace.find_chapter("01_first"))
    assert fresh.is_file() and kept is None


def test_reset_settles_a_newer_edition(course):
    workspace.fill()
    (course[0] / "GLOSSARY.md").write_text("more terms")
    workspace.reset(workspace.find_chapter("GLOSSARY.md"))
    assert workspace.fill().outdated == []


def test_copies_are_trusted(course):
    workspace.fill()
    copy = nbformat.read(course[1] / "01_first.ipynb", as_version=4)
    assert nbformat.sign.NotebookNotary().check_signature(copy)


@pytest.mark.parametrize("name", ["2", "02", "02_second_chapter", "second", "02_second_chapter.ipynb"])
def test_a_chapter_goes_by(course, name):
    assert workspace.find_chapter(name).stem == "02_second_chapter"


@pytest.mark.parametrize(("name", "near"), [("9", "01_first, 02_second_chapter"), ("0", "01_first"),
                                            ("frist", "01_first")])
def test_no_single_chapter(course, name, near):
    with pytest.raises(LookupError, match=near):
        workspace.find_chapter(name)
