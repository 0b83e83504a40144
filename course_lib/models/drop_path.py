"""Stochastic depth: while training, a residual branch is left out for some samples."""

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Leave a branch out for a share of the samples, while training (Huang et al. 2016).

    Each sample's branch is kept whole or set to zero; dropout would thin every branch instead. What is kept
    grows by 1 / (1 - drop_prob), so that the mean over many steps is the branch that `eval()` sees.

    Args:
        drop_prob: chance that a sample's branch is left out, in [0, 1).

    Raises:
        ValueError: drop_prob out of range.
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        if not 0.0 <= drop_prob < 1.0:
            raise ValueError(f"drop_prob must lie in [0, 1), got {drop_prob}.")
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, ...)."""
        if not self.training or self.drop_prob == 0.0:
            return x
        keep = 1.0 - self.drop_prob
        mask = x.new_empty(len(x), *[1] * (x.ndim - 1)).bernoulli_(keep)  # (B, 1, ...): one draw a sample
        return x * (mask / keep)

    def extra_repr(self) -> str:
        return f"drop_prob={self.drop_prob}"


def drop_path_rates(rate: float, depth: int) -> list[float]:
    """0 for the first of `depth` blocks, rising evenly to `rate`: what is made early, all others build on.

    Raises:
        ValueError: depth below 1, rate out of [0, 1).
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"drop_path_rate must lie in [0, 1), got {rate}.")
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}.")
    return torch.linspace(0, rate, depth, device="cpu").tolist()
