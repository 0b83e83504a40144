"""results.json and the autograder's zip, as Gradescope documents them."""

import json
import os
import stat
import subprocess
import sys
import zipfile

import pytest

from course_lib.grading.exports.autograder import write_autograder
from course_lib.grading.exports.gradescope import gradescope_results, write_gradescope
from course_lib.grading.records import STATUSES, write_record

# gradescope-autograders: "Autograder Specifications", output format
SHOWN = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
TOP = {"score": (int, float), "execution_time": int, "output": str, "output_format": FORMATS,
       "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": SHOWN, "stdout_visibility": SHOWN,
       "extra_data": dict, "tests": list, "leaderboard": list}
TEST = {"score": (int, float), "max_score": (int, float), "status": {"passed", "failed"}, "name": str,
        "name_format": FORMATS, "number": str, "output": str, "output_format": FORMATS, "tags": list,
        "visibility": SHOWN, "extra_data": dict}


def conforms(values, rules):
    assert set(values) <= set(rules)
    for key, value in values.items():
        assert value in rules[key] if isinstance(rules[key], set) else isinstance(value, rules[key]), key


def test_the_fields_that_gradescope_documents(record, result, tmp_path, name):
    one = record(name, *(result(status, title=name or "x") for status in STATUSES), problems=(name,))
    write_gradescope(one, tmp_path / "results.json")
    content = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    conforms(content, TOP)
    for test in content["tests"]:
        conforms(test, TEST)
    assert content["score"] == sum(test["score"] for test in content["tests"]) == 2.0
    assert [test["status"] for test in content["tests"]] == ["passed", *["failed"] * 5]
    assert content["execution_time"] == 2 and content["stdout_visibility"] == "hidden"


def test_the_learner_reads_what_to_try_next(record, result):
    [test] = gradescope_results(record("Ada", result("failed", printed="PRINTED")))["tests"]
    assert test["output"].splitlines() == [
        "It gives `nan` for 1000.", "Next: Subtract the largest.", "It came as far as the stage large scores, 3 of 5."]
    assert "PRINTED" not in str(gradescope_results(record("Ada", result("failed", printed="PRINTED"))))


def test_of_a_hidden_stage_nothing_is_told(record, secret):
    told = json.dumps(gradescope_results(record("Ada", secret)))
    assert "SECRET" not in told and "hidden stage" in told


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    for name in ("start.py", "pyproject.toml", "constraints.txt", "LICENSE", "README.md",
                 "course_lib/__init__.py",
                 "course_lib/exercises/bank/ch01/a.py", "course_lib/__pycache__/a.pyc", "chapters/01_a.ipynb",
                 "chapters/GLOSSARY.md", "solutions/01_a.py", "tests/test_a.py", "work/mine.ipynb"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_the_zip_has_what_gradescope_looks_for_at_its_top(course, tmp_path):
    target = tmp_path / "autograder.zip"
    write_autograder(target, extra={"seed.txt": b"42"}, options="--seed-file seed.txt", root=course)
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == [
            "LICENSE", "README.md", "chapters/01_a.ipynb", "chapters/GLOSSARY.md", "constraints.txt", "course_lib/__init__.py",
            "course_lib/exercises/bank/ch01/a.py", "pyproject.toml", "run_autograder", "seed.txt", "setup.sh",
            "start.py"]
        for script in ("setup.sh", "run_autograder"):
            text = archive.read(script).decode()
            assert text.startswith("#!/usr/bin/env bash\n") and "\r" not in text
            assert not any(left in text for left in ("{{", "{options}", "{grade}", "{torch_from}"))
            assert stat.S_IMODE(archive.getinfo(script).external_attr >> 16) == 0o755
            subprocess.run(["bash", "-n"], input=text, text=True, check=True)
        assert "course grade" in archive.read("run_autograder").decode()
        assert "--seed-file seed.txt" in archive.read("run_autograder").decode()


def test_pip_finds_what_it_wants_of_this_course(tmp_path):
    """It refuses to install a project whose description or licence is missing."""
    write_autograder(tmp_path / "a.zip", extra={}, options="")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names, project = set(archive.namelist()), archive.read("pyproject.toml").decode()
    assert 'readme = "README.md"' in project and 'license-files = ["LICENSE"]' in project
    assert {"README.md", "LICENSE", "constraints.txt", "course_lib/exercises/bank/__init__.py",
            "course_lib/grading/exports/gradescope.py", "chapters/01_dot_product_attention.ipynb"} <= names
    assert not any(name.startswith(("solutions/", "tests/", "work/")) for name in names)


def test_the_same_course_gives_the_same_zip_and_none_is_overwritten(course, tmp_path):
    for name in ("a.zip", "b.zip"):
        write_autograder(tmp_path / name, extra={}, options="", root=course)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(FileExistsError):
        write_autograder(tmp_path / "a.zip", extra={}, options="", root=course)


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder", "course_lib/__init__.py", "../x", "/etc/x", "a/../../x"])
def test_what_is_added_replaces_nothing_and_stays_inside(course, tmp_path, name):
    with pytest.raises(ValueError, match="cannot be added"):
        write_autograder(tmp_path / "a.zip", extra={name: b""}, options="", root=course)
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.skipif(os.name == "nt", reason="Gradescope's machines are Linux")
def test_run_autograder_leaves_results_where_gradescope_reads_them(course, record, tmp_path):
    """With the grading itself replaced: a record is there, and becomes results.json."""
    write_record(record("Ada"), tmp_path / "ready.json")
    home = tmp_path / "autograder"
    grade = (f"cp {tmp_path}/ready.json /autograder/graded/record.json\n{sys.executable} -m"
             " course_lib.grading.exports.gradescope /autograder/graded/record.json /autograder/results/results.json")
    write_autograder(tmp_path / "a.zip", extra={}, options="", grade=grade, root=course)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        script = archive.read("run_autograder").decode().replace("/autograder", str(home))
    (home / "source").mkdir(parents=True)
    from course_lib.paths import ROOT
    run = subprocess.run(["bash", "-c", script], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads((home / "results" / "results.json").read_text())["score"] == 2.0


@pytest.mark.skipif(os.name == "nt", reason="Gradescope's machines are Linux")
def test_who_hands_in_no_notebook_reads_that(course, tmp_path):
    home = tmp_path / "autograder"
    write_autograder(tmp_path / "a.zip", extra={}, options="", root=course)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        script = archive.read("run_autograder").decode().replace("/autograder", str(home))
    for folder in ("source", "submission"):
        (home / folder).mkdir(parents=True)
    (home / "submission" / "essay.pdf").write_text("x")
    subprocess.run(["bash", "-c", script], check=True)
    content = json.loads((home / "results" / "results.json").read_text())
    conforms(content, TOP)
    assert content["score"] == 0 and "no notebook" in content["output"]
