"""A small problem that a small network learns in a few dozen steps."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

CENTRES = torch.tensor([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])


@pytest.fixture
def data() -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(96) % 3
    return TensorDataset(CENTRES[labels] + 0.3 * torch.randn(96, 2, generator=generator), labels)


@pytest.fixture
def network():
    """A function that makes the same network each time it is called."""
    def make(dropout: float = 0.0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3))
    return make
