import numpy as np
import pytest
import torch

from course_lib.viz.arrays import to_map, to_numpy, to_photo, to_picture


@pytest.mark.parametrize("values", [
    torch.ones(2, 3, dtype=torch.bfloat16), torch.ones(2, 3, dtype=torch.int64), torch.ones(3, 2).T,
    torch.ones(2, 3, requires_grad=True), np.ones((2, 3), dtype=np.float16), [[1, 1, 1], [1, 1, 1]]])
def test_anything_with_numbers(values):
    array = to_numpy(values, "values")
    assert array.dtype == np.float64 and array.shape == (2, 3) and (array == 1).all()


@pytest.mark.parametrize("values", [[[1, 2], [3]], "cat", [["a"]]])
def test_no_numbers(values):
    with pytest.raises(ValueError, match="weights must hold numbers"):
        to_numpy(values, "weights")


@pytest.mark.parametrize("shape, hint", [((6,), "reshape"), ((2, 3, 4), "one sample"), ((0, 3), "empty")])
def test_maps_are_2d(shape, hint):
    with pytest.raises(ValueError, match=hint):
        to_map(np.ones(shape), "weights")


def test_channels_go_last():
    picture = to_picture(torch.arange(2 * 4 * 3.0).reshape(3, 2, 4), "image")
    assert picture.shape == (2, 4, 3) and picture[1, 2, 0] == 6 and picture[0, 0, 2] == 16


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (3, 5, 7)])
def test_photos_have_three_channels(shape):
    assert to_photo(np.zeros(shape)).shape == (5, 7, 3)


@pytest.mark.parametrize("shape", [(5, 7, 3), (2, 5, 7), (1, 3, 5, 7), (7,), (3, 0, 7)])
def test_not_a_photo(shape):
    with pytest.raises(ValueError, match="photo"):
        to_photo(np.zeros(shape))


@pytest.mark.parametrize("value", [255, -0.1, np.nan])
def test_photos_lie_between_0_and_1(value):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        to_photo(np.full((5, 7), value))
