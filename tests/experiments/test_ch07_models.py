from dataclasses import replace
from statistics import mean

import pytest
import torch

from course_lib.experiments import ch07_models, load_record
from course_lib.experiments.ch07_models import (
    CONDITIONS,
    EXPERIMENT,
    attention_maps,
    make_model,
    map_figures,
    mass_on_own,
    measure,
    own_figures,
    places_of_digits,
    trained,
)
from course_lib.experiments.segmentation_training import TASKS, pictures
from course_lib.models import parameters_of, receptive_field_of

CONFIG = EXPERIMENT.tiny
HEADS = EXPERIMENT.full.num_heads


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", ["tiny", "small", "full"])
def test_parameters_are_equal_within_5_percent(task, size):
    counts = [parameters_of(make_model(name, task, EXPERIMENT.config(size))) for name in CONDITIONS]
    assert max(counts) < 1.05 * min(counts)
    assert all(abs(count / EXPERIMENT.config(size).parameters - 1) < 0.025 for count in counts)


def test_networks_are_what_their_names_say():
    def holds(condition, name):
        return any(type(module).__name__ == name for module in make_model(condition, "cue", CONFIG).modules())

    found = {condition: [name for name in ("AttentionGate", "TokenBlock", "WindowAttention", "ScaleFusion")
                         if holds(condition, name)] for condition in CONDITIONS}
    assert found == {"plain": [], "gates": ["AttentionGate"], "hybrid": ["TokenBlock"],
                     "windows": ["WindowAttention"], "scales": ["ScaleFusion"]}


@pytest.mark.parametrize("task", TASKS)
def test_networks_answer_for_every_pixel(task):
    images = pictures(task, "test", 8).images[:2]
    for condition in CONDITIONS:
        answer = make_model(condition, task, CONFIG)(images)
        assert answer.shape == (2, TASKS[task].out_chans, *images.shape[2:])


@pytest.mark.parametrize("condition, all_in_sight", [
    ("plain", False), ("gates", False), ("hybrid", True), ("windows", False), ("scales", False)])
def test_only_the_hybrid_has_the_whole_strip_in_sight(condition, all_in_sight):
    torch.manual_seed(0)
    model = make_model(condition, "cue", CONFIG).eval()
    for name, parameter in model.named_parameters():
        if name.startswith("neck.out"):
            torch.nn.init.normal_(parameter)                   # as after its first steps
    seen = receptive_field_of(model, (16, 64), (8, 2)) > 0
    assert seen.all() == all_in_sight


def test_weights_follow_from_the_seed_alone():
    """Widths are searched by making networks, which draws; how many were made has no part in the weights."""
    torch.manual_seed(3)
    model = make_model("plain", "cue", CONFIG)
    torch.manual_seed(3)
    again = type(model)(3, 1, [stage[0].out_channels for stage in model.down])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))


def test_places_of_digits_by_hand():
    """A map of 1 x 4 places of 2 x 2 pixels."""
    instances = torch.tensor([[[1, 1, 1, 0, 2, 1, 0, 0],
                               [1, 1, 1, 0, 2, 2, 2, 0]]])
    shares, own, kind = places_of_digits(instances, 2)
    assert shares.tolist() == [[[1.0, 0.5, 0.25, 0.0], [0.0, 0.0, 0.75, 0.25]]]
    assert own[0, :3].tolist() == [0, 0, 1]
    assert kind.tolist() == [[2, 1, 1, 0]]


def test_mass_on_ones_own_digit_by_hand():
    shares = torch.tensor([[[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 0.0]]])
    own = torch.tensor([[0, 1, 1, 0]])
    first = torch.eye(4)                                        # each place looks at itself
    second = torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(4, 4)    # all look alike
    found = mass_on_own(torch.stack([first, second])[None], shares, own)
    torch.testing.assert_close(found, torch.tensor([[[1, 0.5, 1, 0], [0.2, 0.4, 0.4, 0.2]]]))


def hand_made():
    """Two pictures of 1 x 4 places of 2 x 2 pixels: a digit of six pixels on the left, and on the right."""
    left = torch.tensor([[1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0]])
    return torch.stack([left, left.flip(1)])


def test_figures_of_maps_that_look_at_their_digit_and_of_others():
    instances = hand_made()
    on_digit = torch.stack([torch.tensor([1.0, 0, 0, 0]), torch.tensor([0.0, 0, 0, 1])])   # its inner place
    maps = on_digit[:, None, None].expand(2, 1, 4, 4)
    elsewhere = maps.flip(-1)
    found = own_figures([torch.cat([maps, elsewhere], 1)], instances, 2)
    assert found == pytest.approx({
        "uniform_boundary": 1.5 / 4, "uniform_inside": 1.5 / 4,
        "own_boundary_1_1": 1, "own_inside_1_1": 1, "own_boundary_1_2": 0, "own_inside_1_2": 0,
        "place_boundary_1_1": 0.5, "place_inside_1_1": 0.5,
        "place_boundary_1_2": 0.5, "place_inside_1_2": 0.5})


