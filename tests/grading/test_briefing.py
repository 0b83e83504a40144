"""What the instructor reads after `course collect` and `course grade`: who is missing, late, or to be looked at."""

import json
import shutil

import nbformat
import pytest

from course_lib import cli
from course_lib.grading.briefing import describe_class
from course_lib.grading.exports.canvas_book import GradebookError
from course_lib.grading.reading.answers import Found
from course_lib.grading.reading.collect import Submission
from course_lib.grading.reading.handed_in import _attempted
from course_lib.grading.roster import Roll, call_the_roll, read_roster
from course_lib.paths import CHAPTERS, SOLUTIONS


def test_a_class_in_which_nothing_is_odd(record):
    assert describe_class([record("Ada"), record("Bob")]) == "2 submissions, 2.0 of 2 points on average"


def test_everything_that_a_person_should_see(record, result):
    told = describe_class(
        [record("Ada", late=True), record("Bob", result("missing"), problems=("Bob.ipynb is no notebook",)),
         record("Eve", look_at=("1.1: reads frames",)), record("Joe", result("stopped"), result("broken"))],
        ["x.ipynb belongs to nobody"], Roll(5, ("Kim", "Zoe"), (("Eve", "the list has no such student"),)))
    assert told.splitlines() == [
        "4 submissions, 1.0 of 2 or 4 points on average",
        "Not handed in, 2 of 5: Kim; Zoe",
        "Not on the list: Eve: the list has no such student",
        "Late: Ada",
        "To look at by hand, 2 submissions:",
        "  Bob: Bob.ipynb is no notebook",
        "  Eve: 1.1: reads frames",
        "Nobody's: x.ipynb belongs to nobody",
        "Answers that could not run: 1; that were stopped: 1. class.html says whose."]


def test_a_terminal_is_not_written_to_by_learners_and_not_flooded(record, name):
    told = describe_class([record(f"{name}{i}", problems=(f"{name}\nforged: line" * 99,), late=True) for i in range(99)],
                          roll=Roll(200, (f"{name}\n",) * 200, ()))
    assert "\x1b" not in told and len(told.splitlines()) == 1 + 1 + 1 + 1 + 12 + 1 and len(told) < 12_000
    assert "and 87 more" in told and "and 164 more" in told


def test_a_class_that_was_packed_as_one_student_is_suspected(record, place, capsys):
    whole = record("subs", files=("subs/ada.ipynb", "subs/bob.ipynb"))
    assert "those of one student, subs. If" in describe_class([whole])
    assert "one student" not in describe_class([whole, record("Bob")]) + describe_class([record("Ada")])
    (place / "handed in").mkdir()
    shutil.make_archive(str(place / "handed in/class"), "zip", place / "in")
    assert cli.main(["collect", str(place / "handed in"), "--chapters", "0"]) == 0
    told = capsys.readouterr().out
    assert "1 student handed in.\nAll files were taken for those of one student, class." in told


def test_the_roll_of_a_list_of_names(tmp_path):
    (tmp_path / "class.txt").write_bytes("\ufeffLovelace, Ada\n\n  王小明  \r\nGrace Hopper\nbob\n".encode())
    handed_in = [Submission(student, ()) for student in ("Ada Lovelace", "王小明", "lovelaceada2", "BOB")]
    roll = call_the_roll(handed_in, read_roster(tmp_path / "class.txt"))
    assert roll == Roll(4, ("Grace Hopper",), (("lovelaceada2", "the list has no such student"),))


def test_the_roll_of_a_gradebook(tmp_path):
    (tmp_path / "class.csv").write_text('Student,ID,SIS Login ID,Section,Week 3 (9)\n"    Points Possible",,,,3\n'
                                        '"Lovelace, Ada",11,ada,A,\n"Hopper, Grace",12,grace,A,\n', encoding="utf-8")
    roll = call_the_roll([Submission("hoppergrace", (), lms_id="12")], read_roster(tmp_path / "class.csv"))
    assert roll == Roll(2, ("Lovelace, Ada",), ())


