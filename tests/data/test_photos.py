"""The photographs come from the wheels, never from the network."""

import socket

import numpy as np
import pytest
import torch
from skimage import data as skimage_data

from course_lib import data


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a photograph asked for the network")
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", data.photo_names())
def test_every_photo_opens(name):
    image = data.photo(name)
    assert image.dtype == torch.float32 and image.ndim == 3 and image.shape[0] in (1, 3)
    assert image.min() >= 0 and image.max() <= 1 and image.std() > 0.05
    assert image.is_contiguous()


def test_the_named_ones_are_there():
    wanted = {"astronaut", "camera", "cat", "china", "coffee", "coins", "flower", "retina", "motorcycle_left"}
    assert wanted <= set(data.photo_names())


@pytest.mark.parametrize("name, loader", [("cat", "chelsea"), ("coins", "coins"), ("coffee", "coffee")])
def test_pixels_are_those_of_scikit_image(name, loader):
    expected = getattr(skimage_data, loader)()
    pixels = (data.photo(name) * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(pixels.squeeze(), expected)


def test_size_is_height_then_width_and_nothing_is_squashed():
    assert data.photo("cat", size=(60, 90)).shape == (3, 60, 90)
    assert data.photo("coins", size=(50, 20)).shape == (1, 50, 20)
    whole = data.photo("cat")                                            # 300 x 451
    assert torch.equal(data.photo("cat", size=(300, 300)), whole[:, :, 75:375])


def test_max_side_keeps_the_proportions():
    assert data.photo("cat", max_side=100).shape == (3, 67, 100)
    assert torch.equal(data.photo("cat", max_side=9999), data.photo("cat"))


def test_gray_has_one_channel_and_the_luma():
    red, green, blue = data.photo("cat")
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    torch.testing.assert_close(data.photo("cat", gray=True)[0], luma, atol=1 / 255, rtol=0)
    assert torch.equal(data.photo("coins", gray=True), data.photo("coins"))


def test_a_caller_cannot_spoil_a_photo_for_the_next():
    first = data.photo("coins")
    first.zero_()
    assert data.photo("coins").max() > 0.5


def test_disparity_leads_from_the_left_eye_to_the_right():
    left, right, disparity = data.stereo_motorcycle()
    assert left.shape == right.shape == (3, *disparity.shape) and disparity.dtype == torch.float32
    rows, columns = torch.meshgrid(*map(torch.arange, disparity.shape), indexing="ij")
    known = disparity.isfinite() & (columns >= disparity.nan_to_num())
    moved = (columns - disparity.nan_to_num()).round().long()
    there = right[:, rows[known], moved[known]]
    assert (left[:, known] - there).abs().mean() < 0.05                  # the other way it is 0.19


def test_errors_are_sentences():
    with pytest.raises(ValueError, match="no photo is called 'coin'.*coins"):
        data.photo("coin")
    with pytest.raises(ValueError, match="size or max_side, not both"):
        data.photo("cat", size=(2, 2), max_side=3)
    with pytest.raises(ValueError, match=r"size must be \(H, W\)"):
        data.photo("cat", size=(0, 5))
    with pytest.raises(ValueError, match="max_side must be at least 1"):
        data.photo("cat", max_side=0)
