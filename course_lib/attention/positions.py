"""Positions: without them attention cannot tell an ordered row of tokens from a shuffled one."""

import torch
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
