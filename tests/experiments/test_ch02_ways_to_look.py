from dataclasses import replace
from statistics import mean

import pytest
import torch

from course_lib.attention import place_centres
from course_lib.experiments import load_record
from course_lib.experiments.ch02_ways_to_look import (
    EXPERIMENT,
    HARD,
    ONE_LOOK,
    canvases,
    covered,
    evaluate,
    look,
    make_model,
    reward_of,
    train,
)

CONFIG = EXPERIMENT.tiny


def test_one_digit_on_every_canvas_and_its_box_around_it():
    data = canvases(replace(CONFIG, clutter=0), "test")
    image, label = data.pick(slice(None))
    assert image.shape == (32, 1, 24, 36) and set(label.tolist()) <= set(range(10))
    for one, (x0, y0, x1, y1) in zip(image[:, 0], data.boxes.tolist()):
        assert one[y0:y1, x0:x1].max() > 0.5
        one[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1] = 0    # a faint rim may lie outside
        assert one.max() < 0.5


def test_one_look_ways_have_the_same_parameters():
    counts = {sum(p.numel() for p in make_model(way, CONFIG).parameters()) for way in ONE_LOOK}
    assert len(counts) == 1


@pytest.mark.parametrize("way", ONE_LOOK)
@pytest.mark.parametrize("training", [True, False])
def test_weights_are_what_the_way_says(way, training):
    model = make_model(way, CONFIG).train(training)
    seen = look(model, canvases(CONFIG, "test").pick(slice(4))[0], way)
    mass = seen.weights.sum((1, 2, 3))
    assert seen.logits.shape == (4, 10) and seen.weights.shape == (4, 1, 8, 12)
    if way == "gate":
        assert (mass > 10).all() and (seen.weights > 0).all() and (seen.weights < 1).all()
    else:
        torch.testing.assert_close(mass, torch.ones(4))
    if way in HARD:
        assert (seen.weights.flatten(1).amax(1) > 0.999).all()
    assert (seen.log_prob is not None) == (way in HARD[:3] and training)


def test_reward_is_the_probability_of_the_right_class_or_a_verdict():
    logits = torch.tensor([[0.0, 0.0, 9.0], [0.0, 9.0, 0.0]], requires_grad=True)
    label = torch.tensor([2, 2])
    assert reward_of(logits, label, "hard, 0 or 1").tolist() == [1, 0]
    soft = reward_of(logits, label, "hard")
    torch.testing.assert_close(soft, logits.detach().softmax(-1)[:, 2])
    assert not soft.requires_grad


def test_covered_by_counting_pixels():
    boxes = torch.tensor([[3, 2, 9, 10], [0, 0, 4, 4]])              # x0, y0, x1, y1
    centres = place_centres(4, 6).flatten(0, 1).expand(2, -1, -1)    # cells of 3 pixels: windows at whole pixels
    shown = covered(centres, boxes, (12, 18), window=5)
    for b, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        for k in range(24):
            top, left = 3 * (k // 6) - 1, 3 * (k % 6) - 1
            inside = [(y, x) for y in range(y0, y1) for x in range(x0, x1)
                      if top <= y < top + 5 and left <= x < left + 5]
            assert shown[b, k].item() == pytest.approx(len(inside) / ((x1 - x0) * (y1 - y0)), abs=1e-5)


def test_figures_by_hand():
    """A uniform look reads all; a hard one reads its overview and what is new in its window."""
    uniform = evaluate(make_model("uniform", CONFIG), "uniform", CONFIG)
    assert uniform["pixels"] == 1 and uniform["mass"] == pytest.approx(1, abs=1e-5)
    hard = evaluate(make_model("hard", CONFIG).eval(), "hard", CONFIG)
    overview, window = 8 * 12, 13 * 13
    assert overview < hard["pixels"] * 24 * 36 <= overview + window


def test_only_the_score_function_has_a_variance():
    for way in EXPERIMENT.conditions:
        trained = train(way, CONFIG, seed=0)
        assert len(trained.variance) == (3 if way in HARD[:3] else 0), way
        if way == "hard, no baseline":
            assert torch.equal(trained.variance, trained.bare_variance)


def mean_of(condition, figure):
    return mean(load_record("ways_to_look")["figures"][condition][figure])


def test_hard_attention_reaches_nine_tenths_of_soft_from_a_quarter_of_the_pixels():
    assert mean_of("hard", "accuracy") >= 0.9 * mean_of("soft", "accuracy")
    assert mean_of("hard", "pixels") <= 0.25


def test_the_baseline_at_least_halves_the_variance():
    """Against the run without a baseline, and at its own moments had there been none."""
    assert mean_of("hard", "variance") <= 0.5 * mean_of("hard, no baseline", "variance")
    assert mean_of("hard", "variance") <= 0.5 * mean_of("hard", "variance_bare")


def test_the_record_has_three_seeds_of_every_way():
    record = load_record("ways_to_look")
    assert set(record["figures"]) == set(EXPERIMENT.conditions)
    assert all(len(numbers) >= 3 for way in record["figures"].values() for numbers in way.values())
