from dataclasses import replace
from statistics import mean, stdev

import pytest
import torch
from torch import nn

from course_lib.attention import AttentionGate, ScaleFusion, record_attention
from course_lib.experiments import ch08_ablation, load_record
from course_lib.experiments.ch08_ablation import (
    CONDITIONS,
    EXPERIMENT,
    PLAIN,
    against_plain,
    fitting_width,
    inside,
    make_model,
    measure,
    outcome,
    scores,
)
from course_lib.experiments.segmentation_training import TASKS, History, pictures
from course_lib.models import UNet, parameters_of
from course_lib.training import paired_difference

CONFIG = EXPERIMENT.tiny
SAME_BIRTH = [("none", "channel"), ("position", "position and channel", "criss-cross")]


@pytest.mark.parametrize("task", TASKS)
def test_parameters_are_equal_within_5_percent(task):
    counts = [parameters_of(make_model(name, task, EXPERIMENT.full)) for name in CONDITIONS]
    assert max(counts) < 1.05 * min(counts)
    assert fitting_width(PLAIN, task, EXPERIMENT.full) == EXPERIMENT.full.width


def test_channels_double_with_each_resolution():
    plain = make_model(PLAIN, "scenes", EXPERIMENT.full)
    assert [stage[0].out_channels for stage in plain.down] == [12, 24, 48]
    assert plain.neck.into.out_channels == EXPERIMENT.full.embed_dim


def kinds(condition):
    """What stands where: the neck's middle, whether gates, whether fused scales."""
    model = make_model(condition, "scenes", CONFIG)
    return (type(model.neck.body[1]).__name__, any(isinstance(m, AttentionGate) for m in model.modules()),
            isinstance(model.head, ScaleFusion))


def test_attention_stands_where_the_condition_says():
    assert {name: kinds(name) for name in CONDITIONS} == {
        "none": ("Identity", False, False),
        "position": ("SelfAttention2d", False, False),
        "channel": ("ChannelAttention", False, False),
        "position and channel": ("DualAttention", False, False),
        "criss-cross": ("CrissCrossAttention", False, False),
        "gates": ("Identity", True, False),
        "scales": ("Identity", False, True),
        "all": ("DualAttention", True, True),
    }
    assert make_model("criss-cross", "cue", CONFIG).neck.body[1].loops == 2


def test_measuring_a_width_draws_nothing():
    torch.manual_seed(0)
    fitting_width.cache_clear()
    fitting_width("all", "cue", CONFIG)
    found = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(found, torch.rand(1))


def test_scores_of_a_case_made_by_hand():
    """Two images of one row: background a, b is digit 0, c is digit 1."""
    target = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 2, 2]]])
    predicted = torch.tensor([[[0, 0, 1, 1]], [[0, 0, 0, 2]]])
    found = scores(predicted, target, "scenes")
    a, b, c = (2 + 2) / (3 + 3), 1 / 2, 1 / 2                      # pooled: intersections over unions
    assert found["iou_class"] == pytest.approx((a + b + c) / 3)
    assert found["iou_foreground"] == pytest.approx((b + c) / 2)
    assert found["iou_image"] == pytest.approx(((2 / 3 + 1 / 2) / 2 + (2 / 3 + 1 / 2) / 2) / 2)
    assert found["iou_global"] == pytest.approx((4 + 1 + 1) / (6 + 2 + 2))
    assert 0 < found["boundary_f1"] <= 1


def test_boundaries_are_of_digits_and_within_one_pixel():
    """A square of digit 0 that lies one pixel, and two pixels, beside where it should."""
    target = torch.zeros(1, 20, 20, dtype=torch.long)
    target[:, 6:12, 6:12] = 1
    assert scores(target.roll(1, 2), target, "scenes")["boundary_f1"] == 1
    assert scores(target.roll(2, 2), target, "scenes")["boundary_f1"] < 1
    assert scores(0 * target, target, "scenes")["boundary_f1"] == 0


def test_a_mask_is_scored_with_and_without_its_background():
    target = torch.tensor([[[0, 0, 1, 1]]])
    found = scores(torch.tensor([[[0, 0, 0, 1]]]), target, "cue")
    assert found["iou_foreground"] == pytest.approx(1 / 2)
    assert found["iou_class"] == pytest.approx((2 / 3 + 1 / 2) / 2) == found["iou_image"]
    assert found["iou_global"] == pytest.approx(3 / 5)


