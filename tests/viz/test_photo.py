import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import same_color
from matplotlib.patches import Rectangle

from course_lib import viz


def boxes(ax, colour):
    return [p for p in ax.patches if isinstance(p, Rectangle) and same_color(p.get_edgecolor(), colour)]


def drawn(ax):
    return ax.images[0].get_array()


def test_query_is_outlined_where_it_is(photo):
    ax = viz.attention_over_photo(photo, np.ones((18, 28)), (4, 10), patch=9, stride=3)
    (box,) = boxes(ax, viz.QUERY)
    x, y = box.get_center()
    assert (x, y) == pytest.approx((10 * 3 + 4.5, 4 * 3 + 4.5))
    assert 9 < box.get_width() < 12


def test_brighter_where_the_weight_is(photo):
    weights = np.zeros((6, 9))
    weights[1, 7] = 1
    picture = drawn(viz.attention_over_photo(np.full((60, 90), 0.5), weights))
    assert picture.shape == (60, 90, 3)
    assert picture[10:20, 70:80].mean() > 2 * picture[30:, :60].mean()


def test_top_boxes_are_keys(photo):
    weights = np.zeros((6, 9))
    weights[1, 7] = weights[4, 2] = 1
    found = boxes(viz.attention_over_photo(photo, weights / 2, (0, 0), top=2), viz.KEY)
    assert sorted(box.get_center()[0] for box in found) == pytest.approx([25, 75])


@pytest.mark.parametrize("unit, largest", [("uniform", 54 * 0.5), ("weight", 0.5)])
def test_bar_tells_the_unit(photo, unit, largest):
    weights = np.zeros((6, 9))
    weights[1, 7] = weights[4, 2] = 0.5
    bar = viz.attention_over_photo(photo, weights, unit=unit).child_axes[0]
    assert bar.get_ylim() == pytest.approx((0, largest))
    assert len(bar.get_yticks()) <= 7 and ("uniform" in bar.get_ylabel()) == (unit == "uniform")


def test_vmax_clips_and_the_bar_says_so(photo):
    weights = np.random.default_rng(0).random((6, 9))
    ax = viz.attention_over_photo(photo, weights, vmax=0.5)
    assert ax.child_axes[0]._colorbar.extend == "max"
    assert ax.child_axes[0].get_ylim()[1] == 0.5
    assert viz.attention_over_photo(photo, weights, vmax=99).child_axes[0]._colorbar.extend == "neither"


def test_on_given_axes_without_bar_and_arguments_unchanged(photo):
    _, ax = plt.subplots()
    tensors = torch.from_numpy(photo), torch.rand(6, 9)
    copies = [t.clone() for t in tensors]
    assert viz.attention_over_photo(*tensors, (1, 1), ax=ax, colorbar=False, title="here") is ax
    assert not ax.child_axes and ax.get_title(loc="left") == "here"
    assert all(torch.equal(a, b) for a, b in zip(tensors, copies))


def test_a_uniform_map_and_a_map_of_zeros_are_drawn(photo):
    assert np.isfinite(drawn(viz.attention_over_photo(photo, np.ones((6, 9))))).all()
    assert np.isfinite(drawn(viz.attention_over_photo(np.zeros((60, 90)), np.zeros((6, 9)), (0, 0)))).all()


@pytest.mark.parametrize("change, message", [
    ({"weights": np.ones(54)}, "reshape"),
    ({"weights": -np.ones((6, 9))}, "before the softmax"),
    ({"weights": np.full((6, 9), np.nan)}, "finite"),
    ({"query": (6, 0)}, "rows go from 0 to 5"),
    ({"query": (0, -1)}, "not in the 6 x 9 grid"),
    ({"unit": "percent"}, "'uniform' or 'weight'"),
    ({"vmax": 0}, "vmax must be above 0"),
    ({"patch": 11}, "needs a photo of 66 x 99"),
])
def test_wrong_arguments(photo, change, message):
    arguments = {"weights": np.ones((6, 9)), **change}
    with pytest.raises(ValueError, match=message):
        viz.attention_over_photo(photo, **arguments)


def test_heads_share_a_scale(photo):
    weights = np.zeros((3, 6, 9))
    weights[0, 1, 7] = 1
    weights[1] = weights[2] = 1 / 54
    titles = ["sharp", "flat", "flat too"]
    figure = viz.heads_over_photo(np.full((60, 90), 0.5), weights, (0, 0), titles=titles, ncols=2)
    sharp, flat, flat_too, empty = figure.axes
    assert drawn(sharp).max() > drawn(flat).max() + 0.3 and np.array_equal(drawn(flat), drawn(flat_too))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [*titles, ""]
    assert len(boxes(flat, viz.QUERY)) == 1 and not empty.images


@pytest.mark.parametrize("change, message", [
    ({"weights": np.ones((6, 9))}, "heads, rows, columns"),
    ({"titles": ["one"]}, "each of the 2 heads"),
    ({"ncols": 0}, "ncols"),
])
def test_wrong_heads(photo, change, message):
    with pytest.raises(ValueError, match=message):
        viz.heads_over_photo(photo, **{"weights": np.ones((2, 6, 9)), **change})
