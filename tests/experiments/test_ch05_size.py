from dataclasses import replace
from statistics import mean

import pytest
import torch

from course_lib.attention import interpolate_positions, sincos_positions_2d
from course_lib.experiments import load_record
from course_lib.experiments.ch05_size import CONDITIONS, EXPERIMENT, enlarged, fitted, go_on, measure, trained
from course_lib.experiments.digit_training import accuracy, labelled_digits

CONFIG = replace(EXPERIMENT.tiny, sizes=(8, 10))


def model_of(condition):
    return trained(CONDITIONS[condition], CONFIG, 0)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("size", [8, 10, 16])
def test_every_way_takes_pictures_of_every_size(condition, size):
    model = fitted(model_of(condition), condition, size)
    images = enlarged(labelled_digits()[2][0][:4], 8 if condition == "picture made small" else size)
    assert model(images).shape == (4, 10)


def test_interpolated_positions_are_resized_as_an_image():
    old = model_of("interpolated").pos_embed
    new = fitted(model_of("interpolated"), "interpolated", 12).pos_embed
    torch.testing.assert_close(new, interpolate_positions(old, (4, 4), (6, 6)))


def test_padded_positions_are_taken_in_their_order():
    old = model_of("padded").pos_embed
    new = fitted(model_of("padded"), "padded", 12).pos_embed
    assert torch.equal(new[:, :16], old) and (new[:, 16:] == 0).all() and new.shape == (1, 36, 64)


def test_as_a_list_knows_no_rows():
    """Halfway between the last of one row and the first of the next lies their mean."""
    old = model_of("as a list").pos_embed[0]
    new = fitted(model_of("as a list"), "as a list", 16).pos_embed[0]
    assert new.shape == (64, 64)
    for token in (5, 30):                                     # new token i lies at (i + 1/2) / 4 - 1/2
        at = (token + 0.5) / 4 - 0.5
        low, part = int(at), at - int(at)
        torch.testing.assert_close(new[token], (1 - part) * old[low] + part * old[low + 1])


def test_fixed_positions_anew_and_interpolated():
    anew = fitted(model_of("sincos 2D"), "sincos 2D", 12).pos_embed[0]
    torch.testing.assert_close(anew, sincos_positions_2d(6, 6, 64))
    resized = fitted(model_of("sincos 2D, interpolated"), "sincos 2D, interpolated", 12).pos_embed[0]
    torch.testing.assert_close(resized, interpolate_positions(sincos_positions_2d(4, 4, 64), (4, 4), (6, 6)))


def test_a_trained_model_is_ones_own():
    """What one condition does to its model, the next does not see."""
    first = model_of("padded")
    before = [p.clone() for p in model_of("padded").parameters()]
    fitted(first, "padded", 16)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, model_of("padded").parameters()))


def test_training_goes_on_at_the_new_size():
    learned, _, (images, labels) = labelled_digits()
    model = fitted(model_of("100 steps more"), "100 steps more", 10)
    before = model.pos_embed.detach().clone()
    config = type(CONFIG)(seeds=(0,), steps=3, steps_more=40)
    was = accuracy(model, enlarged(images, 10), labels)
    go_on(model, learned, 10, config, 0)
    assert not torch.equal(model.pos_embed, before)
    assert accuracy(model, enlarged(images, 10), labels) > was + 0.1


def test_a_picture_made_small_again_is_measured_small(monkeypatch):
    from course_lib.experiments import ch05_size

    seen = []
    monkeypatch.setattr(ch05_size, "accuracy", lambda _, images, __: seen.append(images.shape[-1]) or 0.5)
    measure("picture made small", CONFIG, 0), measure("interpolated", CONFIG, 0)
    assert seen == [8, 8, 8, 10]


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("size")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    for size in (10, 12, 16):
        at = {name: numbers[f"accuracy_{size}"] for name, numbers in found.items()}
        assert at["interpolated"] > max(at["as a list"], at["padded"]) + 0.4
        assert at["sincos 2D, interpolated"] > at["sincos 2D"] + 0.15
        assert at["100 steps more"] > at["interpolated"] + 0.03
        assert max(at, key=at.get) == "picture made small"
