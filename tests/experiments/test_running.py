import getpass
import platform
from dataclasses import replace

import pytest

from course_lib.experiments import names, run
from course_lib.experiments.code_hash import code_hash
from course_lib.experiments.experiment import SIZES, Experiment
from course_lib.experiments.registry import chapter, find, module_name, record_name


def test_every_condition_with_every_seed(toy):
    result = run("two_neighbours", "full", progress=False)
    assert result["figures"] == {"low": {"level": [1, 2, 3], "parameters": [1234] * 3},
                                 "high": {"level": [10, 11, 12], "parameters": [1234] * 3}}
    assert result["config"] == {"seeds": [0, 1, 2], "base": 1.0} and result["size"] == "full"
    assert {name: len(times) for name, times in result["seconds"].items()} == {"low": 3, "high": 3}
    assert result["code"] == code_hash(module_name("two_neighbours"))


def test_small_is_what_a_lesson_runs(toy):
    assert run("two_neighbours", progress=False)["config"]["seeds"] == [0, 1]


def test_an_own_configuration(toy):
    result = run("two_neighbours", replace(toy.experiment.small, base=100.0), progress=False)
    assert result["figures"]["low"]["level"] == [100, 101] and result["size"] == "own"


def test_a_bar_on_stderr(toy, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    run("two_neighbours", "tiny")
    printed = capsys.readouterr()
    assert not printed.out and "two_neighbours" in printed.err


def test_some_conditions_in_their_own_order(toy):
    assert list(run("two_neighbours", "tiny", conditions=["high", "low"], progress=False)["figures"]) == ["high", "low"]
    assert list(run("two_neighbours", "tiny", conditions=("high",), progress=False)["figures"]) == ["high"]


@pytest.mark.parametrize("conditions", [["higher"], [], "low"])
def test_wrong_conditions(toy, conditions):
    with pytest.raises(ValueError, match="conditions must be some of 'low', 'high', got"):
        run("two_neighbours", "tiny", conditions=conditions, progress=False)


@pytest.mark.parametrize("size", ["large", None, ("seeds", 3)])
def test_wrong_size(toy, size):
    with pytest.raises(ValueError, match="tiny, small, full, or a"):
        run("two_neighbours", size)


def test_nothing_in_a_result_names_the_machine(toy):
    told = str(run("two_neighbours", "tiny", progress=False)["machine"])
    assert not any(name in told for name in (platform.node(), getpass.getuser(), "/"))


@pytest.mark.parametrize("wrong, nearest", [("two_neighbors", "two_neighbours"), ("zzz", "two_neighbours")])
def test_unknown_names_are_told_the_nearest(wrong, nearest):
    with pytest.raises(LookupError, match=f"no experiment '{wrong}'. Nearest: .*{nearest}"):
        run(wrong)


NOTHING_IS_DRAWN = {"classical"}  # methods without chance, on scenes that their number decides: one seed is all
TIMED = {"speed"}                 # its figures are milliseconds


@pytest.mark.parametrize("name", names())
def test_every_experiment_is_complete(name):
    experiment = find(name)
    assert isinstance(experiment, Experiment) and experiment.title and experiment.conditions
    for size in SIZES:
        fewest = 1 if size == "tiny" or name in NOTHING_IS_DRAWN else 2
        assert len(experiment.config(size).seeds) >= fewest
    assert record_name(name) == f"{chapter(name)}_{name}"


@pytest.mark.parametrize("name", names())
def test_the_same_configuration_gives_the_same_figures(name):
    first, second = (run(name, "tiny", progress=False) for _ in range(2))
    if name in TIMED:
        assert {each: list(figures) for each, figures in first["figures"].items()} == {
            each: list(figures) for each, figures in second["figures"].items()}
    else:
        assert first["figures"] == second["figures"]
    experiment = find(name)
    assert list(first["figures"]) == list(experiment.conditions)
