import numpy as np
import pytest
import torch

from course_lib import viz


def test_one_scale_for_all():
    figure = viz.small_multiples([np.zeros((4, 4)), np.full((4, 4), 3.0), np.full((4, 4), -1.0)])
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(-1, 3)}


def test_limits_can_be_given():
    figure = viz.small_multiples(torch.rand(3, 1, 8, 8), vmin=0, vmax=2)
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 2)}


def test_rows_and_titles():
    pictures = torch.rand(5, 1, 8, 6)
    figure = viz.small_multiples(pictures, ["a", "b", "c"], ncols=3, rows=["first", "second"], title="All")
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", "", "", ""]
    assert [ax.get_ylabel() for ax in figure.axes] == ["first", "", "", "second", "", ""]
    assert len(figure.axes[4].images) == 1 and not figure.axes[5].images
    assert figure.get_suptitle() == "All"


def test_a_title_for_each_picture():
    figure = viz.small_multiples(torch.rand(4, 1, 8, 6), list("abcd"), ncols=2)
    assert [ax.get_title() for ax in figure.axes] == list("abcd")


def test_colour_pictures_of_several_sizes():
    figure = viz.small_multiples([torch.rand(3, 8, 6), torch.rand(1, 20, 10), torch.rand(4, 4)])
    assert [ax.images[0].get_array().shape for ax in figure.axes] == [(8, 6, 3), (20, 10), (4, 4)]


@pytest.mark.parametrize("arguments, message", [
    ({"images": []}, "empty"),
    ({"ncols": 0}, "ncols"),
    ({"titles": ["a"]}, "titles"),
    ({"rows": ["a", "b"]}, "make 1 rows"),
    ({"images": torch.rand(2, 5, 8, 8)}, r"images\[0\] must be"),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        viz.small_multiples(**{"images": torch.rand(4, 1, 8, 8), **arguments})
