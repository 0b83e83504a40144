import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.attention import place_centres


@given(height=st.integers(1, 9), width=st.integers(1, 9))
def test_each_place_by_the_formula(height, width):
    got = place_centres(height, width)
    assert got.shape == (height, width, 2)
    for i in range(height):
        for j in range(width):
            want = torch.tensor([(i + 0.5) / height * 2 - 1, (j + 0.5) / width * 2 - 1])
            assert_close(got[i, j], want, rtol=0, atol=1e-6)


def test_are_the_points_of_grid_sample():
    image = torch.randn(1, 2, 3, 5)
    grid = place_centres(3, 5).flip(-1)[None]  # PyTorch has x first
    assert_close(F.grid_sample(image, grid, align_corners=False), image, rtol=1e-5, atol=1e-5)


def test_device_and_dtype(device):
    got = place_centres(3, 5, device=device, dtype=torch.bfloat16)
    assert got.device.type == device and got.dtype == torch.bfloat16


@pytest.mark.parametrize("size", [(0, 3), (3, -1)])
def test_bad_input(size):
    with pytest.raises(ValueError, match=f"height and width must be at least 1, got {size[0]} and {size[1]}"):
        place_centres(*size)
