from dataclasses import replace
from statistics import mean

import pytest
import torch

from course_lib.attention import record_attention, rollout
from course_lib.experiments import load_record
from course_lib.experiments.ch05_maps import (
    CONDITIONS,
    EXPERIMENT,
    MAPS,
    PAPER,
    class_maps,
    correlation,
    effects,
    log_odds,
    make,
    pictures,
    score,
)

CONFIG = EXPERIMENT.tiny


def scene(count=6, split="test"):
    return pictures(count, CONFIG, split)


def test_scenes_have_one_digit_and_clutter():
    images, labels, masks = scene(40)
    assert images.shape == (40, 1, CONFIG.side, CONFIG.side) and masks.shape == images[:, 0].shape
    ink = images[:, 0] > PAPER + 0.01
    assert (masks & ~ink).sum() == 0                           # a digit's mask is ink
    assert ((ink & ~masks).flatten(1).sum(1) > 0).double().mean() > 0.9       # and there is other ink
    assert images.min() == pytest.approx(PAPER) and len(set(labels.tolist())) > 5


def test_train_and_test_scenes_differ():
    assert not torch.equal(scene(split="train")[0], scene()[0])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_maps_are_the_class_tokens_and_sum_to_1(condition):
    model, (images, _, _) = make(condition, CONFIG, 0), scene()
    found = class_maps(model, images)
    assert tuple(found) == MAPS
    with record_attention(model) as maps, torch.no_grad():
        model(images)
    layers = list(maps.values())
    patches = (CONFIG.side // CONFIG.patch) ** 2
    assert len(layers) == CONFIG.depth and layers[0].shape[-1] == 1 + patches
    mean_of_layers = sum(layers).mean(1) / CONFIG.depth
    expected = {"last": layers[-1].mean(1), "mean": mean_of_layers, "rollout": rollout(layers)}
    for name, rows in expected.items():
        rows = rows[:, 0, 1:]
        torch.testing.assert_close(found[name], rows / rows.sum(1, keepdim=True))


def test_silenced_the_maps_stay_and_the_answer_goes_another_way():
    images = scene()[0]
    trained, silenced = make("trained", CONFIG, 0), make("last layer silenced", CONFIG, 0)
    before, after = class_maps(trained, images), class_maps(silenced, images)
    assert all(torch.equal(before[name], after[name]) for name in MAPS)
    with torch.no_grad():
        assert not torch.allclose(trained(images), silenced(images), atol=1e-3)
    assert make("trained", CONFIG, 0).blocks[-1].attn.proj.weight.abs().sum() > 0     # one's own copy


def test_untrained_is_how_training_began():
    untrained, again = make("untrained", CONFIG, 0), make("untrained", CONFIG, 0)
    assert all(torch.equal(a, b) for a, b in zip(untrained.parameters(), again.parameters()))
    trained = make("trained", CONFIG, 0)
    assert not torch.equal(untrained.head.weight, trained.head.weight)


def test_scores_of_maps_that_are_known():
    """8 x 8 pixels, patches of 4: a digit fills the left upper patch and half of the right upper one."""
    masks = torch.zeros(1, 8, 8, dtype=torch.bool)
    masks[:, :4, :6] = True
    images = torch.full((1, 1, 8, 8), PAPER)
    images[:, 0][masks] = 2
    images[..., 7, 7] = 2                                     # clutter in the right lower patch
    maps = {"all on the digit": torch.tensor([[1.0, 0, 0, 0]]), "half": torch.tensor([[0.0, 0.6, 0, 0.4]]),
            "blank": torch.tensor([[0.0, 0, 1, 0]]), "even": torch.full((1, 4), 0.25)}
    found = score(maps, images, masks, 4)
    assert found["area"] == pytest.approx(24 / 64) and found["most"] == 1
    assert found["blank"] == 0.25 and found["chance"] == 0.5
    assert found["all on the digit_mass"] == 1 and found["all on the digit_hit"] == 1
    assert found["half_mass"] == pytest.approx(0.3) and found["half_hit"] == 1 and found["half_blank"] == 0
    assert found["blank_mass"] == 0 and found["blank_hit"] == 0 and found["blank_blank"] == 1
    assert found["even_mass"] == pytest.approx(found["area"]) and found["even_blank"] == 0.25


def test_log_odds_of_the_right_class():
    logits = torch.tensor([[2.0, 0, 1], [0, 0, 0]])
    p = logits.softmax(1)
    expected = [torch.logit(p[0, 2]).item(), torch.logit(p[1, 0]).item()]
    assert log_odds(logits, torch.tensor([2, 0])).tolist() == pytest.approx(expected, abs=1e-5)


def test_an_effect_is_of_the_patch_that_was_painted_over():
    """A network that adds up the ink of one patch minds that patch alone."""
    class OnePatch(torch.nn.Module):
        grid = (2, 3)
        patch_embed = type("", (), {"patch_size": (4, 2)})

        def forward(self, x):
            ink = (x[:, 0, 4:8, 2:4] - PAPER).sum((1, 2))
            return torch.stack([0 * ink, ink], 1)

    images = torch.full((2, 1, 8, 6), PAPER)
    images[0, 0, 5, 3], images[1] = PAPER + 3, PAPER + 0.25
    found = effects(OnePatch(), images, torch.tensor([1, 0]))
    expected = torch.zeros(2, 6)
    expected[0, 4], expected[1, 4] = 3, -2
    torch.testing.assert_close(found, expected)


def test_a_patch_that_is_paper_has_no_effect():
    model, (images, labels, _) = make("trained", CONFIG, 0), scene()
    blank = (images[:, 0].unfold(1, CONFIG.patch, CONFIG.patch).unfold(2, CONFIG.patch, CONFIG.patch)
             .flatten(3).amax(3) <= PAPER + 0.01).flatten(1)
    found = effects(model, images, labels)
    assert found[blank].abs().max() < 1e-4 and found[~blank].abs().max() > 1e-4


def test_correlation_is_pearsons():
    one, other = torch.rand(2, 4, 9, generator=torch.Generator().manual_seed(0))
    expected = mean(torch.corrcoef(torch.stack(rows))[0, 1].item() for rows in zip(one, other))
    assert correlation(one, other) == pytest.approx(expected, abs=1e-5)
    assert correlation(one, 3 - 2 * one) == pytest.approx(-1)


def test_maps_of_any_size():
    config = replace(CONFIG, side=16, depth=2)
    images, _, masks = pictures(3, config, "test")
    found = class_maps(make("untrained", config, 0), images)
    assert found["rollout"].shape == (3, 16)
    score(found, images, masks, config.patch)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("maps")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    trained, silenced, untrained = (found[name] for name in CONDITIONS)
    assert 0.75 < trained["accuracy"] < 0.9 and silenced["accuracy"] < trained["accuracy"] - 0.1
    for name in MAPS:
        assert trained[f"{name}_mass"] > 4 * trained["area"]
        assert untrained[f"{name}_mass"] < 2 * trained["area"]
        assert trained[f"{name}_hit"] > 0.8 and untrained[f"{name}_hit"] > 3 * untrained["chance"]
        assert trained[f"{name}_effect"] > silenced[f"{name}_effect"] + 0.05
        for figure in ("mass", "hit", "blank"):
            assert silenced[f"{name}_{figure}"] == trained[f"{name}_{figure}"]
    assert trained["last_hit"] < trained["rollout_hit"] - 0.05
