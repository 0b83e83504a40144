"""Criss-cross attention: a place looks along its row and its column, and nowhere else."""

import torch
from torch import Tensor, nn

from course_lib.attention._map_checks import check_feature_map
from course_lib.attention.attend import attention_weights
from course_lib.attention.record import hand_to_recorders, is_recorded


class CrissCrossAttention(nn.Module):
    """y = gamma * o + x, o gathered from the row and column of each place (Huang et al. 2019, eq. 1 and 2).

    One softmax over the H + W - 1 places of the cross, the place itself once. It is `attend` with the mask
    `criss_cross_mask`, without ever holding a number for each pair of places: N (H + W) numbers instead of
    N^2, N = H W. After a second pass with the same weights every place has heard of every other, by way of
    the two places where their crosses meet: `loops=2` is the paper's R = 2.

    gamma is one number that starts at 0, as in the authors' code: the block starts as the identity. There is
    no factor on the scores.

    Args:
        dim: C, the channels of the map.
        inner_dim: channels of queries and keys; an eighth of dim, and 1 at least, if not given.
        loops: how many times the block is applied, with the same weights.

    Raises:
        ValueError: a number below 1, or a feature map of another form.

    Recorders get (B, N, H + W - 1) from each loop: first the row of the query from left to right, then the
    other places of its column from top to bottom. `spread_criss_cross` lays that out on the map.
    """

    def __init__(self, dim: int, inner_dim: int | None = None, *, loops: int = 1) -> None:
        super().__init__()
        inner_dim = max(1, dim // 8) if inner_dim is None else inner_dim
        if min(dim, inner_dim, loops) < 1:
            raise ValueError(f"dim, inner_dim and loops must be at least 1, got"
                             f" {dim}, {inner_dim} and {loops}.")
        self.dim, self.loops = dim, loops
        self.query, self.key = nn.Conv2d(dim, inner_dim, 1), nn.Conv2d(dim, inner_dim, 1)
        self.value = nn.Conv2d(dim, dim, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        check_feature_map(x, self.dim)
        for _ in range(self.loops):
            x = self.gamma * self._gather(x) + x
        return x

    def extra_repr(self) -> str:
        return f"loops={self.loops}"

    def _gather(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        # Rows are entries of the batch, (B, H, W, D or C). With H and W exchanged, columns are.
        q, k, v = (layer(x).permute(0, 2, 3, 1) for layer in (self.query, self.key, self.value))
        along_row = q @ k.mT  # (B, H, W, W)
        along_column = q.transpose(1, 2) @ k.transpose(1, 2).mT  # (B, W, H, H)
        scores = torch.cat([along_row, along_column.transpose(1, 2)], dim=3)  # (B, H, W, W + H)
        allowed = _allowed(height, width, x.device)  # (H, 1, W + H)
        weights = attention_weights(scores, mask=allowed)  # (B, H, W, W + H)
        if is_recorded():  # else not worth the copy
            hand_to_recorders(_without_the_second_self(weights, allowed))
        of_row, of_column = weights.split([width, height], dim=3)
        from_column = of_column.transpose(1, 2) @ v.transpose(1, 2)  # (B, W, H, C)
        return (of_row @ v + from_column.transpose(1, 2)).permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)


def criss_cross_mask(height: int, width: int) -> Tensor:
    """Which places lie in one row or one column (Huang et al. 2019, sec. 3.2): a mask for `attend`.

    Args:
        height: H of the map.
        width: W of the map.

    Returns:
        (N, N) of bool, N = H * W, places row by row; True = may attend. H + W - 1 in each row are True.

    Raises:
        ValueError: a number below 1.
    """
    _check_size(height, width)
    place = torch.arange(height * width)
    row, column = place // width, place % width
    return (row[:, None] == row) | (column[:, None] == column)


def spread_criss_cross(weights: Tensor, height: int, width: int) -> Tensor:
    """Recorded weights of `CrissCrossAttention` on the whole map, to look at (Huang et al. 2019, fig. 2).

    Args:
        weights: (..., N, H + W - 1), as recorded.
        height: H of the map.
        width: W of the map.

    Returns:
        (..., N, N), N = H * W: a map for each query, 0 off its cross. It holds a number for each pair.

    Raises:
        ValueError: weights of another shape.
    """
    _check_size(height, width)
    if weights.shape[-2:] != (height * width, height + width - 1):
        raise ValueError(f"weights must be (..., {height * width}, {height + width - 1}) for a map of"
                         f" {height} x {width}, got shape {tuple(weights.shape)}.")
    rows, columns = torch.arange(height).unsqueeze(1), torch.arange(width)  # (H, 1), (W,)
    own_row = rows.unsqueeze(2) * width + columns  # (H, 1, W), the places of the query's row
    own_column = rows.squeeze(1) * width + columns.unsqueeze(1)  # (W, H), those of its column
    own_row, own_column = own_row.expand(-1, width, -1), own_column.expand(height, -1, -1)
    cross = torch.cat([own_row, own_column], dim=2)  # (H, W, W + H)
    cross = _without_the_second_self(cross, _allowed(height, width, cross.device)).to(weights.device)
    spread = weights.new_zeros(*weights.shape[:-1], height * width)
    return spread.scatter(-1, cross.expand(weights.shape), weights)


def _allowed(height: int, width: int, device: torch.device) -> Tensor:
    """(H, 1, W + H): a place stands in its row and in its column; in the second it is left out."""
    others = ~torch.eye(height, dtype=torch.bool, device=device)
    return torch.cat([others.new_ones(height, width), others], dim=1).unsqueeze(1)


def _without_the_second_self(t: Tensor, allowed: Tensor) -> Tensor:
    """(..., H, W, W + H) -> (..., N, W + H - 1), N = H * W."""
    height, width, both = t.shape[-3:]
    kept = t[..., allowed.expand(height, width, both)]  # (..., N * (W + H - 1)), in the order of the places
    return kept.unflatten(-1, (height * width, both - 1))


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1, got {height} and {width}.")
