"""Glimpses: not softmax attention, but a cut. Sharp in the middle, coarse around it, blind elsewhere."""

import torch
from torch import Tensor

from course_lib.attention._checks import check_floating, check_shape


def glimpses(image: Tensor, centres: Tensor, size: int, num_scales: int = 1) -> Tensor:
    """Square windows around a centre, each twice as wide as the last, all averaged down to one size.

    This is the sensor of Mnih et al. 2014, sec. 3.1. Windows begin at whole pixels, the nearest to where the
    centre asks for (halves go down and right), so that a pixel is read or not read. Because of that step no
    gradient reaches the centres: a policy that chooses them learns by score_function.py, say.

    Args:
        image: (B, C, H, W).
        centres: (B, 2): (y, x), finite; the outer edges of the image are at -1 and 1, as in coordinates.py.
            What lies outside the image reads as 0, wherever the centre is.
        size: side of every result, in pixels.
        num_scales: S. Window s has a side of size * 2^s pixels, and blocks of 2^s by 2^s become their mean.

    Returns:
        (B, S, C, size, size), of the image's dtype. The gradient goes to the image only.

    Raises:
        ValueError: shapes that do not fit, numbers below 1.
    """
    _check_image(image)
    _check_windows(centres, len(image), size, num_scales)
    scales = []
    for s in range(num_scales):
        rows, cols = _window(centres, image.shape[-2:], size * 2**s)  # (B, side), (B, side)
        window = _read(image, rows, cols)  # (B, C, side, side)
        blocks = window.unflatten(3, (size, 2**s)).unflatten(2, (size, 2**s))  # (B, C, size, 2^s, size, 2^s)
        scales.append(blocks.mean((3, 5)))  # (B, C, size, size)
    return torch.stack(scales, dim=1)  # (B, S, C, size, size)


def glimpse_pixels(centres: Tensor, img_size: tuple[int, int], size: int, num_scales: int = 1) -> Tensor:
    """Which pixels of the image `glimpses` reads: all that its widest window covers.

    A coarse window reads every pixel that it averages. To count the distinct pixels of several glimpses, join
    their masks by `|` and sum.

    Args:
        centres: (B, 2), as for glimpses.
        img_size: (H, W).
        size, num_scales: as for glimpses.

    Returns:
        bool, (B, H, W).

    Raises:
        ValueError: as glimpses.
    """
    height, width = img_size
    if height < 1 or width < 1:
        raise ValueError(f"img_size must be at least 1 by 1, (H, W), got {tuple(img_size)}.")
    _check_windows(centres, None, size, num_scales)
    # The windows of smaller scales lie inside the widest one.
    rows, cols = _window(centres, (height, width), size * 2 ** (num_scales - 1))  # (B, side), (B, side)
    in_rows = (rows[:, None] == torch.arange(height, device=rows.device)[:, None]).any(-1)  # (B, H)
    in_cols = (cols[:, None] == torch.arange(width, device=cols.device)[:, None]).any(-1)  # (B, W)
    return in_rows[:, :, None] & in_cols[:, None, :]  # (B, H, W)


def _window(centres: Tensor, img_size: tuple[int, int], side: int) -> tuple[Tensor, Tensor]:
    """The rows and the columns of each window, (B, side) both. They may lie outside the image."""
    wide = torch.promote_types(centres.dtype, torch.float32)  # float16 cannot tell pixels apart
    limits = torch.tensor(img_size, device=centres.device, dtype=wide)  # (2,): H, W
    first = (centres.detach().to(wide) + 1) / 2 * limits - side / 2  # (B, 2)
    first = torch.floor(first + 0.5)  # round() would send halves to the even pixel: steps of 0 and 2
    # All that is farther out sees nothing either, and its index could overflow.
    first = torch.minimum(first.clamp(min=-side), limits).long()
    steps = torch.arange(side, device=centres.device)
    return first[:, :1] + steps, first[:, 1:] + steps  # (B, 1) + (side,) -> (B, side)


def _read(image: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    sample = torch.arange(len(image), device=image.device)[:, None, None]  # (B, 1, 1)
    y, x = rows.clamp(0, height - 1), cols.clamp(0, width - 1)
    window = image.movedim(1, -1)[sample, y[:, :, None], x[:, None, :]]  # (B, side, side, C)
    outside = ((rows != y)[:, :, None] | (cols != x)[:, None, :])[..., None]  # (B, side, side, 1)
    return window.masked_fill(outside, 0.0).movedim(-1, 1)  # (B, C, side, side)


def _check_image(image: Tensor) -> None:
    check_floating("image", image)
    if image.ndim != 4 or 0 in image.shape[-2:]:
        raise ValueError(f"image must be (B, C, H, W) with a pixel or more, got shape {tuple(image.shape)}.")


def _check_windows(centres: Tensor, batch: int | None, size: int, num_scales: int) -> None:
    check_floating("centres", centres)
    if centres.ndim != 2:
        raise ValueError(f"centres must be (B, 2), each (y, x), got shape {tuple(centres.shape)}.")
    check_shape("centres", centres, (len(centres) if batch is None else batch, 2))
    if size < 1 or num_scales < 1:
        raise ValueError(f"size and num_scales must be at least 1, got {size} and {num_scales}.")
