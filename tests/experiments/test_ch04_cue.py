from dataclasses import replace
from statistics import mean

import pytest
import torch
from torch import nn

from course_lib.attention import NonLocal
from course_lib.data import scenes
from course_lib.experiments import ch04_cue, load_record
from course_lib.experiments.ch04_cue import (
    CONDITIONS,
    EXPERIMENT,
    TEST_SEEDS,
    AddMean,
    Convolve,
    Pictures,
    distance_from,
    figures,
    iou,
    make_model,
    map_figures,
    mark,
    measure,
    pictures,
    train,
)
from course_lib.models import receptive_field_of

CONFIG = EXPERIMENT.tiny
NETWORKS = [name for name in CONDITIONS if name != "every digit"]


def awake(condition, config=EXPERIMENT.full):
    """A network whose attention lets something through, as after its first steps."""
    torch.manual_seed(0)
    model = make_model(condition, config)
    for module in model.modules():
        if isinstance(module, NonLocal):
            nn.init.ones_(module.bn.weight)
    return model


def sees(condition, at):
    return receptive_field_of(awake(condition), EXPERIMENT.full.size, at) > 0


def test_scenes_are_of_their_split_and_none_is_in_both():
    assert EXPERIMENT.full.train_scenes <= TEST_SEEDS
    for split, first in (("train", 0), ("test", TEST_SEEDS)):
        made = list(scenes(range(first, first + 8), CONFIG.options, split=split))
        found = pictures(CONFIG, split)
        assert torch.equal(found.images, torch.stack([scene.image for scene in made]))
        assert torch.equal(found.targets, torch.stack([scene.target_mask for scene in made]))
        assert torch.equal(found.digits, torch.stack([scene.instances > 0 for scene in made]))
        x0, y0, x1, y1 = made[3].cue.box
        on_cue = found.distance[3] == 0
        assert on_cue[y0:y1, x0:x1].all() and on_cue.sum() == 8 * 8


def test_distance_is_the_reach_of_the_smallest_square_window_that_touches():
    size, box = (7, 9), (1, 2, 4, 4)
    inside = torch.zeros(size, dtype=torch.bool)
    inside[2:4, 1:4] = True
    found = distance_from(box, size)
    for y in range(7):
        for x in range(9):
            reach = found[y, x].item()
            window = inside[max(0, y - reach):y + reach + 1, max(0, x - reach):x + reach + 1]
            less = inside[max(0, y - reach + 1):y + reach, max(0, x - reach + 1):x + reach]
            assert window.any() and not less.any()


def test_bins_take_every_distance_of_a_digit():
    for config in (EXPERIMENT.small, EXPERIMENT.full):
        farthest = max(config.size) - config.cue_size
        assert config.bins[0] == 0 and config.bins[-1] > farthest and config.far in config.bins
    distance = pictures(replace(CONFIG, train_scenes=64), "train").distance
    assert distance.max() == 56


@pytest.mark.parametrize("size", ["tiny", "small", "full"])
def test_parameters_are_equal_within_5_percent(size):
    models = [make_model(name, EXPERIMENT.config(size)) for name in NETWORKS]
    counts = [sum(p.numel() for p in model.parameters()) for model in models]
    assert max(counts) < 1.05 * min(counts)


CORNERS_AND_MIDDLES = [(0, 0), (15, 63), (0, 63), (8, 32), (3, 30), (15, 17)]


@pytest.mark.parametrize("at", CORNERS_AND_MIDDLES)
@pytest.mark.parametrize("condition", ["dilated convolution", "attention", "global mean"])
def test_the_whole_image_is_in_sight(condition, at):
    assert sees(condition, at).all()


def test_the_plain_network_sees_no_cue_that_is_far():
    """Wherever a pixel is, what it sees is at most 25 pixels away."""
    for y, x in CORNERS_AND_MIDDLES:
        distance = distance_from((x, y, x + 1, y + 1), EXPERIMENT.full.size)
        seen = sees("convolution", (y, x))
        assert 20 <= distance[seen].max() <= 25 < EXPERIMENT.full.far


def test_attention_sees_no_farther_at_birth():
    torch.manual_seed(0)
    model = make_model("attention", EXPERIMENT.full)
    assert (receptive_field_of(model, EXPERIMENT.full.size, (8, 0))[:, 26:] == 0).all()


