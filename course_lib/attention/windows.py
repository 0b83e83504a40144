"""Attention inside windows: cost grows with the map, not with its square. Shifted windows let them talk."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention._checks import check_floating
from course_lib.attention._map_checks import check_feature_map
from course_lib.attention.multihead import MultiHeadAttention
from course_lib.attention.relative_bias import RelativePositionBias


class WindowAttention(nn.Module):
    """Multi-head attention among the places of a window (Liu et al. 2021, Swin, sec. 3.2 and eq. 4).

    With w x w places a window it takes H W w^2 scores instead of (H W)^2. Scores get a learned number for the
    offset between two places. With a shift the map is first rolled up and left, so that the windows lie
    across the borders of the unshifted ones; places that only the roll made neighbours do not see each other.

    A map that is no multiple of the window is filled with zeros below and to the right. Nobody attends to
    those. Equal to `torchvision.models.swin_transformer.shifted_window_attention`, which does attend to them:
    the two differ in the windows that hold filled places, and are alike where there are none. As there, an
    axis along which one window is enough is not shifted.

    Args:
        dim: C, the channels of the map; a multiple of num_heads.
        num_heads: H. Each head works on D = C / H channels.
        window: w, places along one side of a window.
        shift: places that the windows are shifted by, in [0, w). Swin takes w // 2 in every second block.
        qkv_bias: whether q, k and v have a bias.
        attn_drop: share of the weights dropped while training, in [0, 1).
        proj_drop: share of the result dropped while training, in [0, 1).

    Raises:
        ValueError: a number out of range; a map that is not (B, C, H, W) or has no places.

    Recorders get (B * windows, H, w * w, w * w) from `attention`, in the order of `to_windows` on the padded
    and rolled map. Rows and columns of filled places are there too; the columns are 0.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window: int,
        *,
        shift: int = 0,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        if window < 1 or not 0 <= shift < window:
            raise ValueError(f"window must be at least 1 and shift in [0, window), got {window} and {shift}.")
        self.dim, self.window, self.shift = dim, window, shift
        self.attention = MultiHeadAttention(
            dim, num_heads, qkv_bias=qkv_bias, attn_drop=attn_drop, proj_drop=proj_drop
        )
        self.relative_bias = RelativePositionBias((window, window), num_heads)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        check_feature_map(x, self.dim)
        height, width = x.shape[2:]
        if not height * width:
            raise ValueError(f"x must have rows and columns, got shape {tuple(x.shape)}.")
        x = F.pad(x, (0, -width % self.window, 0, -height % self.window))  # (B, C, pH, pW)
        padded = x.shape[2:]
        shift = tuple(self.shift if size > self.window else 0 for size in padded)
        tokens = to_windows(x.roll([-s for s in shift], (2, 3)), self.window)  # (B * nW, w * w, C)
        mask = self._mask((height, width), padded, shift, x)
        if mask is not None:
            mask = mask.repeat(len(x), 1, 1).unsqueeze(1)  # (nW, w * w, w * w) -> (B * nW, 1, w * w, w * w)
        tokens = self.attention(tokens, mask=mask, bias=self.relative_bias())
        out = from_windows(tokens, self.window, *padded).roll(shift, (2, 3))  # (B, C, pH, pW)
        return out[:, :, :height, :width].contiguous()

    def extra_repr(self) -> str:
        return f"window={self.window}, shift={self.shift}"

    def _mask(
        self, size: tuple[int, int], padded: tuple[int, int], shift: tuple[int, int], x: Tensor
    ) -> Tensor | None:
        """(nW, w * w, w * w), True = may attend; None where all may, for attention is faster without."""
        mask = None
        if any(shift):
            mask = shifted_mask(*padded, self.window, shift).to(x.device)
        if size != padded:
            real = F.pad(x.new_ones(1, 1, *size), (0, padded[1] - size[1], 0, padded[0] - size[0]))
            keys = to_windows(real.roll([-s for s in shift], (2, 3)), self.window).mT > 0  # (nW, 1, w * w)
            mask = keys.expand(-1, self.window**2, -1) if mask is None else mask & keys
        return mask


def to_windows(x: Tensor, window: int) -> Tensor:
    """A map cut into windows: (B, C, H, W) -> (B * nH * nW, w * w, C). Swin, Liu et al. 2021, sec. 3.2.

    Windows follow row by row, all of the first image before those of the second; places likewise in each.

    Args:
        x: a map, of any dtype.
        window: w, the side of a window.

    Raises:
        ValueError: H or W is no multiple of the window.
    """
    if x.ndim != 4:
        raise ValueError(f"x must be a feature map (B, C, H, W), got shape {tuple(x.shape)}.")
    rows, columns = _grid_of_windows(*x.shape[2:], window)
    x = x.unflatten(3, (columns, window)).unflatten(2, (rows, window))  # (B, C, nH, w, nW, w)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(-1, window * window, x.shape[1])


def from_windows(tokens: Tensor, window: int, height: int, width: int) -> Tensor:
    """Undoes `to_windows`: (B * nH * nW, w * w, C) -> (B, C, H, W). Swin, Liu et al. 2021, sec. 3.2.

    Args:
        tokens: windows in the order of `to_windows`.
        window: w, the side of a window.
        height: H of the map, a multiple of w.
        width: W of the map, a multiple of w.

    Raises:
        ValueError: H or W is no multiple of the window; tokens that do not fill whole maps of this size.
    """
    rows, columns = _grid_of_windows(height, width, window)
    if tokens.ndim != 3 or tokens.shape[1] != window * window or len(tokens) % (rows * columns):
        raise ValueError(f"tokens must be (B * {rows * columns}, {window * window}, C) for a map of"
                         f" {height} x {width}, got shape {tuple(tokens.shape)}.")
    x = tokens.reshape(-1, rows, columns, window, window, tokens.shape[-1])  # (B, nH, nW, w, w, C)
    return x.permute(0, 5, 1, 3, 2, 4).reshape(len(x), -1, height, width)


def shifted_mask(height: int, width: int, window: int, shift: int | tuple[int, int]) -> Tensor:
    """Which places of a window were neighbours before the roll (Liu et al. 2021, Swin, sec. 3.2 and fig. 4).

    The map is rolled by -shift, rows and columns. What leaves at the top and on the left comes back at the
    bottom and on the right, into windows where it does not belong.

    Args:
        height: H of the map, a multiple of the window.
        width: W of the map, a multiple of the window.
        window: w, the side of a window.
        shift: in [0, w), one number or (down the rows, along the columns).

    Returns:
        (nW, w * w, w * w) of bool, in the order of `to_windows`; True = may attend.

    Raises:
        ValueError: H or W is no multiple of the window, a shift out of range.
    """
    _grid_of_windows(height, width, window)
    shifts = (shift, shift) if isinstance(shift, int) else tuple(shift)
    if len(shifts) != 2 or not all(0 <= s < window for s in shifts):
        raise ValueError(f"shift must be one or two numbers in [0, {window}), got {shift}.")
    came_round = [torch.arange(size) >= size - s for size, s in zip((height, width), shifts)]
    part = 2 * came_round[0][:, None].long() + came_round[1].long()  # (H, W), a name for each of four parts
    part = to_windows(part[None, None], window)  # (nW, w * w, 1)
    return part == part.mT


def _grid_of_windows(height: int, width: int, window: int) -> tuple[int, int]:
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}.")
    if height % window or width % window or min(height, width) < 1:
        raise ValueError(f"height and width must be multiples of the window ({window}), got {height} and"
                         f" {width}.")
    return height // window, width // window
