"""Draws, ink and colours: the parts that scenes are made from."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import deltaE_ciede2000, rgb2lab

from course_lib.data.digits import digit_levels
from course_lib.data.ink import SOLID, box_of, digit_ink, ink_box, paint
from course_lib.data.palette import BACKGROUND, CLUTTER, PALETTE
from course_lib.data.randomness import Draws

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_by_everybody(vision):
    def seen(rgb):
        part = np.array(rgb) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        linear = np.clip(VISION[vision] @ linear, 0, 1)
        return rgb2lab(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))

    for rgb, other in itertools.combinations([*PALETTE.values(), BACKGROUND], 2):
        assert deltaE_ciede2000(seen(rgb), seen(other)) > 15
    for rgb in PALETTE.values():
        assert deltaE_ciede2000(seen(rgb), seen(CLUTTER)) > 15


def test_draws_are_pinned():
    """Raw words of PCG64, which numpy promises to keep; these are the first of one stream."""
    draws = Draws(7, "train", "layout")
    assert [draws.below(1000) for _ in range(6)] == [512, 233, 922, 982, 67, 279]
    assert Draws(7, "noise").bytes(5).tolist() == [58, 53, 141, 178, 202]


def test_draws_are_even_and_within_their_bounds():
    draws = Draws(0, "even")
    counts = np.bincount([draws.between(3, 7) for _ in range(5000)])
    assert not counts[:3].any() and len(counts) == 8 and counts[3:].min() > 900
    assert abs(draws.bytes(20000).mean() - 127.5) < 2
    orders = {tuple(draws.shuffled("abc")) for _ in range(100)}
    assert len(orders) == 6


def test_purposes_and_seeds_have_streams_of_their_own():
    streams = {Draws(seed, purpose).below(2**31) for seed in range(20) for purpose in "ab"}
    assert len(streams) == 40


@pytest.mark.parametrize("size", [8, 9, 13, 16, 24])
def test_ink_equals_bilinear_interpolation(size):
    """Against torch's, then the same change of contrast; within the rounding of two integer divisions."""
    level = torch.tensor(digit_levels()[0][5] / 16.0)[None, None]
    smooth = F.interpolate(level, (size, size), mode="bilinear", align_corners=False)[0, 0].numpy() * 255
    expected = (np.clip(smooth, 48, 208) - 48) * 255 / 160
    assert np.abs(digit_ink(5, size) - expected).max() < 3


def test_ink_is_safe_from_its_callers():
    with pytest.raises(ValueError):
        digit_ink(5, 12)[0, 0] = 9


def test_no_digit_is_without_solid_ink():
    for source in range(1797):
        assert (digit_ink(source, 8) >= SOLID).sum() >= 8
        x0, y0, x1, y1 = ink_box(source, 8)
        assert y1 - y0 >= 5 and x1 - x0 >= 2


def test_box_of_is_half_open_and_x_first():
    mask = np.zeros((5, 9), dtype=bool)
    mask[1:3, 4:8] = True
    assert box_of(mask) == (4, 1, 8, 3)
    with pytest.raises(ValueError, match="an empty mask has no box"):
        box_of(np.zeros((2, 3), dtype=bool))


def test_paint_mixes_in_proportion_to_the_ink():
    canvas = np.full((3, 5, 3), 100, dtype=np.int32)
    paint(canvas, np.array([[0, 128, 255]]), np.array([200, 0, 100]), x=1, y=2)
    assert canvas[2, 1].tolist() == [100, 100, 100] and canvas[2, 3].tolist() == [200, 0, 100]
    assert canvas[2, 2].tolist() == [150, 50, 100] and (canvas[:2] == 100).all()
