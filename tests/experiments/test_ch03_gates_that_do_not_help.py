from statistics import mean

import pytest
import torch

from course_lib.data import digits
from course_lib.experiments import load_record
from course_lib.experiments.ch03_gates_that_do_not_help import (
    CONDITIONS,
    EXPERIMENT,
    GATES,
    TASKS,
    GatedNetwork,
    evaluate,
    examples,
    train,
)

CONFIG = EXPERIMENT.tiny


def draw(task, count=200, seed=0, **options):
    return examples(task, count, torch.Generator().manual_seed(seed), **options)


def classes_within(crop_of, known):
    """Which digits of the split a cell holds, wherever in it they lie."""
    crops = [tuple(crop_of[y:y + 8, x:x + 8].flatten().tolist()) for y in (0, 1) for x in (0, 1)]
    return {known[crop] for crop in crops if crop in known}


@pytest.fixture(scope="module")
def known():
    pool, classes = digits("test")
    return {tuple(image.flatten().tolist()): label for image, label in zip(pool, classes.tolist())}


def test_one_digit_has_no_cue_and_one_full_channel(known):
    images, labels, relevant = draw("one digit", split="test")
    assert images.shape == (200, 10, 9, 18) and images[:, 1::2].sum() == 0
    full = images[:, ::2].sum((2, 3)) > 0
    assert (full.sum(1) == 1).all() and torch.equal(full.float().argmax(1), relevant)
    assert set(relevant.tolist()) == set(range(5))
    for image, label, which in zip(images[:20], labels, relevant):
        assert classes_within(image[2 * which, :, 9:], known) == {label.item()}


def test_a_place_is_named_by_the_first_two_cues(known):
    images, labels, relevant = draw("a place", split="test")
    cues = images[:, 1::2].sum((2, 3))
    assert images.shape == (200, 10, 9, 27) and ((cues > 0).sum(1) == 1).all()
    assert set(cues.argmax(1).tolist()) == {0, 1}
    for image, label, cue, which in zip(images[:40], labels, cues.argmax(1), relevant):
        cell = image[::2, :, 9 * (cue + 1):9 * (cue + 2)]    # (5, 9, 9)
        full = cell.sum((1, 2)) > 0
        assert full.sum() == 1 and full.int().argmax() == which
        assert classes_within(cell[which], known) == {label.item()}


def test_the_channel_of_a_place_is_drawn_apart_from_the_cue():
    """Else a gate could choose the channel and with it the place."""
    images, _, relevant = draw("a place", 4000)
    cue = images[:, 1::2].sum((2, 3)).argmax(1)
    shares = torch.stack([(relevant[cue == c, None] == torch.arange(5)).float().mean(0) for c in (0, 1)])
    assert (shares - 0.2).abs().max() < 0.04


def test_swapping_the_two_places_changes_no_channel_gate():
    """Which is why a channel gate cannot choose: it sees means, and they do not tell the place."""
    images = draw("a place", 16).images
    swapped = torch.cat([images[..., :9], images[..., 18:], images[..., 9:18]], -1)
    for gate in ("SE", "ECA", "CBAM"):
        torch.manual_seed(0)
        model = GatedNetwork(EXPERIMENT.full, gate, cells=3).eval()
        torch.testing.assert_close(model.signal_gates(images), model.signal_gates(swapped))


@pytest.mark.parametrize("task", TASKS)
def test_parameters_are_equal_within_5_percent(task):
    counts = [sum(p.numel() for p in GatedNetwork(EXPERIMENT.full, gate, cells=TASKS[task]).parameters())
              for gate in GATES.values()]
    assert max(counts) / min(counts) < 1.05


def test_budget_is_that_of_the_cued_channel():
    from course_lib.experiments.ch03_cued_channel import EXPERIMENT as cued
    assert EXPERIMENT.full == cued.full


@pytest.mark.parametrize("condition", ["one digit: SE", "a place: CBAM"])
def test_the_same_seed_trains_the_same_network(condition):
    a, b = (evaluate(train(condition, CONFIG, seed=0), condition, CONFIG) for _ in range(2))
    assert a == b and {"accuracy", "top", "on", "off", "parameters"} == set(a)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("gates_that_do_not_help")["figures"]
    accuracy = {name: mean(numbers["accuracy"]) for name, numbers in recorded.items()}
    assert set(accuracy) == set(CONDITIONS)
    for task in TASKS:
        for gate in ("SE", "ECA", "CBAM"):
            assert accuracy[f"{task}: {gate}"] < accuracy[f"{task}: plain"] + 0.03