def test_iou_is_pooled():
    marked = torch.zeros(2, 2, 4, dtype=torch.bool)
    targets = marked.clone()
    marked[0, 0, :3] = targets[0, 0, 1:] = True           # 2 of 4
    targets[1] = True                                     # 0 of 8
    assert iou(marked, targets) == pytest.approx(2 / 12)
    where = torch.zeros_like(marked)
    where[0, :, 2:] = True
    assert iou(marked, targets, where) == pytest.approx(1 / 2)
    assert iou(marked, targets, torch.zeros_like(where)) == 0


def test_figures_of_right_wrong_and_undecided_answers():
    test = pictures(CONFIG, "test")
    right = figures(test.targets, test, CONFIG.bins)
    assert set(right.values()) == {1.0}
    wrong = figures(test.digits & ~test.targets, test, CONFIG.bins)
    assert set(wrong.values()) == {0.0}
    every = figures(test.digits, test, CONFIG.bins)
    assert every["iou"] == pytest.approx((test.targets.sum() / test.digits.sum()).item())
    assert measure("every digit", CONFIG, 0) == every


def test_rings_are_told_apart():
    """An answer that is right up to 15 pixels from the cue, and marks what is no digit farther away."""
    test = pictures(CONFIG, "test")
    near = test.targets & (test.distance < 16)
    found = figures(near | (~test.digits & (test.distance >= 16)), test, CONFIG.bins)
    rings = [value for name, value in found.items() if name != "iou"]
    assert rings == [1, 1] + [0] * (len(rings) - 2) and 0 < found["iou"] < 1


def test_a_ring_holds_pixels_of_digits_only():
    test = pictures(CONFIG, "test")
    found = figures(test.targets | ~test.digits, test, CONFIG.bins)
    overall = found.pop("iou")
    assert set(found.values()) == {1.0} and overall < 0.5


@pytest.mark.parametrize("block", [Convolve(6, 4), Convolve(6, 4, dilation=2), AddMean(6, 4)])
def test_blocks_are_residual(block):
    x = torch.rand(2, 6, 5, 7)
    with torch.no_grad():
        assert (block(x) - x).abs().max() > 1e-3
        for parameter in block.body[-1].parameters():
            parameter.zero_()
        assert torch.equal(block(x), x)


class Looking(nn.Module):
    """What `map_figures` needs of a network: its stride, and a call of attend that looks where it is told."""

    stride = 4

    def __init__(self, looks):
        super().__init__()
        self.looks = looks

    def forward(self, x):
        from course_lib.attention import attend
        looks = self.looks[:len(x)].flatten(1)                        # (B, N)
        scores = looks[:, None].expand(-1, looks.shape[1], -1).log()  # (B, N, N): the same for all queries
        zeros = torch.zeros(len(x), looks.shape[1], 1)
        return attend(zeros, zeros, zeros, bias=scores)


def cue_cells(test):
    return nn.functional.max_pool2d((test.distance == 0).float(), 4)


def test_map_figures_of_a_map_on_the_cue_and_of_one_that_is_elsewhere():
    test = pictures(CONFIG, "test")
    cue = cue_cells(test)
    assert cue.sum((1, 2)).tolist() == [4] * 8                        # a patch of 8 x 8 is four whole cells
    for looks, mass, hit in ((cue, 1, 1), (1 - cue, 0, 0), (3 * cue + 1 - cue, 12 / (12 + 60), 1)):
        found = map_figures(Looking(looks), test, CONFIG.far)
        assert found["cue_uniform"] == pytest.approx(4 / 64)
        for who in ("", "_other"):
            assert found["cue_mass" + who] == pytest.approx(mass, abs=1e-5)
            assert found["cue_hit" + who] == pytest.approx(hit)


def test_map_figures_of_many_scenes_are_those_of_each():
    """They are taken in batches; here each scene comes 26 times, with a map that is good in half of them."""
    test = pictures(CONFIG, "test")
    cue = cue_cells(test)
    many = Pictures(*(t.repeat(26, *[1] * (t.ndim - 1)) for t in test))
    looks = torch.cat([cue.repeat(13, 1, 1), 1 - cue.repeat(13, 1, 1)])

    class InTurn(Looking):
        def forward(self, x):
            now, self.looks = self.looks[:len(x)], self.looks[len(x):]
            return Looking(now)(x)

    assert map_figures(InTurn(looks), many, CONFIG.far)["cue_mass"] == pytest.approx(0.5)


