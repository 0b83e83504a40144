"""Grading again, from what the first grading left, and what is said about it."""

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from course_lib import cli
from course_lib.grading.assignment import Assignment
from course_lib.grading.call import Call, read_call, write_call
from course_lib.grading.records import read_records, write_record
from course_lib.grading.workers.limits import Limits
from course_lib.paths import SOLUTIONS

CALL = Call(Path("/somewhere/in"), Path("seed.txt"), Assignment("Wéek \"3\"", (1, 2), {"a": 2.0, "b": 0.5}, "2026-12-01"),
            Limits(seconds=3))


def test_the_call_comes_back_as_it_was(tmp_path):
    for seed, back in ((tmp_path / "out" / "seed.txt", tmp_path / "out" / "seed.txt"), (Path("/else/s"), Path("/else/s"))):
        write_call(replace(CALL, seed_file=seed), tmp_path / "out")
        assert read_call(tmp_path / "out") == replace(CALL, seed_file=back)


def test_a_folder_that_was_moved_brings_its_seed_along(tmp_path):
    write_call(replace(CALL, seed_file=tmp_path / "out" / "seed.txt"), tmp_path / "out")
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    assert read_call(moved).seed_file == moved / "seed.txt"


@pytest.mark.parametrize("change", [
    lambda content: "{", lambda content: "[]", lambda content: json.dumps({**content, "assignment": None}),
    lambda content: json.dumps({**content, "place": 3}), lambda content: json.dumps({**content, "limits": {}}),
    lambda content: json.dumps({k: v for k, v in content.items() if k != "seed_file"})])
def test_what_is_not_whole_is_a_sentence(tmp_path, change):
    write_call(CALL, tmp_path)
    path = tmp_path / "call.json"
    path.write_text(change(json.loads(path.read_text())))
    with pytest.raises(ValueError, match="is not whole.*course grade"):
        read_call(tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of two who did chapter 0, one well."""
    if not SOLUTIONS.exists():
        pytest.skip("a release has no solutions")
    folder = tmp_path_factory.mktemp("class")
    (folder / "in").mkdir()
    notebook = nbformat.read(SOLUTIONS / "00_start_here.ipynb", as_version=4)
    nbformat.write(notebook, folder / "in" / "ada.ipynb")
    [cell] = [cell for cell in notebook.cells if cell.metadata.get("exercise")]
    cell.source = "def weighted_mean(*inputs):\n    return None"
    nbformat.write(notebook, folder / "in" / "bob.ipynb")
    typed = ["grade", str(folder / "in"), "--chapters", "0", "--out", str(folder / "old"), "--jobs", "1", "--timeout", "7"]
    assert cli.main(typed) == 0
    return folder


def test_graded_again_it_is_the_same(graded, tmp_path, capsys):
    assert cli.main(["regrade", "--diff", str(graded / "old"), "--jobs", "1", "--out", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.endswith("old:\n\nNobody's points changed.\n")
    assert (tmp_path / "new" / "changes.txt").read_text() == "Nobody's points changed.\n"
    assert {"feedback", "grades.csv", "call.json"} <= {path.name for path in (tmp_path / "new").iterdir()}
    old, new = (read_records(folder / "records") for folder in (graded / "old", tmp_path / "new"))
    assert [replace(record, seconds={}) for record in old] == [replace(record, seconds={}) for record in new]
    assert new[0].stamp["limits"]["seconds"] == 7
    assert read_call(tmp_path / "new") == read_call(graded / "old")  # and so it can be graded a third time
    assert not (tmp_path / "new" / "seed.txt").exists()


def test_whose_points_changed(graded, tmp_path, capsys):
    """As if the first grading had been too kind, and the submissions have moved since."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "records").mkdir()
    for name in ("call.json", "seed.txt"):
        (old / name).write_bytes((graded / "old" / name).read_bytes())
    ada, bob = read_records(graded / "old" / "records")
    [result] = bob.exercises
    kind = replace(bob, exercises=(replace(result, points=result.of, status="passed", finding=None, stage=None),),
                   stamp={**bob.stamp, "bank": "earlier"})
    for name, record in (("a", ada), ("b", kind)):
        write_record(record, old / "records" / f"{name}.json")
    call = read_call(old)
    write_call(replace(call, place=tmp_path / "gone"), old)
    assert cli.main(["regrade", "--diff", str(old), "--jobs", "1"]) == 2
    assert "are not there any more" in capsys.readouterr().err
    assert cli.main(["regrade", str(graded / "in"), "--diff", str(old), "--jobs", "1"]) == 0
    told = capsys.readouterr().out.partition("Compared with")[2]
    assert "Points changed: 1 student\n  bob: -1\n    0.1 A weighted mean: 1/1 -> 0/1; passed -> " in told
    assert "Graded under other conditions:\n  bank: " in told and " or earlier -> " in told and "ada" not in told
    assert (tmp_path / "old-regraded" / "records").is_dir()


def test_what_cannot_be_graded_again(graded, tmp_path, capsys):
    assert cli.main(["regrade", "--diff", str(tmp_path)]) == 2
    assert "was not written by" in capsys.readouterr().err
    assert cli.main(["regrade", "--diff", str(graded / "old"), "--out", str(graded / "old")]) == 2
    assert "another folder" in capsys.readouterr().err
    write_call(read_call(graded / "old"), tmp_path)  # no records, no seed
    assert cli.main(["regrade", "--diff", str(tmp_path), "--out", str(tmp_path / "new")]) == 2
    assert "no record" in capsys.readouterr().err