def test_boundary_and_inside_are_told_apart():
    """The inner place looks at itself, the one on the boundary at the background."""
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, 0, 0] = maps[1, 0, 3, 3] = 1
    maps[0, 0, 1, 3] = maps[1, 0, 2, 0] = 1
    found = own_figures([maps, maps], hand_made(), 2)
    for layer in (1, 2):
        assert (found[f"own_inside_{layer}_1"], found[f"own_boundary_{layer}_1"]) == (1, 0)


def test_a_map_that_depends_on_the_place_alone_scores_what_the_place_scores():
    torch.manual_seed(0)
    maps = torch.rand(1, 3, 192, 192).softmax(-1).expand(8, -1, -1, -1)
    found = own_figures([maps], pictures("scenes", "test", 8).instances, 4)
    for head in (1, 2, 3):
        for group in ("boundary", "inside"):
            assert found[f"own_{group}_1_{head}"] == pytest.approx(found[f"place_{group}_1_{head}"], abs=1e-6)


def test_maps_are_those_of_the_neck_in_order():
    torch.manual_seed(0)
    model = make_model("hybrid", "scenes", CONFIG).eval()
    images = pictures("scenes", "train", 60).images
    maps = attention_maps(model, images)
    assert [tuple(layer.shape) for layer in maps] == [(60, HEADS, 192, 192)] * EXPERIMENT.full.depth
    assert all(torch.allclose(layer.sum(-1), torch.ones(())) for layer in maps)
    late = attention_maps(model, images[55:])
    assert all(torch.allclose(a[55:], b, atol=1e-5) for a, b in zip(maps, late))
    with torch.no_grad():                                       # the first layer does not hear of the second
        for parameter in model.neck.body.blocks[1].attn.parameters():
            parameter.mul_(3)
    again = attention_maps(model, images)
    assert torch.equal(maps[0], again[0]) and not torch.allclose(maps[1], again[1], atol=1e-4)


def test_training_is_on_the_task_for_its_steps(monkeypatch):
    seen = []
    monkeypatch.setattr(ch07_models, "train", lambda model, task, **options: seen.append((task, options)))
    config = replace(CONFIG, steps_scenes=5, steps_cue=7)
    for task in TASKS:
        trained("plain", task, config, seed=4)
    assert seen == [("scenes", {"steps": 5, "seed": 4, "count": 16}),
                    ("cue", {"steps": 7, "seed": 4, "count": 16})]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_same_seed_gives_the_same_figures_in_their_range(condition):
    a, b = (measure(condition, CONFIG, seed=0) for _ in range(2))
    assert a == b
    expected = {"scenes_iou", "scenes_boundary_f1", "scenes_digit_iou", "cue_iou", "cue_boundary_f1",
                "parameters_scenes", "parameters_cue"}
    maps = {name for name in a if name.startswith(("own_", "place_", "uniform_"))}
    assert set(a) - maps == expected
    assert len(maps) == (2 + 2 * 2 * 2 * HEADS if condition == "hybrid" else 0)
    assert all(0 <= number <= 1 for name, number in a.items() if not name.startswith("parameters"))


def test_maps_are_held_against_the_scenes_they_are_of():
    torch.manual_seed(0)
    model = make_model("hybrid", "scenes", CONFIG).eval()
    test = pictures("scenes", "test", 8)
    assert map_figures(model, test) == own_figures(attention_maps(model, test.images), test.instances, 4)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("models")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    for task in TASKS:
        counts = [numbers[f"parameters_{task}"] for numbers in found.values()]
        assert max(counts) < 1.02 * min(counts)
    assert min(recorded["hybrid"]["cue_iou"]) > 0.95
    for name in ("plain", "gates", "windows", "scales"):
        assert max(recorded[name]["cue_iou"]) < 0.4
    for name in ("gates", "scales"):
        assert abs(found[name]["scenes_iou"] - found["plain"]["scenes_iou"]) < 0.02
    for name in ("hybrid", "windows"):
        ious, plain = recorded[name]["scenes_iou"], recorded["plain"]["scenes_iou"]
        assert all(a < b - 0.05 for a, b in zip(ious, plain)) and max(ious) - min(ious) > 0.2
    assert all(min(numbers["scenes_digit_iou"]) > 0.87 for numbers in recorded.values())


def test_the_record_says_where_the_hybrids_heads_look():
    hybrid = load_record("models")["figures"]["hybrid"]
    ratios = []
    for seed in range(3):
        heads = range(1, HEADS + 1)
        own, place, inside = ([hybrid[f"{name}_1_{head}"][seed] for head in heads]
                              for name in ("own_boundary", "place_boundary", "own_inside"))
        uniform = hybrid["uniform_boundary"][seed]
        if seed == 2:
            assert max(own) < uniform
        above = [a > 3 * uniform for a in own]
        assert sum(above) == (3, 4, 0)[seed]
        ratios += [b / a for a, b, high in zip(own, place, above) if high]
        assert all(a < b for a, b, high in zip(own, inside, above) if high)
    assert 0.3 < min(ratios) and max(ratios) < 0.67
    assert hybrid["own_boundary_2_1"][0] == pytest.approx(hybrid["uniform_boundary"][0], abs=1e-3)
