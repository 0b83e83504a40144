"""An answer that is wrong in a way nobody planned is still told how it relates to the right one."""

import pytest
import torch

from course_lib.exercises.relations import describe_difference

want = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, -32.0]])


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (want * 0.5, "0.5 times"),
        (-want, "opposite sign"),
        (want + 3, "same +3"),
        (want.flip(-1), "reverse order along axis 1"),
        (want.flip(0), "reverse order along axis 0"),
        (want.flatten()[[5, 1, 2, 3, 4, 0]].reshape(2, 3), "wrong places"),
        (want * torch.tensor([[1.0], [2.0]]), "Along axis 0 (size 2) all is right except at index 1"),
        (want * torch.tensor([1.0, 2.0, 3.0]), "Along axis 1 (size 3) all is right except at index 1, 2"),
        (want * 1.004 + 0.01, "less than 1 %"),
        (torch.zeros_like(want), "zero everywhere"),
        (want.mean(-1, keepdim=True).expand(2, 3), "same number all along"),
        (torch.where(want == 8, 9.0, want).T.reshape(3, 2).T, "Along axis"),
    ],
)
def test_relations(got, told):
    assert told in describe_difference(got, want)


def test_swapped_axes_of_a_square():
    square = torch.arange(9.0).reshape(3, 3) ** 2
    assert "swapped axes" in describe_difference(square.T, square)


def test_the_worst_place_is_named():
    got = want.clone()
    got[1, 2] = 5.0
    assert "At index [1, 2] you have 5; -32 is expected." in describe_difference(got, want)


def test_nan_scalars_and_integers():
    assert "nan" in describe_difference(want * float("nan"), want)
    assert describe_difference(torch.tensor(2.0), torch.tensor(3.0)).endswith("You have 2; 3 is expected.")
    assert "1 of 2 values differ" in describe_difference(torch.tensor([1, 2]), torch.tensor([1, 3]))


def test_sameness_along_an_axis_is_told_only_where_the_right_one_varies():
    level = torch.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    assert "same number" not in describe_difference(level.flip(1) * torch.tensor([[3.0], [5.0]]), level)
