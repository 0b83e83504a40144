import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colormaps
from PIL import Image

from course_lib import viz


def read(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def colour(level):
    return (np.array(colormaps[viz.WEIGHTS_CMAP](level)[:3]) * 255).round()


def test_each_entry_is_a_block_of_its_colour():
    picture = read(viz.map_png([[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]]))
    block = picture.shape[1] // 3
    assert picture.shape == (2 * block, 3 * block, 3)
    for (row, column), level in {(0, 0): 0.0, (0, 1): 0.5, (0, 2): 1.0, (1, 0): 1.0}.items():
        cell = picture[row * block:(row + 1) * block, column * block:(column + 1) * block]
        assert (cell == colour(level)).all()


@given(st.integers(1, 40), st.integers(1, 40))
def test_wide_enough_to_see(rows, columns):
    picture = read(viz.map_png(np.arange(rows * columns).reshape(rows, columns)))
    assert picture.shape[1] >= 120 or picture.shape[0] > 500
    assert picture.shape[1] <= 240 and picture.shape[0] <= 600
    assert picture.shape[0] * columns == picture.shape[1] * rows          # blocks are square


def test_wider_than_the_picture():
    assert read(viz.map_png(np.random.default_rng(0).random((3, 700)))).shape == (3, 700, 3)


def test_limits_compare_two_maps():
    assert (read(viz.map_png([[0.5]], vmin=0, vmax=1)) == colour(0.5)).all()
    assert (read(viz.map_png([[7.0]], vmin=0, vmax=1)) == colour(1.0)).all()
    assert (read(viz.map_png([[-7.0]], vmin=0, vmax=1)) == colour(0.0)).all()


def test_a_flat_map_is_drawn():
    assert (read(viz.map_png([[3.0, 3.0]])) == colour(0.0)).all()


def test_nan_is_a_chequerboard_of_colours_that_no_weight_has():
    picture = read(viz.map_png([[0.0, np.nan], [0.3, 1.0]]))
    half = picture.shape[1] // 2
    hole = {tuple(c) for c in picture[:half, half:].reshape(-1, 3)}
    assert len(hole) == 2
    others = np.array(colormaps[viz.WEIGHTS_CMAP](np.linspace(0, 1, 256)))[:, :3] * 255
    assert all(np.abs(others - c).sum(1).min() > 60 for c in hole)
    assert (picture[:half, :half] == colour(0.0)).all()


def test_infinities_take_the_end_colours():
    picture = read(viz.map_png([[np.inf, -np.inf, 0.0, 1.0]]))
    assert (picture[0, ::30] == [colour(1.0), colour(0.0), colour(0.0), colour(1.0)]).all()


@pytest.mark.parametrize("values", [[[np.nan, np.nan]], [[np.inf, -np.inf]], [[-np.inf, np.nan]]])
def test_nothing_finite_needs_no_warning(values):
    assert read(viz.map_png(values)).shape[1] >= 120


def test_tensors_and_scores():
    scores = torch.rand(4, 4, requires_grad=True)
    assert read(viz.map_png(scores, cmap=viz.SCORES_CMAP)).shape == (120, 120, 3)


def test_the_same_bytes_for_the_same_map():
    values = np.random.default_rng(0).random((14, 14))
    assert viz.map_png(values) == viz.map_png(values)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="vmin"):
        viz.map_png([[1.0]], vmin=2, vmax=1)
    with pytest.raises(ValueError, match="2D"):
        viz.map_png([1.0, 2.0])