@pytest.mark.parametrize(("name", "data", "words"), [
    ("class.txt", b" \n", "nobody in"), ("class.txt", b"\xff\xfe\x00", "not a text file in UTF-8"),
    ("class.csv", b"Ada\nBob\n", "goes into a .txt file")])
def test_a_list_that_is_none(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises((ValueError, GradebookError), match=words):
        read_roster(tmp_path / name)


def test_a_notebook_in_which_some_cells_are_lost():
    found = {id: Found(status, id) for id, status in enumerate(["found", "broken", "unattempted", "missing"])}
    assert _attempted(found) == "2 of 4 attempted, 1 not found"


@pytest.fixture
def place(tmp_path):
    if not SOLUTIONS.exists():
        pytest.skip("a release has no solutions")
    (tmp_path / "in").mkdir()
    for student, folder in (("ada", SOLUTIONS), ("bob", CHAPTERS)):
        notebook = nbformat.read(folder / "00_start_here.ipynb", as_version=4)
        nbformat.write(notebook, tmp_path / "in" / f"{student}.ipynb")
    (tmp_path / "in" / "eve.ipynb").write_text("{")
    (tmp_path / "in" / "kim.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    (tmp_path / "class.txt").write_text("Ada\nbob\nzoe\neve\nkim")
    return tmp_path


def test_collect_says_who_handed_in_what_and_runs_nothing(place, capsys, monkeypatch):
    monkeypatch.setattr("course_lib.grading.workers.run.Workers.__enter__", None)
    typed = ["collect", str(place / "in"), "--chapters", "0", "--students", str(place / "class.txt")]
    assert cli.main(typed) == 0
    ada, bob, eve, kim, count, missing = capsys.readouterr().out.splitlines()
    assert (ada, bob) == ("ada: chapter 0: 1 of 1 attempted", "bob: chapter 0: 0 of 1 attempted")
    assert kim == "kim: chapter 0: not there"
    assert eve.startswith("eve: chapter 0: not there; eve.ipynb is not a whole notebook file")
    assert (count, missing) == ("4 students handed in.", "Not handed in, 1 of 5: zoe")
    assert sorted(path.name for path in place.iterdir()) == ["class.txt", "in"]


def test_grade_tells_it_after_the_grades(place, capsys):
    typed = ["grade", str(place / "in"), "--chapters", "0", "--students", str(place / "class.txt"), "--jobs", "1", "--out"]
    assert cli.main([*typed, str(place / "out")]) == 0
    told = capsys.readouterr().out
    for words in ("4 submissions, 0.2 of 1 points on average\nNot handed in, 1 of 5: zoe\n", "  eve: eve.ipynb is not a whole",
                  "  kim: no answer to any exercise was found", "wall: "):
        assert words in told


@pytest.mark.parametrize("verb", [["collect"], ["grade", "--out", "x"]])
def test_no_such_list(place, capsys, verb):
    assert cli.main([*verb, str(place / "in"), "--chapters", "0", "--students", str(place / "none.txt")]) == 2
    assert "none.txt: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x"])
def test_a_time_limit_is_a_time(capsys, text):
    with pytest.raises(SystemExit):
        cli.main(["grade", "in", "--chapters", "0", "--out", "x", f"--timeout={text}"])
    assert "above 0 is needed" in capsys.readouterr().err


def test_what_ends_the_run_is_a_sentence(place, capsys, monkeypatch):
    def ended(*_, **__):
        raise RuntimeError("a grading process ended, perhaps for want of memory.")

    monkeypatch.setattr("course_lib.grading.grade.grade", ended)
    assert cli.main(["grade", str(place / "in"), "--chapters", "0", "--out", str(place / "out")]) == 2
    assert capsys.readouterr().err == "course grade: a grading process ended, perhaps for want of memory.\n"
