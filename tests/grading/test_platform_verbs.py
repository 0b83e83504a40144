"""`course canvas` and `course autograder`: from a graded folder, and from an assignment, to what platforms want."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from course_lib import cli
from course_lib.grading.records import write_record
from course_lib.paths import SOLUTIONS

HEAD = "Student,ID,SIS Login ID,Section,Chapter 1 (901),Current Score\n    Points Possible,,,,4.00,(read only)\n"
BOOK = HEAD + '"Lovelace, Ada",11,ada,A,1,\n"Hopper, Grace",12,grace,A,,\n"王, 小明",13,xm,A,EX,\n'


@pytest.fixture
def graded(tmp_path, record, result):
    (tmp_path / "graded" / "records").mkdir(parents=True)
    for name in ("ada", "Nobody \x1b[31mKnown", "xm"):
        write_record(record(name, result()), tmp_path / "graded" / "records" / f"{len(name)}{name[0]}.json")
    (tmp_path / "book.csv").write_text(BOOK, encoding="utf-8")
    return tmp_path


def canvas(folder, *more):
    graded, book, filled = (str(folder / name) for name in ("graded", "book.csv", "filled.csv"))
    return cli.main(["canvas", graded, book, "--out", filled, *more])


def test_the_column_is_filled_and_everything_else_is_told(graded, capsys):
    assert canvas(graded) == 0  # the records' title is the column's
    assert (graded / "filled.csv").read_text(encoding="utf-8") == BOOK.replace("11,ada,A,1,", "11,ada,A,2,")
    told = capsys.readouterr().out
    for words in ("1 entered in the column 'Chapter 1 (901)'", "1 had other points there: ada 1 -> 2",
                  "the gradebook has no such student", "Not entered: xm: '王, 小明' is excused there",
                  "1 without a submission, left as they are: Hopper, Grace", "Note: 'Chapter 1 (901)' has 4 points"):
        assert words in told, told
    assert "\x1b" not in told


def test_scaled(graded):
    assert canvas(graded, "--column", "901", "--scale") == 0
    assert "11,ada,A,4," in (graded / "filled.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("more", "words"), [
    (["--column", "Chapter 2"], "no column is called 'Chapter 2'. There are: Chapter 1 (901)"),
    (["--column", "Current Score"], "Canvas computes")])
def test_a_column_that_is_not_there(graded, capsys, more, words):
    assert canvas(graded, *more) == 2
    assert words in capsys.readouterr().err and not (graded / "filled.csv").exists()


def test_without_a_column_of_the_assignments_title_one_must_be_named(graded, capsys):
    (graded / "book.csv").write_text(BOOK.replace("Chapter 1", "Week 1"), encoding="utf-8")
    assert canvas(graded) == 2
    assert "There are: Week 1 (901)" in (told := capsys.readouterr().err) and told.endswith("Give one with --column.\n")


def test_files_that_are_not_there_or_there_already(graded, capsys):
    (graded / "filled.csv").write_text("precious")
    assert canvas(graded) == 2 and (graded / "filled.csv").read_text() == "precious"
    assert "filled.csv: File exists" in capsys.readouterr().err
    (graded / "filled.csv").unlink()
    (graded / "book.csv").unlink()
    assert canvas(graded) == 2
    assert "book.csv: No such file" in capsys.readouterr().err


def test_nobody_found_is_a_failure(graded, capsys):
    (graded / "book.csv").write_text(HEAD + '"Hopper, Grace",12,grace,A,,\n')
    assert canvas(graded) == 1
    assert "0 entered" in capsys.readouterr().out


def test_the_autograder_has_the_assignment_and_a_seed(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("chapters = 1\nleave_out = ['multi-head']\n")
    typed = ["autograder", "--assignment", str(tmp_path / "a.toml"), "--out", str(tmp_path / "x.zip"), "--timeout", "20",
             "--torch-from", "https://example.org/cpu"]
    assert cli.main(typed) == 0
    assert "keep it to yourself" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        run, setup = (archive.read(name).decode() for name in ("run_autograder", "setup.sh"))
        assert "--assignment assignment.toml --seed-file seed.txt --timeout 20 " in run
        assert b"multi-head" in archive.read("assignment.toml") and len(archive.read("seed.txt")) == 33
        assert 'TORCH_INDEX="https://example.org/cpu"' in setup
    assert cli.main(typed) == 2  # it is there


def test_the_autograder_of_chapters_with_a_seed_of_ones_own(tmp_path, capsys):
    (tmp_path / "seed.txt").write_text("mine\n")
    out = str(tmp_path / "x.zip")
    assert cli.main(["autograder", "--chapters", "1, 3", "--seed-file", str(tmp_path / "seed.txt"), "--out", out]) == 0
    with zipfile.ZipFile(out) as archive:
        assert "--chapters '1, 3' --seed-file seed.txt" in archive.read("run_autograder").decode()
        assert archive.read("seed.txt") == b"mine\n"


@pytest.mark.skipif(not SOLUTIONS.exists() or not hasattr(os, "fork"), reason="needs solutions, and fork")
def test_the_scripts_grade_as_gradescope_would_run_them(tmp_path):
    """In folders of its own and with this Python, where Gradescope has /autograder and setup.sh's."""
    assert cli.main(["autograder", "--chapters", "0", "--out", str(tmp_path / "x.zip")]) == 0
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        archive.extractall(home / "source")
    script = (home / "source" / "run_autograder").read_text()
    script = script.replace("/autograder/venv/bin/course", f"{sys.executable} -m course_lib.cli")
    script = script.replace("/autograder/venv/bin/python", sys.executable).replace("/autograder", str(home))
    (home / "submission").mkdir()
    shutil.copy(SOLUTIONS / "00_start_here.ipynb", home / "submission" / "my work.ipynb")
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": str(home / "source")})
    assert run.returncode == 0, run.stderr
    results = json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))
    assert results["score"] == 1 and [test["status"] for test in results["tests"]] == ["passed"]


@pytest.mark.parametrize(("more", "words"), [
    (["--chapters", "77"], "chapter 77 has no exercises"),
    (["--assignment", "/nothing.toml"], "/nothing.toml cannot be read"),
    (["--chapters", "1", "--seed-file", "/nothing"], "no seed file"),
    (["--chapters", "1", "--torch-from", 'x"; rm -rf /'], "no address")])
def test_what_is_wrong_is_told_before_gradescope_does(tmp_path, capsys, more, words):
    assert cli.main(["autograder", "--out", str(tmp_path / "x.zip"), *more]) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "x.zip").exists()
