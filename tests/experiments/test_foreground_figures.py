import pytest
import torch

from course_lib.experiments.foreground_figures import (
    best_threshold,
    calibration_error,
    iou_at,
    promised,
    reliability,
)


def test_iou_at_each_threshold():
    probability = torch.tensor([[0.9, 0.6, 0.3], [0.7, 0.2, 0.1]])
    target = torch.tensor([[True, True, True], [False, False, False]])
    # above 0.15: 3 true, 2 false; 0.25: 3, 1; 0.5: 2, 1; 0.8: 1, 0; 0.95: none
    assert iou_at(probability, target, [0.15, 0.25, 0.5, 0.8, 0.95]) == pytest.approx([3 / 5, 3 / 4, 2 / 4, 1 / 3, 0])


def test_iou_is_that_of_the_masks_themselves():
    torch.manual_seed(0)
    probability, target = torch.rand(3, 7, 5), torch.rand(3, 7, 5) < 0.3
    thresholds = [step / 20 for step in range(21)]
    masks = [probability > at for at in thresholds]
    assert iou_at(probability, target, thresholds) == pytest.approx(
        [((mask & target).sum() / (mask | target).sum()).item() for mask in masks])


def test_a_pixel_at_the_threshold_is_not_marked():
    assert iou_at(torch.tensor([0.5]), torch.tensor([True]), [0.25, 0.5]) == [1, 0]


def test_without_foreground_and_without_marks_nothing_breaks():
    assert iou_at(torch.tensor([0.2]), torch.tensor([False]), [0.5]) == [0]


def test_the_best_threshold_lies_between_the_two_kinds_of_pixels():
    target = torch.tensor([True, True, False, False])
    assert best_threshold(torch.tensor([0.9, 0.85, 0.65, 0.1]), target) == pytest.approx(0.75)
    assert best_threshold(torch.tensor([0.04, 0.03, 0.015, 0.005]), target) == pytest.approx(0.02)
    assert best_threshold(torch.tensor([0.9986, 0.9984, 0.997, 0.9]), target) == pytest.approx(0.998)


def test_reliability_of_a_case_made_by_hand():
    probability = torch.tensor([[0.02, 0.04, 0.06, 0.08], [0.62, 0.66, 0.95, 0.97]])
    target = torch.tensor([[False, False, False, True], [True, False, True, True]])
    found = reliability(probability, target)
    assert len(found) == 30
    for number, (share, predicted, true) in {0: (0.5, 0.05, 0.25), 6: (0.25, 0.64, 0.5), 9: (0.25, 0.96, 1.0),
                                             3: (0, 0.35, 0.35)}.items():
        assert found[f"bin_{number}_share"] == share
        assert found[f"bin_{number}_predicted"] == pytest.approx(predicted)
        assert found[f"bin_{number}_true"] == pytest.approx(true)
    assert calibration_error(found) == pytest.approx(0.5 * 0.2 + 0.25 * 0.14 + 0.25 * 0.04)


def test_shares_and_curve_agree_on_the_edges_of_bins():
    """Numbers that are edges themselves, with all of one kind: a bin's number must fit what is in it."""
    probability = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0], dtype=torch.float64)
    for numbers in (probability, probability.float()):
        found = reliability(numbers, torch.ones(8, dtype=torch.bool))
        for number in range(10):
            if found[f"bin_{number}_share"]:
                low, high = number / 10, (number + 1) / 10
                assert low - 1e-6 <= found[f"bin_{number}_predicted"] <= high + 1e-6
                assert found[f"bin_{number}_true"] == 1
        assert sum(found[f"bin_{number}_share"] for number in range(10)) == pytest.approx(1)


def test_calibrated_probabilities_have_no_error_and_promise_what_comes():
    torch.manual_seed(0)
    probability = torch.rand(200_000)
    target = torch.rand(200_000) < probability
    assert calibration_error(reliability(probability, target)) < 0.01
    assert promised(probability, target) == pytest.approx(1, abs=0.02)
    assert promised(probability.sqrt(), target) == pytest.approx(4 / 3, abs=0.02)


def test_promised_counts_pixels():
    assert promised(torch.tensor([0.5, 0.25, 0.75, 0.5]), torch.tensor([True, False, False, False])) == 2
