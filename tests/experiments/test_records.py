import json

import pytest

from course_lib.experiments import is_stale, load_record, names, provenance, record, records, run, summary
from course_lib.experiments.code_hash import code_hash
from course_lib.experiments.experiment import config_as_dict
from course_lib.experiments.registry import find, record_name
from course_lib.paths import RESULTS


@pytest.mark.parametrize("name", names())
def test_no_record_is_stale(name):
    assert not is_stale(load_record(name)), f"The code has changed since: run `course experiment {name}`."


@pytest.mark.parametrize("name", names())
def test_a_record_is_of_the_full_run_and_reruns_with_the_same_figures(name):
    recorded, again = load_record(name), run(name, "tiny", progress=False)
    assert recorded["size"] == "full" and recorded["config"] == config_as_dict(find(name).full)
    assert recorded.keys() == again.keys()
    assert list(recorded["figures"]) == list(again["figures"])
    for condition, figures in recorded["figures"].items():
        assert list(figures) == list(again["figures"][condition])
        assert {len(numbers) for numbers in figures.values()} == {len(recorded["config"]["seeds"])}
    assert summary(recorded) and provenance(recorded)


def test_every_file_is_an_experiments_record():
    assert {path.name for path in RESULTS.iterdir()} == {f"{record_name(name)}.json" for name in names()}


def test_a_full_run_becomes_the_record(toy):
    path = record("two_neighbours", progress=False)
    assert path.name == "01_two_neighbours.json" and path.parent == records.RESULTS
    assert load_record("two_neighbours")["figures"]["high"]["level"] == [10, 11, 12]
    assert not is_stale(load_record("two_neighbours"))


def test_another_size_goes_to_the_learners_folder(toy, tmp_path):
    path = record("two_neighbours", "small", progress=False)
    assert path == tmp_path / "work" / "experiments" / "01_two_neighbours.small.json"
    assert not records.RESULTS.exists()


def test_no_record_yet(toy):
    with pytest.raises(FileNotFoundError, match="`course experiment two_neighbours` makes it"):
        load_record("two_neighbours")


def test_an_interrupted_run_goes_on(toy, tmp_path):
    toy.break_at = ("high", 1)
    with pytest.raises(KeyboardInterrupt):
        record("two_neighbours", progress=False)
    assert toy.calls == [("low", 0), ("high", 0), ("low", 1)]
    assert not records.RESULTS.exists()

    toy.calls, toy.break_at = [], None
    record("two_neighbours", progress=False)
    assert toy.calls == [("high", 1), ("low", 2), ("high", 2)]
    assert load_record("two_neighbours")["figures"]["low"]["level"] == [1, 2, 3]
    assert not list((tmp_path / "work" / "experiments").iterdir())


@pytest.mark.parametrize("what", ["code", "config"])
def test_what_other_code_measured_is_not_taken_over(toy, tmp_path, what):
    toy.break_at = ("high", 1)
    with pytest.raises(KeyboardInterrupt):
        record("two_neighbours", progress=False)
    (kept,) = (tmp_path / "work" / "experiments").iterdir()
    content = json.loads(kept.read_text())
    content["made_by"][what] = "another"
    kept.write_text(json.dumps(content))

    toy.calls, toy.break_at = [], None
    record("two_neighbours", progress=False)
    assert len(toy.calls) == 6


def test_a_record_is_written_whole_or_not_at_all(toy, monkeypatch):
    path = record("two_neighbours", progress=False)
    before = path.read_text()
    monkeypatch.setattr(records.json, "dumps", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record("two_neighbours", progress=False)
    assert path.read_text() == before and [p.name for p in path.parent.iterdir()] == [path.name]


def test_other_code_makes_a_record_stale():
    recorded = load_record("two_neighbours")
    assert is_stale({**recorded, "code": code_hash("course_lib.paths")})
