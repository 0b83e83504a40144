"""Small random inputs for stages. Every function takes the stage's generator first."""

import torch
from torch import Generator, Tensor


def normal(g: Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Gaussian numbers with mean 0."""
    return torch.randn(*shape, generator=g) * scale


def uniform(g: Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(*shape, generator=g) * (high - low) + low


def integers(g: Generator, *shape: int, below: int) -> Tensor:
    return torch.randint(below, shape, generator=g)


def some_allowed(g: Generator, *shape: int) -> Tensor:
    """A boolean mask; in each row about half of the keys are allowed, at least one allowed and one forbidden."""
    order = torch.rand(*shape, generator=g).argsort(-1)
    return (torch.rand(*shape, generator=g) < 0.5) & (order != 0) | (order == 1)
