from dataclasses import replace
from statistics import mean

import pytest
import torch
import torch.nn.functional as F

from course_lib.data import scenes
from course_lib.experiments import ch08_imbalance, load_record
from course_lib.experiments.ch08_imbalance import (
    DIGITS,
    EXPERIMENT,
    FIRST,
    LOSSES,
    Pictures,
    figures,
    make_loss,
    measure,
    pictures,
    probabilities,
    train,
)

CONFIG = EXPERIMENT.tiny


def test_there_is_a_condition_for_each_loss_and_share():
    assert len(EXPERIMENT.conditions) == len(set(EXPERIMENT.conditions)) == 24
    pairs = {tuple(name.split(", ")) for name in EXPERIMENT.conditions}
    assert pairs == {(a, b) for a in LOSSES for b in DIGITS}


def test_splits_share_no_scene_and_test_digits_are_for_testing():
    for config in (EXPERIMENT.small, EXPERIMENT.full):
        assert config.train_scenes <= FIRST["validation"] and config.validation_scenes <= 2**30
    for split, kind in (("train", "train"), ("validation", "train"), ("test", "test")):
        found = pictures(CONFIG, "1:50", split)
        first, count = FIRST[split], getattr(CONFIG, f"{split}_scenes")
        made = list(scenes(range(first, first + count), _options("1:50"), split=kind))
        assert torch.equal(found.images, torch.stack([scene.image for scene in made]))
        assert torch.equal(found.targets, torch.stack([scene.instances > 0 for scene in made]))


def _options(share, config=CONFIG):
    from course_lib.data import SceneOptions
    return SceneOptions(size=config.size, digits=DIGITS[share], digit_size=config.digit_size, colors=None,
                        clutter=config.fragments, min_visible=0.7, noise=config.noise)


@pytest.mark.parametrize("share", DIGITS)
def test_the_share_of_foreground_is_what_the_condition_says(share):
    targets = pictures(replace(CONFIG, test_scenes=60), share, "test").targets
    ratio = ((~targets).sum() / targets.sum()).item()
    assert ratio == pytest.approx(int(share.removeprefix("1:")), rel=0.1)


@pytest.mark.parametrize("share", DIGITS)
def test_fragments_are_as_bright_as_digits_and_background(share):
    """In each share, at least six bright pixels of fragments for each digit of the rarest share."""
    made = list(scenes(range(20), _options(share, EXPERIMENT.full), split="train"))
    bright = torch.stack([(scene.clean[0] > 0.9) & (scene.instances == 0) for scene in made])
    assert bright.sum() / 20 > 20
    assert all(len(scene.fragment_sources) >= 8 for scene in made)


def test_losses_are_those_that_are_named():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 1, 6, 8), (torch.rand(2, 6, 8) < 0.2).long()
    found = {name: make_loss(name, EXPERIMENT.full, target)(logits, target).item() for name in LOSSES}
    z, y = logits[:, 0], target.float()
    p = z.sigmoid()
    plain = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    true, false, missed = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
    assert found["cross-entropy"] == pytest.approx(plain.mean().item(), rel=1e-5)
    dice = (2 * true + 1) / (2 * true + false + missed + 1)
    tversky = (true + 0.5) / (true + 0.3 * false + 0.7 * missed + 0.5)       # smooth is halved in it
    assert found["Dice"] == pytest.approx(1 - dice.item(), rel=1e-4)
    assert found["Tversky"] == pytest.approx(1 - tversky.item(), rel=1e-4)
    right = torch.where(target > 0, p, 1 - p)
    assert found["focal"] == pytest.approx(((1 - right)**2 * plain).mean().item(), rel=1e-4)
    weights = torch.where(target > 0, 1 / y.mean(), 1 / (1 - y).mean())
    assert found["weighted"] == pytest.approx(((weights * plain).sum() / weights.sum()).item(), rel=1e-4)
    assert found["cross-entropy + boundary"] != pytest.approx(found["cross-entropy"], rel=1e-3)


def test_weights_make_both_classes_count_as_much():
    """With the same logit everywhere, the gradient on it is zero at a probability of one half."""
    target = torch.zeros(1, 10, 10, dtype=torch.long)
    target[0, 0, :4] = 1
    logit = torch.zeros(1, requires_grad=True)
    make_loss("weighted", CONFIG, target > 0)(logit.expand(1, 1, 10, 10), target).backward()
    assert logit.grad.abs() < 1e-6


def test_the_weight_of_the_boundary_loss_is_the_configurations():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 1, 6, 8), (torch.rand(2, 6, 8) < 0.2).long()
    losses = (make_loss("cross-entropy + boundary", replace(CONFIG, boundary=weight), target)
              for weight in (0.0, 1.0, 2.0))
    plain, one, two = (loss(logits, target) for loss in losses)
    assert two - one == pytest.approx((one - plain).item(), rel=1e-4) and abs(one - plain) > 1e-4


def squares():
    """Two scenes of 8 x 8 with a square of 4 x 4 each, and probabilities that are right at 0.3 only."""
    targets = torch.zeros(2, 8, 8, dtype=torch.bool)
    targets[:, 2:6, 2:6] = True
    return targets, torch.where(targets, 0.4, 0.1)


def test_figures_of_a_case_made_by_hand():
    targets, probability = squares()
    where = Pictures(torch.zeros(2, 1, 8, 8), targets)
    found = figures(probability, probability, where, where, EXPERIMENT.full)
    assert (found["iou"], found["dice"], found["boundary_f1"]) == (0, 0, 0)
    assert (found["iou_chosen"], found["dice_chosen"], found["boundary_f1_chosen"]) == (1, 1, 1)
    assert 0.1 <= found["threshold"] < 0.4
    assert [found[f"iou_{at}"] for at in range(20, 100, 10) if at != 40] == [1, 1, 0, 0, 0, 0, 0]
    assert found["ratio"] == 3
    assert found["promised"] == pytest.approx((16 * 0.4 + 48 * 0.1) / 16)
    assert found["calibration_error"] == pytest.approx(0.25 * 0.6 + 0.75 * 0.1)


