"""What learners get, and what they do not."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from course_lib.grading.assignment import EXAMPLE, AssignmentError, read_assignment, whole_chapters
from course_lib.grading.hidden_stages import without_hidden_stages
from course_lib.grading.release import digest_of, release
from course_lib.paths import ROOT

TOML = EXAMPLE.replace('chapters = "1-3"', "chapters = [0, 1]")


def write(tmp_path, text):
    path = tmp_path / "assignment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_reads(tmp_path):
    assignment = read_assignment(write(tmp_path, EXAMPLE))
    assert assignment.chapters == (1, 2, 3) and assignment.points["scaled-dot-product"] == 5
    assert "multi-head" not in assignment.points and assignment.due == "2026-12-01T23:59:00"
    assert list(assignment.exercises(1))[0] == "stable-softmax" or assignment.exercises(1)


@pytest.mark.parametrize("text, numbers", [("1", (1,)), ("1-3", (1, 2, 3)), ("3,1", (1, 3)), ("0-1,3", (0, 1, 3)),
                                           ("5-7", (5, 7))])
def test_chapters(text, numbers):
    assignment = whole_chapters(text)
    assert assignment.chapters == numbers and all(points > 0 for points in assignment.points.values())


@pytest.mark.parametrize("text, words", [
    ("title = ", "cannot be read"), ("chapter = 1", "did you mean 'chapters'"), ('chapters = "x"', "chapters must be"),
    ("chapters = 77", "chapter 77 has no exercises"),
    ("chapters = '1-77'", "chapter 77 has no exercises"), ("chapters = '3-1'", "chapters must be"),
    ("chapters = []", "at least one"), ("title = 'a'", "chapters must"),
    ("chapters = 1\nleave_out = ['multihead']", "did you mean 'multi-head'"),
    ("chapters = 1\n[points]\nstable-softmx = 3", "did you mean 'stable-softmax'"),
    ("chapters = 1\n[points]\nstable-softmax = -1", "at least 0, got -1"),
    ("chapters = 1\n[points]\nstable-softmax = nan", "at least 0, got nan"),
    ("chapters = 1\n[points]\nstable-softmax = '3'", "must be a number"),
    ("chapters = 1\ndue = 7", "due must be a date")])
def test_what_is_wrong_with_an_assignment(tmp_path, text, words):
    with pytest.raises(AssignmentError, match=words):
        read_assignment(write(tmp_path, text))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    assignment = read_assignment(write(folder, TOML))
    archive = release(assignment, folder / "week 3")
    assert archive == folder / "week 3.zip"
    return folder / "week 3"


def test_what_is_there_and_what_is_not(out):
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"start.py", "README.md", "chapters/01_dot_product_attention.ipynb", "chapters/00_start_here.ipynb",
            "chapters/GLOSSARY.md", "release.json", "course_lib/attention/attend.py",
            "course_lib/exercises/bank/ch01/stable_softmax.py"} <= names
    for gone in ("solutions", "tests", "course_lib/grading", "course_lib/authoring", "course_lib/exercises/bank/ch02",
                 "chapters/02", "chapters/results/02", ".git", "work", ".venv"):
        assert not [name for name in names if name.startswith(gone)], gone
    with zipfile.ZipFile(out.with_name("week 3.zip")) as archive:
        assert {name.removeprefix("week 3/") for name in archive.namelist() if not name.endswith("/")} == names


def test_no_hidden_stage_is_left(out):
    bank = out / "course_lib" / "exercises" / "bank"
    assert not [path for path in bank.rglob("*.py") if "hidden=True" in path.read_text()]


def test_it_runs_from_a_fresh_unpack(out):
    """A learner's check, in a process that sees nothing of this checkout but its installed libraries."""
    code = ("import course_lib, torch; from course_lib.exercises import check, hint, progress; "
            "from course_lib.exercises.bank import all_exercises; print(course_lib.__file__); "
            "bank = all_exercises(); print(len(bank), sum(len(e.stages) - len(e.visible_stages()) for e in bank.values()));"
            "check('stable-softmax', lambda x: x.softmax(-1)); check('stable-softmax', bank['stable-softmax'].reference)")
    environment = {**os.environ, "PYTHONPATH": str(out), "COURSE_WORK": str(out / "work")}
    answer = subprocess.run([sys.executable, "-c", code], cwd=out, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    where, counts, *told = answer.stdout.splitlines()
    assert str(out) in where and counts.endswith(" 0") and int(counts.split()[0]) == 8
    assert "is not allowed" in answer.stdout or "was called" in answer.stdout
    assert "right" in answer.stdout


def test_the_course_command_starts_there(out):
    answer = subprocess.run([sys.executable, "-m", "course_lib.cli", "--help"], cwd=out, capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(out)})
    assert answer.returncode == 0 and "course lab" in answer.stdout
    assert "release" not in answer.stdout  # what only an instructor can do


def test_the_readme_and_the_manifest_say_what_counts(out):
    text = (out / "README.md").read_text()
    assert "Week 3: looking things up" in text and "Due 2026-12-01, 23:59:00" in text
    assert "| 1.1 |" in text and "multi-head" not in text.lower().split("hand in")[0].replace("multi-headed", "")
    manifest = json.loads((out / "release.json").read_text())
    assert manifest["points"]["scaled-dot-product"] == 5 and manifest["release"] == digest_of(out)


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "grades.csv").write_text("precious")
    with pytest.raises(FileExistsError, match="not empty"):
        release(whole_chapters("1"), tmp_path / "out")


def test_a_chapter_that_was_not_built(tmp_path):
    (tmp_path / "chapters").mkdir()
    with pytest.raises(FileNotFoundError, match="python start.py build 1"):
        release(whole_chapters("1"), tmp_path / "out", root=tmp_path)


BANK = '''\
from a import Stage

_WIDE = 7


def _shared(g):
    return g  # shared


def _secret(g):
    return _deep(g)


def _deep(g):
    return g


STAGES = (
    Stage("one", "a", _shared),  # stays
    # a comment that stays
    Stage(
        "two",
        "b",
        _secret,
        hidden=True,
    ),
    Stage("three", "c", _shared, hidden=True), Stage("four", "d", lambda g: _WIDE),
)
'''


def test_stages_are_cut_with_what_only_they_use():
    left = without_hidden_stages(BANK)
    for gone in ("two", "three", "_secret", "_deep", "hidden"):
        assert gone not in left
    for kept in ("one", "four", "_shared", "_WIDE = 7", "# stays", "# a comment that stays", "# shared"):
        assert kept in left
    compile(left, "bank", "exec")


def test_a_stage_that_cannot_be_cut_is_not_let_through():
    with pytest.raises(ValueError, match="element of the tuple"):
        without_hidden_stages('LAST = Stage("a", "b", f, hidden=True)\n')


def test_every_bank_file_can_be_cut():
    files = list((ROOT / "course_lib" / "exercises" / "bank").rglob("*.py"))
    assert len(files) > 50
    for path in files:
        left = without_hidden_stages(path.read_text(encoding="utf-8"))
        compile(left, str(path), "exec")
        assert "hidden=True" not in left
