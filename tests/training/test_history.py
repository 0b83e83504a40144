import matplotlib
import pytest

from course_lib.training import History

matplotlib.use("agg")


def made() -> History:
    return History(loss=[3.0, 2.0, 1.0], lr=[0.1, 0.2, 0.1], grad_norm=[1.0] * 3,
                   evaluations=[(2, {"accuracy": 0.5, "iou": 0.1}), (3, {"accuracy": 0.75, "iou": 0.2})])


def test_it_knows_its_steps_and_its_last_figures():
    assert made().steps == 3
    assert made().last == {"accuracy": 0.75, "iou": 0.2}
    assert History().last == {}


def test_a_curve_is_the_steps_and_the_values():
    assert made().curve("accuracy") == ([2, 3], [0.5, 0.75])
    with pytest.raises(ValueError, match="'dice'; there are: accuracy, iou"):
        made().curve("dice")


def test_the_plot_has_a_panel_for_each_curve_with_its_numbers():
    fig = made().plot()
    drawn = {ax.get_title(): ax.lines[0].get_xydata().tolist() for ax in fig.axes}
    assert drawn == {"loss": [[1, 3.0], [2, 2.0], [3, 1.0]], "learning rate": [[1, 0.1], [2, 0.2], [3, 0.1]],
                     "accuracy": [[2, 0.5], [3, 0.75]], "iou": [[2, 0.1], [3, 0.2]]}
    assert all(ax.get_xlabel() == "step" and ax.get_ylabel() for ax in fig.axes)
