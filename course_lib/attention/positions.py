"""Positions: without them attention cannot tell an ordered row of tokens from a shuffled one, nor a grid."""

import torch
import torch.nn.functional as F
from torch import Tensor


def sincos_positions_1d(
    length: int,
    dim: int,
    *,
    base: float = 10000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """A fixed vector for each position, made of waves (Vaswani et al. 2017, sec. 3.5). Add it to the tokens.

    Channel 2i is sin(position / base^(2i / dim)), channel 2i + 1 the cosine of the same angle. The first pair
    turns by one radian a step, later ones ever slower. A shift by n steps is the same rotation everywhere.

    Args:
        length: how many positions, 0, 1, ..., length - 1.
        dim: channels, even.
        base: sets the slowest wave, about 2 pi base positions long.

    Returns:
        (length, dim), in [-1, 1].

    Raises:
        ValueError: length is negative, dim is odd or not positive, base is not positive.
    """
    if length < 0:
        raise ValueError(f"length must not be negative, got {length}.")
    if dim < 2 or dim % 2:
        raise ValueError(f"dim must be even and at least 2, a sine and a cosine for each wave, got {dim}.")
    if base <= 0:
        raise ValueError(f"base must be positive, got {base}.")
    # Angles grow with the position, and float32 would cost them digits before the sine is taken. They are
    # made on the CPU, because not every device has float64.
    position = torch.arange(length, dtype=torch.float64, device="cpu")
    speed = base ** (-torch.arange(0, dim, 2, dtype=torch.float64, device="cpu") / dim)  # (dim / 2,)
    angle = torch.outer(position, speed)  # (length, dim / 2)
    waves = torch.stack([angle.sin(), angle.cos()], dim=-1)  # (length, dim / 2, 2)
    return waves.flatten(1).to(device=device, dtype=dtype)  # (length, dim): sine and cosine take turns


def sincos_positions_2d(
    height: int,
    width: int,
    dim: int,
    *,
    base: float = 10000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """A fixed vector for each cell of a grid: half of the channels say the row, the other half the column.

    Each half is `sincos_positions_1d`, so that cells of one row share the first dim / 2 channels and cells of
    one column the last (as in Chen, Xie and He 2021, MoCo v3, which orders the channels otherwise).

    Args:
        height: rows of the grid, H.
        width: columns of the grid, W.
        dim: channels, a multiple of 4.
        base: sets the slowest wave, about 2 pi base cells long.

    Returns:
        (H * W, dim), in [-1, 1]: row by row, as a feature map is flattened.

    Raises:
        ValueError: height or width is negative, dim is no positive multiple of 4, base is not positive.
    """
    if height < 0 or width < 0:
        raise ValueError(f"height and width must not be negative, got {height} and {width}.")
    if dim < 4 or dim % 4:
        raise ValueError(f"dim must be a multiple of 4, two channels a wave, rows and columns, got {dim}.")
    rows = sincos_positions_1d(height, dim // 2, base=base, dtype=torch.float64, device="cpu")
    columns = sincos_positions_1d(width, dim // 2, base=base, dtype=torch.float64, device="cpu")
    rows = rows[:, None].expand(height, width, dim // 2)  # (H, dim / 2) -> (H, W, dim / 2)
    columns = columns[None].expand(height, width, dim // 2)  # (W, dim / 2) -> (H, W, dim / 2)
    grid = torch.cat([rows, columns], dim=-1)  # (H, W, dim)
    return grid.flatten(0, 1).to(device=device, dtype=dtype)  # (H * W, dim)


def interpolate_positions(
    positions: Tensor,
    old_grid: tuple[int, int],
    new_grid: tuple[int, int],
    *,
    num_prefix_tokens: int = 0,
    mode: str = "bicubic",
    antialias: bool = True,
) -> Tensor:
    """Resize positions, as if their grid were an image, so that they fit images of another size.

    Equals timm's `resample_abs_pos_embed`. The recipe is from Dosovitskiy et al. 2021 (sec. 3.2).

    Args:
        positions: (..., P + h * w, C), with P prefix tokens first, then the grid row by row.
        old_grid: (h, w).
        new_grid: (H, W).
        num_prefix_tokens: P, tokens without a place, such as a class token. They are handed on as they are.
        mode: "bicubic" or "bilinear".
        antialias: whether to blur before shrinking. With "bicubic" growing differs a little too: the
            blurring kind is PIL's, whose cubic curve is not PyTorch's (a = -0.5 there, -0.75 here).

    Returns:
        (..., P + H * W, C). `positions` itself, if the grid does not change.

    Raises:
        ValueError: positions whose number is not P + h * w, an empty grid, another mode.
    """
    (h, w), new = old_grid, tuple(new_grid)
    if positions.ndim < 2 or positions.shape[-2] != num_prefix_tokens + h * w:
        need = f"(..., {num_prefix_tokens} + {h} * {w}, C)"
        raise ValueError(f"positions must be {need} for this old_grid, got shape {tuple(positions.shape)}.")
    if min(h, w, *new) < 1:
        raise ValueError(f"grids must have rows and columns, got {(h, w)} and {new}.")
    if mode not in ("bicubic", "bilinear"):
        raise ValueError(f'mode must be "bicubic" or "bilinear", got {mode!r}.')
    if (h, w) == new:
        return positions
    prefix, cells = positions.split([num_prefix_tokens, h * w], dim=-2)  # (..., P, C), (..., h * w, C)
    # float16 and bfloat16 are widened: bicubic weights need the digits, and the CPU has no kernel for them.
    wide = cells.to(torch.promote_types(cells.dtype, torch.float32))
    image = wide.reshape(-1, h, w, cells.shape[-1]).permute(0, 3, 1, 2)  # (B, C, h, w)
    image = F.interpolate(image, new, mode=mode, align_corners=False, antialias=antialias)  # (B, C, H, W)
    cells = image.flatten(2).mT.reshape(*cells.shape[:-2], -1, cells.shape[-1])  # (..., H * W, C)
    return torch.cat([prefix, cells.to(prefix.dtype)], dim=-2)  # (..., P + H * W, C)
