from statistics import mean

import pytest
import torch

from course_lib.data import digits
from course_lib.experiments import load_record
from course_lib.experiments.ch03_cued_channel import (
    CONDITIONS,
    EXPERIMENT,
    GatedNetwork,
    Pictures,
    evaluate,
    examples,
    figures,
    train,
)

CONFIG = EXPERIMENT.tiny
GATED = [name for name, (gate, _, _) in CONDITIONS.items() if gate != "none"]


def draw(count=200, seed=0, **options):
    return examples(count, torch.Generator().manual_seed(seed), **options)


def model_of(condition, config=EXPERIMENT.full):
    gate, width, beside = CONDITIONS[condition]
    return GatedNetwork(config, gate, width, beside)


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_one_cue_is_lit_and_it_is_the_one_of_the_signal_that_counts():
    images, _, relevant = draw()
    cues = images[:, 1::2]
    assert images.shape == (200, 10, 9, 18)
    assert torch.equal(cues.sum((2, 3)).argmax(1), relevant)
    assert ((cues.sum((2, 3)) > 0).sum(1) == 1).all()
    assert set(relevant.tolist()) == set(range(5))


def test_cues_lie_left_and_digits_right():
    images = draw().images
    assert images[:, 1::2, :, 9:].sum() == 0 and images[:, ::2, :, :9].sum() == 0
    assert (images[:, ::2].sum((2, 3)) > 0).all()


def test_the_answer_is_the_digit_in_the_signal_that_counts():
    """Every crop of 8 x 8 that is one of the split's digits has the class that the picture says."""
    pool, classes = digits("test")
    known = {tuple(image.flatten().tolist()): label for image, label in zip(pool, classes.tolist())}
    for image, label, which in zip(*draw(40, split="test")):
        signal = image[2 * which, :, 9:]
        crops = [signal[y:y + 8, x:x + 8].flatten() for y in (0, 1) for x in (0, 1)]
        found = {known[tuple(crop.tolist())] for crop in crops if tuple(crop.tolist()) in known}
        assert found == {label.item()}


def test_the_digits_of_a_picture_are_of_different_classes():
    """So reading all of them leaves one in five: with classes alike, some pictures would repeat a digit."""
    images = draw(300).images[:, ::2]
    assert not any(torch.equal(a[i], a[j]) for a in images for i in range(5) for j in range(i))


def test_laid_out_far_the_channels_are_the_same_in_another_order():
    beside, far = draw(beside=True), draw(beside=False)
    assert torch.equal(beside.images[:, ::2], far.images[:, :5])
    assert torch.equal(beside.images[:, 1::2], far.images[:, 5:])
    assert torch.equal(beside.labels, far.labels)


def test_pictures_depend_on_their_generator_alone():
    assert all(torch.equal(a, b) for a, b in zip(draw(8), draw(8)))
    assert not torch.equal(draw(8).images, draw(8, seed=1).images)


@pytest.mark.parametrize("condition", [name for name in CONDITIONS if name != "plain, wide"])
@pytest.mark.parametrize("config", [EXPERIMENT.small, EXPERIMENT.full])
def test_parameters_are_equal_within_5_percent(condition, config):
    plain = parameters(model_of("plain", config))
    assert abs(parameters(model_of(condition, config)) / plain - 1) < 0.05


def test_the_wide_network_has_far_more():
    assert parameters(model_of("plain, wide")) > 3 * parameters(model_of("plain"))


@pytest.mark.parametrize("part", ["a place", "the answer"])
def test_cue_and_digits_are_in_sight(part):
    """A plain network must not fail because it cannot see: a place of the last map has cue and digits."""
    torch.manual_seed(0)
    model = model_of("plain").eval()
    images = draw(64).images.requires_grad_()
    seen = model.body(images)[..., 0] if part == "a place" else model(images)
    seen.square().sum().backward()
    moved = images.grad.abs().sum((0, 1)) > 0                # (9, 18)
    assert moved[:, :14].all() and (part == "a place" or moved.all())


@pytest.mark.parametrize("condition", GATED)
def test_signal_gates_are_those_of_the_signals(condition):
    torch.manual_seed(0)
    model = model_of(condition).eval()
    images = draw(16, beside=model.beside).images
    gates = model.signal_gates(images)
    assert gates.shape == (16, 5) and ((0 < gates) & (gates < 1)).all()
    if condition.startswith(("SE", "ECA")):
        scaled = model.scaled(images)
        signals = slice(None, None, 2) if model.beside else slice(None, 5)
        expected = scaled[:, signals] * gates[..., None, None]
        torch.testing.assert_close(model.gate(scaled)[:, signals], expected)


def test_eca_hears_a_cue_beside_its_signal_and_none_that_is_far():
    torch.manual_seed(0)
    for condition, heard in (("ECA", True), ("ECA, cue far", False)):
        model = model_of(condition).eval()
        images = draw(32, beside=model.beside).images
        without = images.clone()
        without[:, slice(1, None, 2) if model.beside else slice(5, None)] = 0
        moved = (model.signal_gates(images) - model.signal_gates(without)).abs().amax(0)
        # Laid out far, the last signal stands beside the first cue, which is not its own.
        assert (moved > 0).all() if heard else (moved[:4] == 0).all()


def test_a_plain_network_has_no_gates():
    with pytest.raises(ValueError, match="no gates"):
        model_of("plain").signal_gates(draw(2).images)


def test_figures_of_gates_that_follow_the_cue():
    class Obedient(GatedNetwork):
        def signal_gates(self, x):
            return 0.1 + 0.8 * (x[:, 1::2].amax((2, 3)))

    found = figures(Obedient(EXPERIMENT.full, "SE").eval(), draw())
    assert found["top"] == 1
    assert found["on"] == pytest.approx(0.9) and found["off"] == pytest.approx(0.1)


def test_figures_of_gates_that_follow_the_wrong_cue():
    pictures = draw()
    wrong = Pictures(pictures.images, pictures.labels, (pictures.relevant + 1) % 5)

    class Disobedient(GatedNetwork):
        def signal_gates(self, x):
            return 0.1 + 0.8 * (x[:, 1::2].amax((2, 3)))

    found = figures(Disobedient(EXPERIMENT.full, "SE").eval(), wrong)
    assert found["top"] == 0 and found["on"] == pytest.approx(0.1)


def test_the_same_seed_trains_the_same_network():
    a, b = (evaluate(train("SE", CONFIG, seed=0), CONFIG) for _ in range(2))
    assert a == b
    assert set(evaluate(train("plain", CONFIG, seed=0), CONFIG)) == {"accuracy", "parameters"}


def test_training_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    train("ECA", CONFIG, seed=0)
    assert torch.get_num_threads() == before


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("cued_channel")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    plain = found["plain"]["accuracy"]
    for name in ("SE", "ECA"):
        assert found[name]["accuracy"] > plain + 0.2 and found[name]["top"] > 0.99
        assert found[name]["accuracy"] > found["plain, wide"]["accuracy"] + 0.1
        assert found[name]["on"] > 0.9 and found[name]["off"] < 0.25
    assert abs(found["ECA, cue far"]["accuracy"] - plain) < 0.05 and found["ECA, cue far"]["top"] < 0.3
    assert plain + 0.05 < found["CBAM"]["accuracy"] < found["ECA"]["accuracy"]