def test_the_difference_to_the_plain_network_is_taken_image_by_image():
    torch.manual_seed(0)
    target = torch.randint(0, 2, (12, 4, 6))
    plain, better = torch.randint(0, 2, (12, 4, 6)), target.clone()
    better[:, 0] = 1 - better[:, 0]
    found = against_plain(better, plain, target, "cue")
    each = [(scores(b[None], t[None], "cue")["iou_image"], scores(p[None], t[None], "cue")["iou_image"])
            for b, p, t in zip(better, plain, target)]
    assert found["difference"] == pytest.approx(sum(b - p for b, p in each) / 12)
    assert found["low"] < found["difference"] < found["high"] and found["low"] > 0
    assert tuple(found.values()) == pytest.approx(paired_difference(*zip(*each), seed=0))
    assert against_plain(plain, better, target, "cue")["difference"] == pytest.approx(-found["difference"])


@pytest.mark.parametrize("condition", ["none", "channel", "all"])
def test_figures_lie_in_their_ranges(condition):
    found = measure(condition, CONFIG, seed=0)
    for task in TASKS:
        for name in ("iou_class", "iou_image", "iou_global", "iou_foreground", "boundary_f1"):
            assert 0 <= found[f"{task}_{name}"] <= 1
        looks = [name for name in found if name.startswith(f"{task}_validation_")]
        assert len(looks) == CONFIG.looks and f"{task}_test_{CONFIG.looks}" in found
        assert (f"{task}_difference" in found) == (condition != PLAIN)
        assert (f"{task}_channel_self" in found) == (condition != PLAIN)
        if condition != PLAIN:
            assert found[f"{task}_low"] <= found[f"{task}_difference"] <= found[f"{task}_high"]
            assert 0 <= found[f"{task}_channel_self"] <= 1


@pytest.mark.parametrize("size", ["tiny", "small", "full"])
def test_every_size_has_as_many_looks_and_the_last_is_at_the_end(size, monkeypatch):
    config = EXPERIMENT.config(size)
    for steps in (config.scenes_steps, config.cue_steps):
        assert steps % config.looks == 0
    assert config.looked_at <= config.test_scenes


def test_the_last_look_is_at_the_same_network_as_the_scores():
    config = replace(CONFIG, test_scenes=4)
    found = measure("gates", config, seed=0)
    assert found["scenes_test_5"] == pytest.approx(found["scenes_iou_class"])
    assert found["cue_test_5"] == pytest.approx(found["cue_iou_class"])


def test_the_same_seed_gives_the_same_figures_and_another_gives_others():
    found = []
    for seed in (0, 0, 1):
        outcome.cache_clear()
        found.append(measure("position and channel", CONFIG, seed))
    assert found[0] == found[1] != found[2]


def test_the_plain_network_of_a_seed_is_trained_once_for_each_task(monkeypatch):
    outcome.cache_clear()
    trained = []

    def train(model, task, *, seed, **options):
        trained.append((type(model.neck.body[1]).__name__, task, seed))
        model.eval()
        return History()

    monkeypatch.setattr(ch08_ablation, "train", train)
    for condition in CONDITIONS:
        measure(condition, CONFIG, seed=0)
    for task in TASKS:
        assert trained.count(("Identity", task, 0)) == 3           # with gates and scales
    assert len(trained) == 2 * len(CONDITIONS)
    outcome.cache_clear()


def test_all_conditions_have_the_same_schedule_and_scenes(monkeypatch):
    outcome.cache_clear()
    seen = []

    def train(model, task, **options):
        seen.append({name: value for name, value in options.items() if name != "evaluate"} | {"task": task})
        model.eval()
        return History()

    monkeypatch.setattr(ch08_ablation, "train", train)
    for condition in CONDITIONS:
        outcome(condition, "cue", CONFIG, 1)
    assert all(options == seen[0] for options in seen) and seen[0]["seed"] == 1
    outcome.cache_clear()


class Channels(nn.Module):
    """What `inside` needs of a network: a block of channel attention by name, and its factor."""

    def __init__(self, same):
        super().__init__()
        from course_lib.attention import ChannelAttention
        self.channel, self.same = ChannelAttention(4), same

    def forward(self, x):
        a = torch.ones(4, 4) if self.same else 9 * torch.eye(4)
        return self.channel(a[None, :, :, None].expand(len(x), 4, 4, 4))


def test_what_a_channel_gives_itself():
    images = torch.zeros(3, 1, 4, 4)
    assert inside(Channels(True), images)["channel_self"] == pytest.approx(1 / 4)
    found = inside(Channels(False), images)
    assert found["channel_self"] == pytest.approx(1) and found["beta"] == 0
    assert inside(make_model("gates", "cue", CONFIG), images) == {}