def test_the_threshold_is_chosen_in_validation_scenes():
    """Test probabilities are right below 0.1 only, validation ones between 0.1 and 0.4."""
    targets, probability = squares()
    where = Pictures(torch.zeros(2, 1, 8, 8), targets)
    found = figures(probability, torch.where(targets, 0.09, 0.01), where, where, EXPERIMENT.full)
    assert found["threshold"] > 0.1 and found["iou_chosen"] == 0


def test_half_of_a_square_is_half_an_iou_and_two_thirds_of_dice():
    targets, _ = squares()
    half = targets.clone()
    half[:, 4:] = False
    where = Pictures(torch.zeros(2, 1, 8, 8), targets)
    found = figures(half.float(), half.float(), where, where, EXPERIMENT.full)
    assert found["iou"] == pytest.approx(1 / 2) and found["dice"] == pytest.approx(2 / 3)
    assert 0 < found["boundary_f1"] < 1


def test_figures_lie_in_their_ranges_and_bins_are_told_of_one_share():
    for condition in ("weighted, 1:20", f"Dice, {CONFIG.bins_of}"):
        found = measure(condition, CONFIG, seed=0)
        for name, value in found.items():
            assert value >= 0 and (value <= 1 or name in ("promised", "ratio")), name
        assert ("bin_0_share" in found) == condition.endswith(CONFIG.bins_of)
        assert {"iou", "dice", "boundary_f1", "threshold", "iou_chosen", "iou_10", "iou_90"} <= set(found)


def test_the_same_seed_gives_the_same_figures_and_another_gives_others():
    a, b, c = (measure("cross-entropy + boundary, 1:50", CONFIG, seed) for seed in (0, 0, 1))
    assert a == b != c


def test_all_losses_begin_with_the_same_network_and_see_the_same_scenes(monkeypatch):
    seen = []
    monkeypatch.setattr(ch08_imbalance, "fit",
                        lambda model, data, **options: seen.append((model, data, options)))
    for loss in LOSSES:
        train(loss, "1:20", EXPERIMENT.tiny, seed=3)
    (first, data, options), *others = seen
    assert torch.equal(data.tensors[1].bool(), pictures(EXPERIMENT.tiny, "1:20", "train").targets)
    for model, other, settings in others:
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), model.parameters()))
        assert all(a is b or torch.equal(a, b) for a, b in zip(data.tensors, other.tensors))
        assert {**settings, "loss": None} == {**options, "loss": None}


@pytest.mark.parametrize("loss", LOSSES)
def test_training_teaches(loss):
    """Within a few steps, digits are more probable than what is not one by more than at birth."""
    config = replace(CONFIG, steps=30, train_scenes=40, batch=4)
    asked = pictures(config, "1:20", "test")
    p = probabilities(train(loss, "1:20", config, 0), asked.images)
    torch.manual_seed(0)
    born = probabilities(ch08_imbalance.UNet(1, 1, config.dims).eval(), asked.images)
    gaps = [(x[asked.targets].mean() - x[~asked.targets].mean()).item() for x in (born, p)]
    assert gaps[1] > gaps[0] + 0.1, gaps


def test_training_takes_one_thread_and_leaves_their_number_alone(monkeypatch):
    seen = []
    monkeypatch.setattr(ch08_imbalance, "fit", lambda *_, **__: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        train("Dice", "1:50", CONFIG, seed=0)
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("imbalance")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    at_half, chosen, threshold = ({share: {loss: found[f"{loss}, {share}"][name] for loss in LOSSES}
                                   for share in DIGITS} for name in ("iou", "iou_chosen", "threshold"))
    for share, spread in (("1:5", 0.003), ("1:20", 0.008), ("1:50", 0.015)):
        assert max(chosen[share].values()) - min(chosen[share].values()) < spread
        assert max(at_half[share].values()) - at_half[share]["weighted"] > 10 * spread
    assert at_half["1:5"]["weighted"] == pytest.approx(0.80, abs=0.005)
    assert at_half["1:200"]["weighted"] == pytest.approx(0.40, abs=0.005)
    assert chosen["1:200"]["weighted"] == pytest.approx(0.73, abs=0.005)
    assert [round(threshold[share]["weighted"], 2) for share in DIGITS] == sorted(
        round(threshold[share]["weighted"], 2) for share in DIGITS)
    rare = chosen["1:200"]
    assert min(rare["Dice"], rare["Tversky"]) > 0.775
    assert 0.745 < rare["cross-entropy"] < 0.76 and 0.745 < rare["focal"] < 0.76
    boundary = recorded["cross-entropy + boundary, 1:200"]
    assert sorted(boundary["iou"])[:2] == [0, 0] and min(boundary["iou_chosen"]) > 0.65
    for share in DIGITS:
        plain = found[f"cross-entropy, {share}"]
        with_boundary = found[f"cross-entropy + boundary, {share}"]
        assert with_boundary["boundary_f1_chosen"] < plain["boundary_f1_chosen"] + 0.001
        errors = {loss: found[f"{loss}, {share}"]["calibration_error"] for loss in LOSSES}
        assert max(errors, key=errors.get) == "focal"
    assert found["focal, 1:200"]["promised"] > 15
    for share in DIGITS:
        assert found[f"Dice, {share}"]["ratio"] == pytest.approx(int(share.removeprefix("1:")), rel=0.07)
