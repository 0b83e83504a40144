import pytest

from course_lib.experiments import provenance, summary

RESULT = {
    "name": "toy", "size": "full", "duration": 95.04, "code": "0123456789abcdef",
    "config": {"seeds": [0, 1, 2]},
    "figures": {
        "low": {"level": [0.1, 0.2, 0.3], "share_left": [1.0, 1.0, 1.0], "parameters": [12345.0] * 3},
        "much higher": {"level": [10.0, 10.0, 13.0], "share_left": [0.0, 0.0, 0.5], "parameters": [99.0] * 3},
    },
    "versions": {"python": "3.11.7", "torch": "2.9.0", "numpy": "2.1.0"},
    "machine": {"device": "cpu", "model": "A processor", "cores": 2, "system": "Linux"},
}


def test_table():
    assert summary(RESULT).splitlines() == [
        "                       level      share left   parameters",
        "low            0.200 ± 0.100   1.000 ± 0.000       12,345",
        "much higher   11.000 ± 1.732   0.167 ± 0.289           99",
        "mean ± standard deviation over 3 seeds",
    ]


def test_chosen_figures_and_digits():
    assert summary(RESULT, ["parameters", "level"], digits=1).splitlines() == [
        "              parameters        level",
        "low               12,345    0.2 ± 0.1",
        "much higher           99   11.0 ± 1.7",
        "mean ± standard deviation over 3 seeds",
    ]


def test_one_seed_has_no_spread():
    one = {**RESULT, "config": {"seeds": [4]}, "figures": {"low": {"level": [0.25]}}}
    assert summary(one, digits=2).splitlines() == ["      level", "low    0.25", "one seed"]


def test_a_figure_that_only_some_conditions_have():
    some = {**RESULT, "figures": {"low": {"level": [0.25, 0.25, 0.25]}, "high": {"level": [0.5, 0.5, 0.5], "spread": [0.0, 0.1, 0.2]}}}
    assert [line.split()[-1] for line in summary(some, ["spread"], digits=1).splitlines()[1:3]] == ["-", "0.1"]


def test_unknown_figure():
    with pytest.raises(ValueError, match="did not measure 'loss'. It measured: level, share_left"):
        summary(RESULT, ["loss"])


@pytest.mark.parametrize("seconds, words", [(95.04, "95 s"), (150, "2 min"), (5 * 3600, "5.0 h")])
def test_provenance(seconds, words):
    assert provenance({**RESULT, "duration": seconds}) == (
        f"toy, full run: 3 seeds, {words} on A processor (CPU), Python 3.11.7, torch 2.9.0, code 01234567")