def test_map_figures_ask_only_the_pixels_they_name():
    """Two scenes, attention is on the cue in the first. Which far pixels count is set by hand."""
    test = pictures(CONFIG, "test")
    cue = cue_cells(test)[:2]
    looks = torch.stack([cue[0], 1 - cue[1]])
    targets, digits = torch.zeros(2, 16, 64, dtype=torch.bool), torch.zeros(2, 16, 64, dtype=torch.bool)
    distance = test.distance[:2].clone()
    y, x = (distance[0] >= 32).nonzero()[0].tolist()
    v, w = (distance[1] >= 32).nonzero()[0].tolist()
    near = (distance[1] < 32).nonzero()[-1].tolist()
    targets[0, y, x] = digits[0, y, x] = True                         # one far target on the good map
    digits[1, v, w] = True                                            # one far digit that does not count, bad
    targets[1, near[0], near[1]] = digits[1, near[0], near[1]] = True     # too near to be asked
    found = map_figures(Looking(looks), Pictures(test.images[:2], targets, digits, distance), 32)
    assert (found["cue_mass"], found["cue_mass_other"]) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert (found["cue_hit"], found["cue_hit_other"]) == (1, 0)


def test_every_far_pixel_counts_once():
    """A cell counts as often as it has pixels: 3 on a good map and 1 on a bad one are 3/4."""
    test = pictures(CONFIG, "test")
    cue = cue_cells(test)[:2]
    targets = torch.zeros(2, 16, 64, dtype=torch.bool)
    for number, many in ((0, 3), (1, 1)):
        for y, x in (test.distance[number] >= 32).nonzero()[:many].tolist():
            targets[number, y, x] = True
    digits = targets.clone()
    digits[:, 8] = True                                              # so that there are others
    found = map_figures(Looking(torch.stack([cue[0], 1 - cue[1]])),
                        Pictures(test.images[:2], targets, digits, test.distance[:2]), 32)
    assert found["cue_mass"] == pytest.approx(3 / 4, abs=1e-5)


@pytest.mark.parametrize("condition", NETWORKS)
def test_the_same_seed_trains_the_same_network(condition):
    a, b = (measure(condition, CONFIG, seed=0) for _ in range(2))
    assert a == b and {"iou", "iou_0_8", "parameters"} <= set(a)
    assert ("cue_mass" in a) == (condition == "attention")


def test_training_teaches():
    """Within a few steps the network marks less of the background than at birth."""
    config = replace(CONFIG, steps=60, train_scenes=64, batch=8)
    test = pictures(config, "test")
    torch.manual_seed(0)
    born = make_model("attention", config).eval()
    models = (born, train("attention", config, 0))
    before, after = (iou(mark(model, test.images), test.targets) for model in models)
    assert after > 2 * before, (before, after)


def test_training_is_on_the_masks_of_the_training_scenes(monkeypatch):
    seen = {}
    monkeypatch.setattr(ch04_cue, "fit",
                        lambda _, data, *, loss, **__: seen.update(data=data.tensors, loss=loss))
    train("convolution", CONFIG, seed=0)
    drawn = pictures(CONFIG, "train")
    assert torch.equal(seen["data"][0], drawn.images)
    assert torch.equal(seen["data"][1], drawn.targets[:, None].float())
    miss, false = (seen["loss"](torch.zeros(1), torch.tensor([y])).item() for y in (1.0, 0.0))
    assert miss == pytest.approx(3 * false)


def test_training_takes_one_thread_and_leaves_their_number_alone(monkeypatch):
    seen = []
    monkeypatch.setattr(ch04_cue, "fit", lambda *_, **__: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        train("convolution", CONFIG, seed=0)
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("cue")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    plain, floor = found["convolution"], found["every digit"]
    assert all(a > 2 * c for a, c in zip(recorded["attention"]["iou"], recorded["convolution"]["iou"]))
    assert plain["iou_0_8"] > floor["iou_0_8"] + 0.4
    for ring in ("iou_24_32", "iou_32_48", "iou_48_64"):
        assert abs(plain[ring] - floor[ring]) < 0.05
        for name in ("dilated convolution", "attention", "global mean"):
            assert found[name][ring] > 0.85
    assert found["global mean"]["iou"] > found["attention"]["iou"] > found["dilated convolution"]["iou"]
    attention = recorded["attention"]
    assert attention["cue_mass"][0] > 0.9 > 0.5 > attention["cue_mass"][1]
    assert min(attention["cue_mass_other"]) > 0.8 and max(attention["cue_uniform"]) < 0.07
