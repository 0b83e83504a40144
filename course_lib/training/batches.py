"""Which examples make up each batch: the whole data set in a shuffled order, then in another, and so on."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, TensorDataset


@dataclass(frozen=True)
class BatchIndices(Sampler[list[int]]):
    """The indices of each step's batch, for one process of a team.

    The stream is one shuffle of the data after the other, cut into the team's batches; a batch may reach from
    one shuffle into the next, so none is short and no example is left out. Each process takes its part of
    every batch. So two processes with batches of 32 see together what one sees with batches of 64.

    Attributes:
        length: examples in the data set.
        batch_size: of this process.
        steps: batches in all.
        seed: of the shuffles.
        start: the first step that is wanted, for a training that goes on.
        rank, team: which process of how many.
    """

    length: int
    batch_size: int
    steps: int
    seed: int
    start: int = 0
    rank: int = 0
    team: int = 1

    def __len__(self) -> int:
        return self.steps - self.start

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed)
        stream = torch.empty(0, dtype=torch.int64)
        whole = self.batch_size * self.team
        for step in range(self.steps):
            while len(stream) < whole:
                stream = torch.cat([stream, torch.randperm(self.length, generator=generator)])
            batch, stream = stream[:whole], stream[whole:]
            if step >= self.start:
                yield batch[self.rank * self.batch_size:][:self.batch_size].tolist()


def batches(data: Dataset, indices: BatchIndices, num_workers: int = 0) -> DataLoader:
    """A loader of those batches."""
    if isinstance(data, TensorDataset):  # a list of indices takes the whole batch out at once
        return DataLoader(data, batch_size=None, sampler=indices, num_workers=num_workers)
    return DataLoader(data, batch_sampler=indices, num_workers=num_workers)