def test_factors_of_attention_are_told():
    model = make_model("all", "cue", CONFIG)
    with torch.no_grad():
        model.neck.body[1].position.gamma.fill_(0.5)
        model.neck.body[1].channel.beta.fill_(-0.25)
    found = inside(model.eval(), pictures("cue", "test", 8).images)
    assert (found["gamma"], found["beta"]) == (0.5, -0.25) and 0 < found["channel_self"] <= 1
    assert set(inside(make_model("criss-cross", "cue", CONFIG), torch.zeros(1, 3, 16, 64))) == {"gamma"}


def test_the_neck_is_recorded_where_attention_stands_in_it():
    for condition, shape in (("position", (64, 64)), ("channel", (32, 32))):
        model = make_model(condition, "cue", EXPERIMENT.full).eval()
        with record_attention(model) as maps:
            model(torch.rand(2, 3, 16, 64))
        weights, = maps.values()
        assert weights.shape[-2:] == shape
    assert isinstance(model, UNet)


def test_the_record_says_what_the_lesson_says_of_the_cue():
    found = load_record("ablation")["figures"]
    cue = {name: numbers["cue_iou_foreground"] for name, numbers in found.items()}
    for name in ("position", "position and channel", "criss-cross"):
        assert min(cue[name]) > 0.92 > 0.42 > max(cue["none"])
    assert 0.5 < min(cue["channel"]) and mean(cue["channel"]) == pytest.approx(0.73, abs=0.005)
    assert mean(cue["all"]) == pytest.approx(0.81, abs=0.005)
    assert all(a < b for a, b in zip(cue["all"], cue["position"]))
    assert all(abs(mean(cue[name]) - mean(cue["none"])) < 0.03 for name in ("gates", "scales"))
    best = [max(found, key=lambda name: mean(found[name][f"cue_iou_{average}"]))
            for average in ("class", "image", "global", "foreground")]
    assert set(best) <= {"position", "position and channel"}


def test_the_record_says_what_the_lesson_says_of_the_scenes():
    found = load_record("ablation")["figures"]
    others = [name for name in found if name != "none"]
    intervals = {name: list(zip(found[name]["scenes_low"], found[name]["scenes_high"])) for name in others}
    assert sum(low > 0 or high < 0 for some in intervals.values() for low, high in some) == 17
    for name in ("channel", "criss-cross", "gates"):
        assert any(low > 0 for low, _ in intervals[name]) and any(high < 0 for _, high in intervals[name])
    for name in ("position", "criss-cross", "scales", "gates"):
        differences = found[name]["scenes_difference"]
        assert abs(mean(differences)) < 2 * stdev(differences) / 3**0.5
    gains = [a - b for a, b in zip(found["gates"]["scenes_iou_class"], found["none"]["scenes_iou_class"])]
    assert gains == pytest.approx([-0.052, -0.022, 0.116], abs=0.001)
    for name, numbers in found.items():
        assert all(max(looks) == looks[-1] for looks in
                   zip(*(numbers[f"scenes_test_{number}"] for number in range(1, 6)))), name
    for group, moves in ((SAME_BIRTH[0], 0.17), (SAME_BIRTH[1], 0.10)):
        scored = [found[name]["scenes_iou_class"] for name in group]
        assert all(max(some) - min(some) < 0.026 for some in zip(*scored))
        assert max(max(some) - min(some) for some in scored) == pytest.approx(moves, abs=0.005)


@pytest.mark.parametrize("group", SAME_BIRTH)
def test_some_networks_begin_with_the_same_weights(group):
    weights = []
    for name in group:
        torch.manual_seed(1)
        model = make_model(name, "scenes", EXPERIMENT.full)
        weights.append([p for p in model.parameters() if p.numel() > 1])    # without the factors gamma, beta
    assert all(len(some) == len(weights[0]) for some in weights)
    assert all(torch.equal(a, b) for some in weights for a, b in zip(some, weights[0]))


def test_the_record_says_what_the_lesson_says_of_averages():
    found = load_record("ablation")["figures"]
    by = {average: {name: mean(found[name][f"scenes_iou_{average}"]) for name in found}
          for average in ("class", "image", "global", "foreground")}
    assert all(max(some, key=some.get) == "scales" for some in by.values())
    assert by["class"]["all"] > by["class"]["none"] and min(by["image"], key=by["image"].get) == "all"
    assert max(by["global"].values()) - min(by["global"].values()) < 0.03
    winners = [max(found, key=lambda name: found[name][f"scenes_iou_{average}"][1])
               for average in ("class", "image", "global")]
    assert winners == ["scales", "channel", "all"]
