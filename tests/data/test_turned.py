"""Digits turned by a known angle: the right way round, whole, and the same every time."""

import pytest
import torch

from course_lib.data import digits, turn, turned_digits


def dot(row, column, size=8):
    image = torch.zeros(1, 1, size, size)
    image[0, 0, row, column] = 1
    return image


@pytest.mark.parametrize("degrees, place", [(0, (5, 8)), (90, (3, 5)), (180, (6, 3)), (-90, (8, 6)), (270, (8, 6))])
def test_counter_clockwise_about_the_middle(degrees, place):
    """Right of the middle, a little above it: a quarter turn brings it to the top, a little to the left."""
    turned = turn(dot(3, 6), torch.tensor([float(degrees)]))[0, 0]
    assert divmod(turned.argmax().item(), 12) == place
    assert turned.sum() == pytest.approx(1, abs=1e-4)


def test_each_image_by_its_own_angle():
    images, angles = digits("test")[0][:3], torch.tensor([0.0, 90.0, -37.0])
    together = turn(images, angles)
    for one, angle, expected in zip(images, angles, together):
        torch.testing.assert_close(turn(one[None], angle[None])[0], expected)
    torch.testing.assert_close(together[0, :, 2:10, 2:10], images[0])
    torch.testing.assert_close(together[1, :, 2:10, 2:10], images[1].rot90(1, (1, 2)), atol=1e-5, rtol=0)


def test_a_wide_image_keeps_its_shape():
    wide = torch.zeros(1, 1, 4, 8)
    wide[..., 1:3, 1:7] = 1                                   # a bar: 2 rows, 6 columns
    upright = turn(wide, torch.tensor([90.0]))[0, 0] > 0.5
    assert upright.any(1).sum() == 6 and upright.any(0).sum() == 2


def test_nothing_is_cut_off_at_any_angle():
    images = torch.ones(36, 1, 8, 8)
    angles = torch.arange(0, 360, 10.0)
    assert turn(images, angles).sum((1, 2, 3)).sub(64).abs().max() < 1.5
    assert turn(images, angles, 8).sum((1, 2, 3)).min() < 58  # on a canvas of their own size they are


def test_shapes_types_and_ranges():
    images, degrees, labels = turned_digits("test", most=45)
    assert images.shape == (355, 1, 12, 12) and images.dtype == degrees.dtype == torch.float32
    assert 0 <= images.min() and images.max() <= 1
    assert degrees.abs().max() <= 45 and degrees.min() < -40 and degrees.max() > 40
    assert torch.equal(labels, digits("test")[1])


def test_the_angles_are_those_of_the_pictures():
    images, degrees, _ = turned_digits("test", size=14, seed=3)
    torch.testing.assert_close(images, turn(digits("test")[0], degrees, 14))


def test_the_seed_decides():
    one, again, other = (turned_digits("test", seed=seed)[1] for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert not torch.equal(turned_digits("train", seed=1)[1][:355], one)


@pytest.mark.parametrize("options, said", [
    ({"most": 0}, "most must be above 0 and at most 180 degrees, got 0"),
    ({"most": 181}, "most must be above 0"),
    ({"size": 0}, "size must be at least 1"),
    ({"split": "val"}, "split must be 'train' or 'test'"),
    ({"seed": -1}, "seed must be 0 or more"),
])
def test_what_cannot_be(options, said):
    with pytest.raises(ValueError, match=said):
        turned_digits(**options)


@pytest.mark.parametrize("images, degrees", [(torch.zeros(2, 8, 8), torch.zeros(2)),
                                             (torch.zeros(2, 1, 8, 8), torch.zeros(3)),
                                             (torch.zeros(2, 1, 8, 8), torch.tensor(3.0))])
def test_shapes_that_do_not_fit(images, degrees):
    with pytest.raises(ValueError, match="images must be"):
        turn(images, degrees)


def test_arguments_stay_as_they_were():
    images, degrees = digits("test")[0][:2], torch.tensor([5.0, 9.0])
    before = images.clone(), degrees.clone()
    turn(images, degrees)
    assert torch.equal(images, before[0]) and torch.equal(degrees, before[1])
