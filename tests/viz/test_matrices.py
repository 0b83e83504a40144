import numpy as np
import pytest
from matplotlib.patches import Rectangle

from course_lib import viz


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_numbers_axes_and_ticks():
    ax = viz.matrix([[0.25, 0.75], [1.0, 0.0]], title="Weights")
    assert texts(ax) == ["0.25", "0.75", "1.00", "0.00"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("keys", "queries", "Weights")
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == [0, 1]


def test_text_stands_out_from_its_cell():
    dark, light = viz.matrix([[0.0, 1.0]]).texts
    assert dark.get_color() == "#FFFFFF" and light.get_color() == viz.INK


def test_masked_cells_are_hatched_and_have_no_number():
    ax = viz.matrix([[1.0, 9.0], [0.5, 0.5]], mask=[[True, False], [True, True]])
    (cell,) = [p for p in ax.patches if isinstance(p, Rectangle)]
    assert cell.get_hatch() and (cell.get_x(), cell.get_y()) == (0.5, -0.5)
    assert texts(ax) == ["1.00", "0.50", "0.50"]
    assert ax.images[0].norm.vmax == 1                        # the masked 9 does not set the scale


def test_minus_infinity_is_masked():
    ax = viz.matrix([[1.0, -np.inf], [2.0, 3.0]], cmap=viz.SCORES_CMAP)
    assert len(ax.patches) == 1 and len(ax.texts) == 3


def test_all_masked():
    assert len(viz.matrix([[-np.inf, -np.inf]]).patches) == 2


def test_scores_are_symmetric_about_zero():
    norm = viz.matrix([[-1.0, 3.0]], cmap=viz.SCORES_CMAP).images[0].norm
    assert (norm.vmin, norm.vmax) == (-3, 3)


def test_weights_start_at_zero():
    norm = viz.matrix([[0.4, 0.6]]).images[0].norm
    assert (norm.vmin, norm.vmax) == (0, 0.6)


def test_limits_can_be_given():
    norm = viz.matrix([[0.4, 0.6]], vmin=0, vmax=1).images[0].norm
    assert (norm.vmin, norm.vmax) == (0, 1)


def test_a_large_matrix_has_few_ticks_and_no_numbers():
    ax = viz.matrix(np.ones((40, 100)))
    ax.figure.canvas.draw()
    assert not ax.texts and len([t for t in ax.get_xticks() if 0 <= t < 100]) <= 9


def test_names():
    ax = viz.matrix(np.ones((2, 3)), rows=["a", "b"], cols=["one", "two", "three"], row_axis="tokens")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["one", "two", "three"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"] and ax.get_ylabel() == "tokens"


def test_negative_numbers_have_a_minus_sign():
    assert texts(viz.matrix([[-1.5]])) == ["\N{MINUS SIGN}1.50"]


def test_large_numbers_have_no_decimals():
    assert texts(viz.matrix([[12.34, 5.0]])) == ["12", "5"]


@pytest.mark.parametrize("arguments, message", [
    ({"rows": ["a"]}, "rows must name each of the 2"), ({"cols": ["a"]}, "cols must name each of the 3"),
    ({"mask": np.ones((3, 2))}, r"shape of values, \(2, 3\), got \(3, 2\)"), ({"vmin": 2, "vmax": 1}, "vmin"),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        viz.matrix(np.ones((2, 3)), **arguments)


def test_one_sample_at_a_time():
    with pytest.raises(ValueError, match="one sample"):
        viz.matrix(np.ones((1, 2, 3)))
