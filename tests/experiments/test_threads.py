import pytest
import torch

from course_lib.experiments.threads import one_thread


def test_one_inside_and_as_many_as_before_after():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.raises(ZeroDivisionError), one_thread():
        assert torch.get_num_threads() == 1
        1 / 0
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
