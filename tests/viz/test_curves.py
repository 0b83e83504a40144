import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib import viz

X = np.arange(5)


def test_mean_and_band():
    runs = np.stack([X * 1.0, X * 2.0, X * 6.0])
    ax = viz.curves({"loss": (X, runs)}, xlabel="step", ylabel="loss")
    assert np.allclose(ax.lines[0].get_ydata(), X * 3)
    ys = ax.collections[0].get_paths()[0].vertices
    assert ys[ys[:, 0] == 4][:, 1].min() == 4 and ys[ys[:, 0] == 4][:, 1].max() == 24
    assert "mean of 3 seeds" in ax.get_xlabel() and "smallest to largest" in ax.get_xlabel()


def test_standard_deviation_is_that_of_a_sample():
    ax = viz.curves({"loss": ([0], [[1.0], [3.0]])}, xlabel="step", ylabel="loss", spread="sd")
    ys = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (ys.min(), ys.max()) == pytest.approx((2 - 2**0.5, 2 + 2**0.5))
    assert "standard deviation" in ax.get_xlabel()


def test_one_run_has_no_band():
    ax = viz.curves({"loss": (X, X)}, xlabel="step", ylabel="loss")
    assert not ax.collections and ax.get_xlabel() == "step"


def test_different_numbers_of_seeds_are_told():
    ax = viz.curves({"a": (X, np.ones((2, 5))), "b": (X, np.ones((4, 5)))}, xlabel="step", ylabel="loss")
    assert "2 to 4 seeds" in ax.get_xlabel()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("heights", [(1.0, 1.01, 1.02, 5.0, 5.0), (1.0, 5.0, 5.0, 5.0, 5.0), (1.0,)])
def test_names_stand_at_the_ends_and_do_not_overlap(heights, log):
    ends = dict(zip("abcde", heights))
    series = {name: (X + 1, np.full(5, end)) for name, end in ends.items()}
    ax = viz.curves(series, xlabel="step", ylabel="loss", logy=log)
    figure = ax.figure
    figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in ax.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in zip(boxes, boxes[1:]))
    assert {t.get_text() for t in ax.texts} == set(ends)
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1 for box in boxes)
    assert boxes[-1].y1 <= ax.bbox.y1 + boxes[-1].height            # the top name has not left the axes
    lowest = ax.transData.transform((5, min(heights)))[1]
    assert boxes[0].y0 < lowest < boxes[0].y1                       # nor the lowest its line


def test_lines_differ_in_dashes_too():
    ax = viz.curves({name: (X, X) for name in "abcde"}, xlabel="step", ylabel="loss")
    assert len({str(line._unscaled_dash_pattern) for line in ax.lines}) == 5
    assert len({line.get_color() for line in ax.lines}) == 5


def test_on_given_axes_and_log():
    _, ax = plt.subplots()
    assert viz.curves({"a": (X + 1, X + 1)}, xlabel="N", ylabel="bytes", logx=True, logy=True, ax=ax) is ax
    assert ax.get_xscale() == ax.get_yscale() == "log"


@pytest.mark.parametrize("series, message", [
    ({}, "empty"),
    ({"a": (X, np.ones(4))}, "series 'a' needs"),
    ({"a": (X, np.ones((2, 3, 5)))}, "series 'a' needs"),
    ({"a": ([], [])}, "series 'a' needs"),
    ({str(i): (X, X) for i in range(6)}, "5 series can be told apart"),
])
def test_wrong_series(series, message):
    with pytest.raises(ValueError, match=message):
        viz.curves(series, xlabel="step", ylabel="loss")


def test_wrong_spread():
    with pytest.raises(ValueError, match="'min-max' or 'sd'"):
        viz.curves({"a": (X, X)}, xlabel="step", ylabel="loss", spread="sem")
