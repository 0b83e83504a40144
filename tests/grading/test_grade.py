"""A whole class, from what was collected to records: who gets what, what is kept, what goes on."""

import json
from dataclasses import replace

import nbformat
import pytest

from course_lib import cli
from course_lib.exercises.bank import all_exercises
from course_lib.grading import grade as grading
from course_lib.grading.assignment import whole_chapters
from course_lib.grading.grade import grade, make_plan, on_this_machine, read_seed
from course_lib.grading.records import read_record, same_but_for_time
from course_lib.grading.workers.limits import Limits
from course_lib.paths import CHAPTERS, SOLUTIONS

ONE = replace(whole_chapters("1"), points={"stable-softmax": 2.0, "split-heads": 3.0})
LEARNERS, SOLVED = (folder / "01_dot_product_attention.ipynb" for folder in (CHAPTERS, SOLUTIONS))
pytestmark = pytest.mark.skipif(not SOLVED.exists(), reason="a release has no solutions")


def hand_in(place, student, changes=None, source=SOLVED):
    """A notebook in which the cells of some exercises hold other code."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("exercise") in (changes or {}):
            cell.source = changes[cell.metadata["exercise"]]
        if cell.cell_type == "code":
            cell.outputs = []
    place.mkdir(exist_ok=True)
    nbformat.write(notebook, place / f"{student}.ipynb")


WRONG = "import torch\n\ndef softmax(scores):\n    return scores.exp() / scores.exp().sum(-2, keepdim=True)"
ENDLESS = "def softmax(scores):\n    while True:\n        pass"
RAISES = "nonsense_before()\n\ndef softmax(scores):\n    return scores"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    place = folder / "in"
    hand_in(place, "Ada, \"李\"")
    hand_in(place, "bob", source=LEARNERS)
    hand_in(place, "eve", {"stable-softmax": WRONG})
    hand_in(place, "joe", {"stable-softmax": ENDLESS})
    hand_in(place, "kim", {"stable-softmax": RAISES})
    (place / "zoe.ipynb").write_text("{")
    records, _ = grade(place, folder / "out", ONE, limits=Limits(seconds=3), jobs=1, progress=False)
    return place, folder / "out", {record.student: record for record in records}


def outcomes(record):
    return [result.status for result in record.exercises]


def test_everybody_gets_what_they_earned(graded):
    _, _, records = graded
    assert {student: record.points for student, record in records.items()} == {
        'Ada, "李"': 5, "bob": 0, "eve": 3, "joe": 3, "kim": 3, "zoe": 0}
    assert outcomes(records['Ada, "李"']) == ["passed", "passed"]
    assert outcomes(records["bob"]) == ["unattempted", "unattempted"]
    assert outcomes(records["joe"]) == ["stopped", "passed"]
    assert outcomes(records["kim"]) == ["broken", "passed"]
    assert outcomes(records["zoe"]) == ["missing", "missing"]


def test_what_was_wrong_is_told(graded):
    _, _, records = graded
    eve, joe, kim = (records[name].exercises[0] for name in ("eve", "joe", "kim"))
    assert eve.status == "failed" and eve.finding.name not in ("difference", "") and eve.stage
    assert joe.finding.name == "time" and "loop" in joe.finding.try_next
    assert "nonsense_before" in kim.finding.shows and kim.messages
    assert "not a whole notebook" in records["zoe"].problems[0]


def test_the_stamp_says_how_it_was_graded_and_not_the_seed(graded):
    _, out, records = graded
    stamp = records["eve"].stamp
    assert {"versions", "seed", "bank", "release", "walls", "limits"} <= set(stamp)
    seed = (out / "seed.txt").read_text().strip()
    assert all(seed not in path.read_text() for path in (out / "records").iterdir())
    assert (out / "seed.txt").stat().st_mode & 0o077 == 0


def test_the_same_again_is_the_same(graded, tmp_path):
    place, out, records = graded
    again, _ = grade(place, tmp_path / "out", ONE, limits=Limits(seconds=3), jobs=1, progress=False,
                     seed_file=out / "seed.txt")
    for record in again:
        assert same_but_for_time(record, records[record.student]), record.student


def test_a_run_that_was_killed_goes_on_and_repeats_nothing(graded, monkeypatch):
    place, out, records = graded
    gone = [path for path in sorted((out / "records").iterdir()) if read_record(path).student in ("bob", "zoe")]
    kept = {path: path.read_bytes() for path in (out / "records").iterdir() if path not in gone}
    for path in gone:
        path.unlink()
    marked = []
    monkeypatch.setattr(grading, "mark", lambda submission, plan, workers, real=grading.mark: marked.append(
        submission.student) or real(submission, plan, workers))
    again, _ = grade(place, out, ONE, limits=Limits(seconds=3), jobs=1, progress=False)
    assert marked == ["bob", "zoe"] and len(again) == 6
    assert all(path.read_bytes() == content for path, content in kept.items())


def test_another_plan_or_another_submission_is_graded_anew(graded, tmp_path):
    place, out, records = graded
    plan = make_plan(ONE, "text", Limits())
    assert plan.seed != make_plan(ONE, "other text", Limits()).seed
    assert plan.stamp["assignment"] != make_plan(replace(ONE, points={"stable-softmax": 1.0}), "text", Limits()).stamp[
        "assignment"]


def test_in_processes_of_their_own_it_is_the_same(graded):
    place, out, records = graded
    collection = grading.collect(place)
    some = [s for s in collection.submissions if s.student in ("eve", "bob")]
    plan = make_plan(ONE, read_seed(out / "seed.txt", make=False), Limits(seconds=3), hide=(place.resolve(),))
    for record in on_this_machine(some, plan, jobs=2):
        assert same_but_for_time(replace(record, stamp=records["eve"].stamp), records[record.student])


def test_seed_files(tmp_path):
    made = read_seed(tmp_path / "seed.txt", make=True)
    assert len(made) == 32 and read_seed(tmp_path / "seed.txt", make=True) == made
    with pytest.raises(FileNotFoundError, match="no seed file"):
        read_seed(tmp_path / "other.txt", make=False)
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(ValueError, match="is empty"):
        read_seed(tmp_path / "empty.txt", make=False)


def test_the_command_writes_what_people_read(graded, tmp_path, capsys):
    place, out, _ = graded
    toml = tmp_path / "assignment.toml"
    left_out = [id for id, e in all_exercises().items() if e.chapter == 1 and id not in ("stable-softmax", "split-heads")]
    toml.write_text(f"title = 'Week 1'\nchapters = 1\nleave_out = {json.dumps(left_out)}\n")
    few = tmp_path / "in"
    hand_in(few, "ada")
    assert cli.main(["grade", str(few), "--assignment", str(toml), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert "1 submission, 4.0 of 4 points" in told and "wall: " in told and "container" in told
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"records", "grades.csv", "class.html", "feedback", "nbgrader.csv", "junit.xml", "gradescope"} <= there
    assert cli.main(["grade", str(tmp_path / "nothing"), "--chapters", "1", "--out", str(tmp_path / "x")]) == 2
    assert "there is no" in capsys.readouterr().err
    assert cli.main(["release", "--chapters", "77", "--out", str(tmp_path / "y")]) == 2
    assert "has no exercises" in capsys.readouterr().err
