from statistics import mean

import pytest
import torch

from course_lib.attention import sincos_positions_2d
from course_lib.experiments import load_record
from course_lib.experiments.ch05_positions import (
    CONDITIONS,
    EXPERIMENT,
    measure,
    near_and_far,
    shuffled,
    trained,
)
from course_lib.experiments.digit_training import labelled_digits, make_vit

CONFIG = EXPERIMENT.tiny


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(count=3):
    """Pictures whose pixels say which patch of 2 x 2 they are from, and which pixel of it."""
    patch = torch.arange(16.0).view(4, 4).repeat_interleave(2, 0).repeat_interleave(2, 1)
    pixel = torch.tensor([[0.0, 0.1], [0.2, 0.3]]).repeat(4, 4)
    return (patch + pixel).expand(count, 1, 8, 8)


def corners(images):
    return images[:, 0, ::2, ::2].flatten(1)                  # (n, 16): which patch lies where


@pytest.mark.parametrize("how", ["", "once", "anew"])
def test_patches_move_whole_and_none_is_lost(how):
    found = shuffled(numbered(), how, generator())
    assert torch.equal(corners(found).sort(1).values, torch.arange(16.0).expand(3, -1))
    inside = found - corners(found).view(3, 1, 4, 4).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(inside, numbered() - numbered().floor(), atol=1e-5, rtol=0)


def test_once_is_one_order_for_all_and_for_ever():
    found = corners(shuffled(numbered(), "once", generator()))
    assert (found == found[0]).all() and not torch.equal(found[0], torch.arange(16.0))
    assert torch.equal(found, corners(shuffled(numbered(), "once", generator(1))))
    others = shuffled(numbered() + 100, "once", generator())  # nor does it depend on the pictures
    assert torch.equal(found, corners(others) - 100)


def test_anew_is_another_order_for_each():
    found = corners(shuffled(numbered(50), "anew", generator()))
    assert len({tuple(row.tolist()) for row in found}) == 50
    assert torch.equal(found, corners(shuffled(numbered(50), "anew", generator())))


def test_in_order_is_left_alone():
    assert torch.equal(shuffled(numbered(), "", generator()), numbered())


def test_a_vit_without_positions_sees_no_order():
    images = labelled_digits()[2][0][:20]
    torch.manual_seed(0)
    blind, sighted = make_vit(positions="none").eval(), make_vit(positions="sincos_2d").eval()
    other = shuffled(images, "anew", generator())
    torch.testing.assert_close(blind(images), blind(other))
    assert not torch.allclose(sighted(images), sighted(other), atol=1e-3)


def test_conditions_are_what_they_are_called():
    for name, (positions, how) in CONDITIONS.items():
        assert how == (name.split()[-1] if "shuffled" in name else "")
        model = trained(name, CONFIG, seed=0)
        if positions is None:
            assert name.startswith("CNN") and not hasattr(model, "pos_embed")
        else:
            assert model.positions == positions and name.replace(" ", "_").lower().startswith(positions)


def test_patches_are_shuffled_in_training_and_in_the_test(monkeypatch):
    from course_lib.experiments import ch05_positions

    seen = []

    def look(images, how, _):
        seen.append((len(images), how))
        return images

    monkeypatch.setattr(ch05_positions, "shuffled", look)
    measure("CNN, shuffled once", CONFIG, 0)
    assert seen == [(64, "once")] * CONFIG.steps + [(355, "once")]


def test_near_and_far_of_positions_that_know_the_grid_and_of_some_that_do_not():
    near, far = near_and_far(sincos_positions_2d(4, 4, 64)[None])
    assert near > far + 0.5
    same = torch.eye(16)[None]
    near, far = near_and_far(same)
    assert near == pytest.approx(-1 / 15) and far == pytest.approx(-1 / 15)


def test_neighbours_are_those_above_below_and_beside():
    place = torch.zeros(1, 16, 3)
    place[0, 5, 0] = place[0, 6, 0] = place[0, 9, 0] = 1      # a patch, its right and its lower neighbour
    place[0, :, 1] = torch.tensor([1.0, -1] * 2 + [-1, 1.0] * 2 + [1.0, -1] * 2 + [-1, 1.0] * 2)
    near, far = near_and_far(place[..., 1:])                  # a chessboard: neighbours are opposite
    assert near == pytest.approx(-1)
    assert far > 0


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("positions")["figures"]
    found = {name: mean(numbers["accuracy"]) for name, numbers in recorded.items()}
    for name in ("learned", "sincos 1D", "sincos 2D"):
        assert found[name] > 0.96
    assert found["none"] < 0.75 and found["none"] + 0.1 < found["relative"] < found["learned"] - 0.05
    assert abs(found["learned, shuffled once"] - found["learned"]) < 0.015
    assert 0.005 < found["CNN"] - found["CNN, shuffled once"] < 0.03
    assert abs(found["none, shuffled anew"] - found["none"]) < 0.01
    assert abs(found["learned, shuffled anew"] - found["none"]) < 0.05
