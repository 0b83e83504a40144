"""Where a place lies on a map, as numbers that do not depend on its size: (y, x), each in [-1, 1]."""

import torch
from torch import Tensor


def place_centres(
    height: int,
    width: int,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """The middle of every place of a map. Its outer edges, not its outer pixels' middles, lie at -1 and 1.

    So row i of H is at y = (2i + 1) / H - 1. `F.grid_sample` has the same points, as (x, y), with
    `align_corners=False`. The cells of a coarse grid over an image have `place_centres(rows, cols)`.

    Args:
        height: H, rows of places.
        width: W, places in a row.

    Returns:
        (H, W, 2): (y, x), between -1 and 1.

    Raises:
        ValueError: height or width is less than 1.
    """
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1, got {height} and {width}.")
    y, x = ((2 * torch.arange(n, device=device, dtype=torch.float32) + 1) / n - 1 for n in (height, width))
    return torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).to(dtype)  # (H,), (W,) -> (H, W, 2)
