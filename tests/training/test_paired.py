import numpy as np
import pytest
import torch
from scipy.stats import bootstrap

from course_lib.training import paired_difference


def figures(n=40, gain=0.05, seed=0):
    """Images of very different difficulty, and two models that share it."""
    rng = np.random.default_rng(seed)
    hard = rng.uniform(0.2, 0.9, n)
    return hard + gain + 0.03 * rng.standard_normal(n), hard + 0.03 * rng.standard_normal(n)


def test_it_is_scipys_interval_of_the_mean_difference():
    a, b = figures()
    difference, low, high = paired_difference(a, b, seed=3)
    assert difference == pytest.approx((a - b).mean())
    expected = bootstrap((a - b,), np.mean, method="BCa", n_resamples=9999, random_state=np.random.default_rng(3))
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval), rel=1e-9)
    assert low < difference < high


def test_pairs_stay_together():
    """Taken apart, the images' difficulty drowns the difference."""
    a, b = figures()
    difference, low, high = paired_difference(a, b)
    assert low > 0 and high - low < 0.05
    apart = bootstrap((a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), method="percentile",
                      random_state=np.random.default_rng(0)).confidence_interval
    assert apart.low < 0 and apart.high - apart.low > 5 * (high - low)


def test_the_sign_says_which_is_better():
    a, b = figures()
    there, back = paired_difference(a, b), paired_difference(b, a)
    assert there[0] > 0 and back[0] == pytest.approx(-there[0])
    assert back[1:] == pytest.approx((-there[2], -there[1]), abs=0.003)


def test_the_same_seed_gives_the_same_interval_and_nothing_outside_is_drawn_from():
    a, b = figures()
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = paired_difference(a, b, seed=1)
    assert first == paired_difference(a, b, seed=1) != paired_difference(a, b, seed=2)
    assert first == paired_difference(torch.tensor(a), list(b), seed=1)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_more_confidence_is_a_wider_interval():
    a, b = figures()
    widths = [np.subtract(*paired_difference(a, b, confidence=c)[:0:-1]) for c in (0.5, 0.9, 0.99)]
    assert 0 < widths[0] < widths[1] < widths[2]


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        _, low, high = paired_difference(*figures(30, seed=seed), confidence=0.9, resamples=300)
        held += low <= 0.05 <= high
    assert 165 <= held <= 195  # 0.9 of 200 is 180, a standard deviation 4


def test_equal_differences_have_an_interval_without_width():
    assert paired_difference([0.5, 0.5], [0.5, 0.5]) == (0, 0, 0)
    found = paired_difference([0.3, 0.4, 0.9], [0.2, 0.3, 0.8])
    assert found == pytest.approx((0.1, 0.1, 0.1)) and found[1] == found[2]


def test_two_images_are_enough_to_compute_it():
    difference, low, high = paired_difference([0.5, 0.7], [0.4, 0.4])
    assert difference == pytest.approx(0.2) and low <= difference <= high


@pytest.mark.parametrize("a, b, options, message", [
    ([0.1, 0.2], [0.1], {}, "figures of the same images, got 2 and 1"),
    ([0.1], [0.1], {}, "at least two images, got 1"),
    ([[0.1, 0.2]], [0.1, 0.2], {}, r"a must have shape \(n,\), a figure for each image, got \(1, 2\)"),
    ([0.1, 0.2, 0.3], [0.1, float("nan"), float("nan")], {}, r"b must be finite, got nan at image 1 \(2 in all\)"),
    ([float("inf"), 0.2], [0.1, 0.2], {}, "a must be finite, got inf at image 0"),
    ([0.1, 0.2], [0.1, 0.3], {"confidence": 95}, r"confidence must lie in \(0, 1\), got 95"),
    ([0.1, 0.2], [0.1, 0.3], {"resamples": 10}, "resamples must be at least 100, got 10"),
])
def test_bad_input_is_refused_in_words(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        paired_difference(a, b, **options)
