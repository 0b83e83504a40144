import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_lib.viz.patch_grid import PatchGrid


def test_boxes_are_the_patches_that_unfold_cuts():
    photo = torch.rand(1, 3, 20, 31)
    height, width, patch, stride = 4, 9, 7, 3
    patches = F.unfold(photo, patch, stride=stride)[0].T.view(-1, width, 3, patch, patch)   # (5, 9, 3, 7, 7)
    grid = PatchGrid.fit((20, 31), tuple(patches.shape[:2]), patch, stride)
    for place in [(0, 0), (2, 7), (height, width - 1)]:
        top, left, tall, wide = grid.box(place)
        assert torch.equal(photo[0, :, top:top + tall, left:left + wide], patches[place])


def test_without_patch_the_grid_tiles_the_photo():
    grid = PatchGrid.fit((60, 90), (4, 9), None, None)
    assert grid.box((3, 8)) == (45, 80, 15, 10)


def test_without_stride_patches_touch():
    assert PatchGrid.fit((60, 90), (4, 9), (15, 10), None).box((3, 8)) == (45, 80, 15, 10)


def test_tiles_are_drawn_as_squares():
    values = np.arange(6.0).reshape(2, 3)
    full = PatchGrid.fit((4, 9), (2, 3), None, None).over_photo(values)
    assert np.array_equal(full, np.kron(values, np.ones((2, 3))))


def test_a_value_lies_in_the_middle_of_its_patch():
    values = np.zeros((10, 14))
    values[6, 3] = 1
    grid = PatchGrid.fit((40, 50), (10, 14), 9, 3)
    full = grid.over_photo(values)
    assert full.shape == (40, 50)
    row, column = np.unravel_index(full.argmax(), full.shape)
    assert abs(row - (6 * 3 + 4)) <= 1 and abs(column - (3 * 3 + 4)) <= 1


def test_the_rim_has_its_nearest_patch():
    values = np.zeros((10, 14))
    values[0, 0] = 1
    assert PatchGrid.fit((40, 50), (10, 14), 9, 3).over_photo(values)[0, 0] > 0.9


def test_smooth_maps_stay_within_their_values():
    values = np.random.default_rng(0).random((10, 14)) > 0.5
    full = PatchGrid.fit((40, 50), (10, 14), 9, 3).over_photo(values.astype(float))
    assert full.min() >= 0 and full.max() <= 1


def test_best_places_overlap_nothing():
    values = np.zeros((10, 14))
    values[5, 5:8] = 9, 8, 7          # the query, and two that overlap it
    values[1, 12:14] = 6, 5           # the best, and one that overlaps it
    values[8, 1] = 4
    grid = PatchGrid.fit((40, 50), (10, 14), 9, 3)
    assert grid.best(values, 2, (5, 5)) == [(1, 12), (8, 1)]
    assert grid.best(values, 1, None) == [(5, 5)]
    assert grid.best(values, 0, None) == []


def test_touching_patches_do_not_overlap():
    grid = PatchGrid.fit((4, 4), (2, 2), 2, None)
    assert grid.best(np.array([[4.0, 3], [2, 1]]), 4, (0, 0)) == [(0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("patch, stride, message", [
    (9, 6, "needs a photo of 63 x 87 pixels; this one has 40 x 50"),
    ((14, 3), 3, "41 x 42"),      # too high only
    ((3, 12), 3, "30 x 51"),      # too wide only
    (None, 3, "stride needs patch"),
    (0, 3, "patch must be"),
    ((3, 3, 3), 3, "patch must be"),
    (9, 0, "stride must be"),
])
def test_grids_that_do_not_fit(patch, stride, message):
    with pytest.raises(ValueError, match=message):
        PatchGrid.fit((40, 50), (10, 14), patch, stride)
