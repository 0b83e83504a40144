import torch
from torch.utils.data import Dataset, TensorDataset

from course_lib.training.batches import BatchIndices, batches


def test_every_example_comes_once_before_any_comes_again():
    stream = [index for batch in BatchIndices(10, 4, 15, seed=0) for index in batch]       # 60 = 6 x 10
    assert len(stream) == 60
    for start in range(0, 60, 10):
        assert sorted(stream[start:start + 10]) == list(range(10))
    assert stream[:10] != stream[10:20]                                                    # shuffled anew


def test_the_seed_decides_the_order():
    first = list(BatchIndices(50, 8, 5, seed=0))
    assert first == list(BatchIndices(50, 8, 5, seed=0))
    assert first != list(BatchIndices(50, 8, 5, seed=1))


def test_a_later_start_gives_the_same_batches_from_there():
    whole = list(BatchIndices(21, 4, 12, seed=3))
    later = BatchIndices(21, 4, 12, seed=3, start=7)
    assert list(later) == whole[7:] and len(later) == 5


def test_a_team_divides_the_larger_batch():
    whole = list(BatchIndices(30, 8, 6, seed=0))
    parts = [list(BatchIndices(30, 4, 6, seed=0, rank=rank, team=2)) for rank in (0, 1)]
    assert [one + other for one, other in zip(*parts)] == whole


def test_a_batch_may_be_larger_than_the_data():
    assert [sorted(batch) for batch in BatchIndices(2, 4, 3, seed=0)] == [[0, 0, 1, 1]] * 3


class Pairs(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.tensor([float(index)] * 3), index


def test_both_kinds_of_data_give_the_same_batches():
    numbers = torch.arange(10)
    tensors = TensorDataset(numbers.float()[:, None].repeat(1, 3), numbers)
    indices = BatchIndices(10, 4, 5, seed=0)
    for (one, label), (other, other_label), expected in zip(batches(tensors, indices), batches(Pairs(), indices), indices):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
        assert label.tolist() == other_label.tolist() == expected
