"""Dual attention, as in DANet: places look at places, channels look at channels."""

import torch
from torch import Tensor, nn

from course_lib.attention._checks import check_scale
from course_lib.attention._map_checks import check_feature_map
from course_lib.attention.attend import attend
from course_lib.attention.self_attention_2d import SelfAttention2d


class ChannelAttention(nn.Module):
    """y_j = beta * sum_i w_ji x_i + x_j: channels gather from channels (Fu et al. 2019, DANet, eq. 3 and 4).

    A channel, all its N = H W numbers in a row, is query, key and value at once: w = softmax(A A^T), rows sum
    to 1. There is nothing to learn but beta, one number that starts at 0: the block starts as the identity.

    Softmax over the channels, not a gate for each of them as in SqueezeExcitation. A A^T sums over places, so
    scores grow with the map, and the softmax with them towards a hard choice. A channel's product with itself
    is its squared length: often the choice is itself.

    The authors' code subtracts each row of A A^T from its maximum before the softmax, which turns the order
    round: a channel attends to those that are LEAST like it. That is not in the paper; `least_similar` is it.

    Args:
        dim: C, the channels of the map.
        scale: the factor on the scores; the paper has none. None for 1 / sqrt(N).
        least_similar: False as in the paper; True as in the authors' code.

    Raises:
        ValueError: dim below 1, or a feature map of another form.

    Recorders get (B, 1, C, C).
    """

    def __init__(self, dim: int, *, scale: float | None = 1.0, least_similar: bool = False) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}.")
        check_scale(scale)
        self.dim, self.scale, self.least_similar = dim, scale, least_similar
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        check_feature_map(x, self.dim)
        a = x.flatten(2).unsqueeze(1)  # (B, 1, C, N): one head, channels as tokens
        # softmax(max - s) = softmax(-s): the maximum of a row is the same for all its entries.
        q = -a if self.least_similar else a
        gathered = attend(q, a, a, scale=self.scale)  # (B, 1, C, N)
        return self.beta * gathered.reshape(x.shape) + x

    def extra_repr(self) -> str:
        return f"dim={self.dim}, scale={self.scale}, least_similar={self.least_similar}"


class DualAttention(nn.Module):
    """Position head and channel head side by side, summed (Fu et al. 2019, DANet, fig. 2 and sec. 3.4).

    The position head (eq. 1 and 2) is SAGAN's self-attention, SelfAttention2d; its gamma is the paper's
    alpha. Each head adds its own x. Here x counts once, so that the block starts as the identity. The paper
    has convolutions before and after each head, which are left to the network around.

    Args:
        dim: C, the channels of the map.
        inner_dim: channels of the position head's queries and keys; an eighth of dim if not given.
        scale: the factor on both heads' scores; the paper has none. None for 1 / sqrt of what is summed over.
        least_similar: as for ChannelAttention.

    Raises:
        ValueError: a number below 1, or a feature map of another form.

    Recorders get (B, 1, N, N) from `position` and (B, 1, C, C) from `channel`.
    """

    def __init__(
        self,
        dim: int,
        inner_dim: int | None = None,
        *,
        scale: float | None = 1.0,
        least_similar: bool = False,
    ) -> None:
        super().__init__()
        self.position = SelfAttention2d(dim, inner_dim, scale=scale)
        self.channel = ChannelAttention(dim, scale=scale, least_similar=least_similar)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.position(x) + self.channel(x) - x
