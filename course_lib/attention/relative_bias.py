"""Relative positions: a learned number, added to the scores, for every offset between two cells of a grid."""

import torch
from torch import Tensor, nn

from course_lib.attention.positions import interpolate_positions


class RelativePositionBias(nn.Module):
    """A bias for `attend` that depends on query minus key only (Liu et al. 2021, Swin, eq. 4).

    Two cells can be (2h - 1)(2w - 1) offsets apart. Each offset has one learned number a head, in the table.
    The parameter's name and order are those of timm's `RelPosBias`.

    Args:
        grid: (h, w), the cells of the feature map.
        num_heads: H.
        class_token: whether a token without a place comes first. Three more rows of the table then say how it
            looks at cells, how cells look at it, and how it looks at itself (as in BEiT, Bao et al. 2022).

    Raises:
        ValueError: an empty grid, num_heads below 1.
    """

    def __init__(self, grid: tuple[int, int], num_heads: int, *, class_token: bool = False) -> None:
        super().__init__()
        if num_heads < 1:
            raise ValueError(f"num_heads must be at least 1, got {num_heads}.")
        self.grid, self.num_heads, self.class_token = tuple(grid), num_heads, class_token
        index = relative_position_index(grid, class_token=class_token)
        table = torch.empty((2 * grid[0] - 1) * (2 * grid[1] - 1) + 3 * class_token, num_heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        self.register_buffer("relative_position_index", index, persistent=False)

    def forward(self) -> Tensor:
        """() -> (1, H, N, N), with N = h * w, and one more if there is a class token."""
        bias = self.relative_position_bias_table[self.relative_position_index]  # (N, N, H)
        return bias.permute(2, 0, 1)[None]  # (1, H, N, N)

    @torch.no_grad()
    def set_grid(self, grid: tuple[int, int]) -> None:
        """Fit another grid: the table is resized as an image of offsets (bicubic, as timm and Swin have it).

        The parameter is a new one: make the optimiser afterwards.

        Raises:
            ValueError: an empty grid.
        """
        table, (h, w), (new_h, new_w) = self.relative_position_bias_table, self.grid, grid
        index = relative_position_index(grid, class_token=self.class_token).to(table.device)
        offsets, rest = table[: (2 * h - 1) * (2 * w - 1)], table[(2 * h - 1) * (2 * w - 1) :]
        old, new = (2 * h - 1, 2 * w - 1), (2 * new_h - 1, 2 * new_w - 1)
        table = torch.cat([interpolate_positions(offsets, old, new, antialias=False), rest])
        self.relative_position_bias_table = nn.Parameter(
            table, requires_grad=self.relative_position_bias_table.requires_grad
        )
        self.relative_position_index, self.grid = index, tuple(grid)

    def extra_repr(self) -> str:
        return f"grid={self.grid}, num_heads={self.num_heads}, class_token={self.class_token}"


def relative_position_index(grid: tuple[int, int], *, class_token: bool = False) -> Tensor:
    """Which row of the table belongs to query i and key j.

    With (dy, dx) = cell of query i - cell of key j it is row (dy + h - 1)(2w - 1) + dx + w - 1. With a class
    token, which then is token 0, the last three rows are: it to a cell, a cell to it, it to itself.

    Args:
        grid: (h, w).
        class_token: whether a token without a place comes first.

    Returns:
        (N, N) of int64; N = h * w, and one more with a class token.

    Raises:
        ValueError: an empty grid.
    """
    h, w = grid
    if h < 1 or w < 1:
        raise ValueError(f"grid must have rows and columns, got {(h, w)}.")
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")  # (h, w) each
    y, x = y.flatten(), x.flatten()  # (h * w,) each
    dy, dx = y[:, None] - y, x[:, None] - x  # (h * w, h * w) each: query minus key
    index = (dy + h - 1) * (2 * w - 1) + dx + w - 1
    if not class_token:
        return index
    offsets = (2 * h - 1) * (2 * w - 1)
    whole = torch.empty(h * w + 1, h * w + 1, dtype=torch.int64)
    whole[1:, 1:] = index
    whole[0, :], whole[:, 0], whole[0, 0] = offsets, offsets + 1, offsets + 2
    return whole
