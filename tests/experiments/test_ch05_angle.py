from statistics import mean

import pytest
import torch

from course_lib.data import turned_digits
from course_lib.experiments import load_record
from course_lib.experiments.ch05_angle import (
    CONDITIONS,
    EXPERIMENT,
    as_degrees,
    as_target,
    between,
    measure,
    read,
    trained,
)
from course_lib.experiments.digit_training import standardized

CONFIG = EXPERIMENT.tiny


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_the_head_is_to_say_and_what_it_says_are_inverse(condition):
    outputs, most = CONDITIONS[condition]
    degrees = torch.linspace(-most + 0.5, most - 0.5, 37)
    target = as_target(degrees, outputs, most)
    assert target.shape == (37, outputs) and target.abs().max() <= 1
    torch.testing.assert_close(as_degrees(target, most), degrees, atol=1e-3, rtol=0)
    if outputs == 2:
        torch.testing.assert_close(as_degrees(0.1 * target, most), degrees, atol=1e-3, rtol=0)


def test_the_angle_between_directions_goes_around():
    one, other = torch.tensor([179.0, 0, 10, -170, 90]), torch.tensor([-179.0, 180, -10, 170, 90])
    assert between(one, other).tolist() == pytest.approx([2, 180, 20, 20, 0], abs=1e-4)
    assert torch.equal(between(one, other), between(other, one))


def test_a_head_learns_the_angle_that_it_is_tested_on():
    """A few steps bring the error well below a guess: angles in training and test have one sign."""
    config = type(CONFIG)(seeds=(0,), steps=60)
    found = measure("cosine and sine, to 45", config, 0)
    assert found["error"] < 0.7 * found["guess"]


def test_measures_what_was_read(monkeypatch):
    from course_lib.experiments import ch05_angle

    condition = "one number, all around"
    _, true, labels = turned_digits("test")
    off = torch.where(labels == 3, 100.0, torch.where(labels == 4, 80.0, 10.0))
    monkeypatch.setattr(ch05_angle, "trained", lambda *_: None)
    monkeypatch.setattr(ch05_angle, "read", lambda *_: (true + off, true, labels))
    found = measure(condition, CONFIG, 0)
    assert found["error_3"] == pytest.approx(100, abs=1e-3)
    assert found["error_8"] == pytest.approx(10, abs=1e-3)
    assert found["median"] == pytest.approx(10, abs=1e-3)
    assert found["opposite"] == pytest.approx((labels == 3).double().mean().item())
    assert found["guess"] == pytest.approx(true.abs().mean().item())
    assert found["error"] == pytest.approx(off.mean().item(), abs=1e-3)


def test_reads_the_turned_test_digits():
    condition = "cosine and sine, to 45"
    model = trained(condition, CONFIG, 0)
    said, true, labels = read(model, condition)
    images, degrees, classes = turned_digits("test", most=45)
    assert torch.equal(true, degrees) and torch.equal(labels, classes)
    with torch.no_grad():
        out = model(standardized(images))
    torch.testing.assert_close(said, torch.atan2(out[:, 1], out[:, 0]).rad2deg())


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("angle")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    one, two = found["one number, all around"], found["cosine and sine, all around"]
    for name in ("one number, to 45", "cosine and sine, to 45"):
        assert found[name]["error"] < 3 and found[name]["guess"] > 20
    assert two["error"] < one["error"] - 15 and two["median"] < 15 and two["opposite"] > 0.05
    worst = sorted(range(10), key=lambda digit: -two[f"error_{digit}"])
    assert set(worst[:3]) <= {0, 1, 5, 8} and set(worst[-3:]) == {3, 7, 9}
