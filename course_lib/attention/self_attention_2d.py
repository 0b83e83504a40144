"""Self-attention on a feature map, as in SAGAN: keys and queries are narrow, values as wide as the map."""

import torch
from torch import Tensor, nn

from course_lib.attention._checks import check_scale
from course_lib.attention._map_checks import check_feature_map
from course_lib.attention.non_local import non_local


class SelfAttention2d(nn.Module):
    """y = gamma * o + x, where o is softmax attention between the places of x (Zhang et al. 2019, sec. 3).

    gamma is one number that starts at 0: the block starts as the identity, and in the first step only gamma
    gets a gradient. `value` is the product of the paper's W_v and W_h, which nothing stands between.

    Args:
        dim: C, the channels of the map.
        inner_dim: channels of queries and keys; an eighth of dim if not given.
        scale: the factor on the scores; SAGAN has none. None for 1 / sqrt(inner_dim).

    Raises:
        ValueError: a number below 1, or a feature map of another form.
    """

    def __init__(self, dim: int, inner_dim: int | None = None, *, scale: float | None = 1.0) -> None:
        super().__init__()
        inner_dim = max(1, dim // 8) if inner_dim is None else inner_dim
        if dim < 1 or inner_dim < 1:
            raise ValueError(f"dim and inner_dim must be at least 1, got {dim} and {inner_dim}.")
        check_scale(scale)
        self.dim, self.scale = dim, scale
        self.query, self.key = nn.Conv2d(dim, inner_dim, 1), nn.Conv2d(dim, inner_dim, 1)
        self.value = nn.Conv2d(dim, dim, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        check_feature_map(x, self.dim)
        height, width = x.shape[2:]
        # Place (row, column) becomes token row * width + column; the way back names them in the same order.
        q, k, v = (layer(x).flatten(2).mT for layer in (self.query, self.key, self.value))  # (B, H*W, D or C)
        o = non_local(q, k, v, scale=self.scale)  # (B, H*W, C)
        return self.gamma * o.mT.unflatten(2, (height, width)) + x  # (B, C, H*W) -> (B, C, H, W)
