from statistics import mean

from course_lib.experiments import load_record, run
from course_lib.experiments.ch05_patches import EXPERIMENT, PATCHES


def test_tokens_are_the_patches_of_the_picture():
    figures = run("patches", "tiny", progress=False)["figures"]
    for name, side in PATCHES.items():
        assert figures[name]["tokens"] == [(8 // side) ** 2]


def test_networks_differ_in_embedding_and_positions_alone():
    figures = run("patches", "tiny", progress=False)["figures"]
    for name, side in PATCHES.items():
        rest = figures[name]["parameters"][0] - 64 * side**2 - 64 * (8 // side) ** 2
        assert rest == figures["1 x 1"]["parameters"][0] - 64 - 64 * 64


def test_the_record_says_what_the_lesson_says():
    record = load_record("patches")
    found = {name: mean(numbers["accuracy"]) for name, numbers in record["figures"].items()}
    assert set(found) == set(PATCHES) and len(record["config"]["seeds"]) >= 3
    assert min(found, key=found.get) == "1 x 1" and found["1 x 1"] < found["2 x 2"] - 0.05
    assert max(abs(found[name] - found["8 x 8"]) for name in ("2 x 2", "4 x 4")) < 0.02
    assert mean(record["seconds"]["1 x 1"]) > mean(record["seconds"]["2 x 2"])


def test_every_size_is_trained_by_the_same_budget():
    assert EXPERIMENT.full.steps == 600
