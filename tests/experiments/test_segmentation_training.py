"""The tasks and the recipe that the experiments on segmentation share."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data import scenes
from course_lib.experiments import segmentation_training
from course_lib.experiments.segmentation_training import (
    FIRST_SEEDS,
    TASKS,
    evaluate,
    figures,
    labels,
    logits,
    mask_loss,
    named,
    pictures,
    train,
)
from course_lib.models import UNet


def network(task, seed=0):
    torch.manual_seed(seed)
    return UNet(TASKS[task].in_chans, TASKS[task].out_chans, (4, 6, 8))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("split", FIRST_SEEDS)
def test_pictures_are_the_scenes_of_their_split(task, split):
    first, source = FIRST_SEEDS[split], "test" if split == "test" else "train"
    made = list(scenes(range(first, first + 6), TASKS[task].options, split=source))
    found = pictures(task, split, 6)
    assert torch.equal(found.images, torch.stack([scene.image for scene in made]))
    assert torch.equal(found.instances, torch.stack([scene.instances for scene in made]))
    targets = [scene.semantic if task == "scenes" else scene.target_mask.long() for scene in made]
    assert torch.equal(found.targets, torch.stack(targets)) and found.targets.dtype == torch.int64


def test_no_test_digit_is_in_the_other_splits_and_no_scene_is_in_two():
    sources = {}
    for split, first in FIRST_SEEDS.items():
        made = scenes(range(first, first + 40), TASKS["scenes"].options,
                      split="test" if split == "test" else "train")
        sources[split] = frozenset().union(*(scene.sources for scene in made))
    assert not sources["test"] & (sources["train"] | sources["validation"])
    begins = sorted(FIRST_SEEDS.values())
    assert min(b - a for a, b in zip(begins, begins[1:])) > 10**8


def test_the_tasks_are_what_they_are_said_to_be():
    scene, cue = TASKS["scenes"], TASKS["cue"]
    assert (scene.in_chans, scene.out_chans, scene.num_classes) == (1, 11, 11)
    assert (cue.in_chans, cue.out_chans, cue.num_classes) == (3, 1, 2)
    assert set(pictures("scenes", "train", 30).targets.unique().tolist()) == set(range(11))
    assert set(pictures("cue", "train", 6).targets.unique().tolist()) == {0, 1}


def test_a_missed_pixel_costs_what_the_task_says():
    doubt = torch.zeros(1, 1, 1, 1)
    miss, false = (TASKS["cue"].loss(doubt, torch.full((1, 1, 1), y)).item() for y in (1, 0))
    assert miss == pytest.approx(3 * false)
    torch.manual_seed(0)
    numbers, target = torch.randn(2, 1, 4, 4), torch.randint(2, (2, 4, 4))
    expected = F.binary_cross_entropy_with_logits(numbers, target[:, None].float())
    assert mask_loss(numbers, target) == pytest.approx(expected.item())
    assert TASKS["scenes"].loss is F.cross_entropy


def test_labels_of_masks_and_maps():
    numbers = torch.tensor([-1.0, 0.0, 0.1, 3.0]).view(1, 1, 2, 2)
    assert labels(numbers).flatten().tolist() == [0, 0, 1, 1]
    assert labels(numbers, threshold=0.9).flatten().tolist() == [0, 0, 0, 1]
    assert labels(numbers, threshold=0.1).flatten().tolist() == [1, 1, 1, 1]
    classes = torch.tensor([[0.0, 1.0], [2.0, 0.5], [1.0, 3.0]]).view(1, 3, 1, 2)
    assert labels(classes).tolist() == [[[1, 2]]]


@pytest.mark.parametrize("task", TASKS)
def test_figures_of_right_and_wrong_answers(task):
    targets = pictures(task, "test", 12).targets
    assert figures(targets, targets, task)["iou"] == 1
    assert figures(targets, targets, task)["boundary_f1"] == pytest.approx(1)
    nothing = figures(torch.zeros_like(targets), targets, task)
    background = (targets == 0).float().mean().item() / 11 if task == "scenes" else 0
    assert nothing["iou"] == pytest.approx(background) and nothing["boundary_f1"] == 0


def test_another_digit_is_a_digit():
    targets = pictures("scenes", "test", 12).targets
    other = torch.where(targets > 0, targets % 10 + 1, 0)
    found = figures(other, targets, "scenes")
    assert found["digit_iou"] == 1 and found["iou"] == pytest.approx(1 / 11)
    assert "digit_iou" not in figures(targets > 0, targets > 0, "cue")


def test_a_boundary_may_be_a_pixel_away_and_no_more():
    targets = torch.zeros(1, 16, 64, dtype=torch.int64)
    targets[0, 4:10, 20:30] = 1
    near, far = (figures(targets.roll(by, 2), targets, "cue")["boundary_f1"] for by in (1, 2))
    assert near == pytest.approx(1) and far < 0.99


def test_the_boundary_of_the_background_does_not_count():
    targets = torch.zeros(1, 48, 64, dtype=torch.int64)
    targets[0, 4:10, 20:30] = 1
    assert figures(2 * targets, targets, "scenes")["boundary_f1"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_training_teaches_and_is_the_same_twice(task):
    found = []
    for _ in range(2):
        model = network(task)
        before = float(TASKS[task].loss(logits(model, pictures(task, "train", 32).images),
                                        pictures(task, "train", 32).targets))
        history = train(model, task, steps=30, seed=0, count=32, batch_size=8)
        found.append((history.loss, evaluate(model, task, count=4)))
        assert not model.training and history.loss[-1] < 0.9 * before
    assert found[0] == found[1]


def test_another_seed_sees_other_batches():
    a, b = (train(network("cue"), "cue", steps=3, seed=seed, count=32).loss for seed in (0, 1))
    assert a != b


@pytest.mark.parametrize("task", TASKS)
def test_training_is_on_the_training_scenes_with_the_loss_that_was_asked_for(monkeypatch, task):
    seen = []
    monkeypatch.setattr(segmentation_training, "fit", lambda _, data, **options: seen.append((data, options)))
    train(network(task), task, steps=7, seed=3, count=5)
    train(network(task), task, steps=7, seed=3, count=5, loss=max, progress=True, lr=0.1)
    (data, options), (_, asked) = seen
    drawn = pictures(task, "train", 5)
    assert torch.equal(data.tensors[0], drawn.images) and torch.equal(data.tensors[1], drawn.targets)
    assert (options["steps"], options["seed"], options["device"], options["progress"]) == (7, 3, "cpu", False)
    assert options["batch_size"] == 16 and options["lr"] == 0.005
    assert asked["loss"] is max and asked["progress"] and asked["lr"] == 0.1
    numbers = torch.randn(2, TASKS[task].out_chans, 4, 4)
    target = torch.ones(2, 4, 4, dtype=torch.int64)
    assert torch.equal(options["loss"](numbers, target), TASKS[task].loss(numbers, target))


def test_evaluation_is_on_the_split_that_is_named(monkeypatch):
    class Answer(nn.Module):
        """Knows the test scenes by heart."""

        def forward(self, x):
            targets = pictures("cue", "test", 3).targets
            return targets[:len(x), None] * 2.0 - 1

    assert evaluate(Answer(), "cue", count=3)["iou"] == 1
    assert evaluate(Answer(), "cue", split="validation", count=3)["iou"] < 1


def test_one_thread_and_the_number_as_it_was(monkeypatch):
    seen = []
    monkeypatch.setattr(segmentation_training, "fit", lambda *_, **__: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        train(network("cue"), "cue", steps=1, seed=0, count=4)
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_names_of_figures():
    assert named({"iou": 1.0, "boundary_f1": 0.5}, "cue") == {"cue_iou": 1.0, "cue_boundary_f1": 0.5}
