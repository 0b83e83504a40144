"""A U-Net: down to a small map, through a neck, and up again with what was seen on the way down."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Stage(nn.Sequential):
    """3x3 convolutions with batch norm and ReLU: (B, in_chans, H, W) -> (B, dim, H, W)."""

    def __init__(self, in_chans: int, dim: int, convs: int = 1) -> None:
        layers: list[nn.Module] = []
        for chans in (in_chans, *[dim] * (convs - 1)):
            # The batch norm takes off the mean, so a bias would be lost.
            layers += [nn.Conv2d(chans, dim, 3, padding=1, bias=False), nn.BatchNorm2d(dim), nn.ReLU()]
        super().__init__(*layers)


class UNet(nn.Module):
    """A U-Net with a neck of your choice (Ronneberger et al. 2015, fig. 1).

    A stage of convolutions at every resolution, max-pools of 2 between them. The neck sees the smallest map,
    the only one on which everything is near. On the way up, each transposed convolution of stride 2 is joined
    with the map of the same resolution from the way down (the skip), so that edges stay sharp.

    Unlike the paper's, convolutions are padded, so a map comes out as large as it went in, and have batch
    norm.

    Args:
        in_chans: channels of the image.
        out_chans: numbers to predict a pixel: 1 for a mask, the number of classes for a semantic map.
        dims: channels at each resolution, the image's own first. The stride of the neck's map is
            2 ** (len(dims) - 1).
        neck: a module (B, dims[-1], h, w) -> the same shape. None for none.
        convs: convolutions in a stage. The paper has 2.

    Raises:
        ValueError: a number below 1, no dims; an image that is not (B, in_chans, H, W) with H and W multiples
            of the stride; a neck that changes the shape.
    """

    def __init__(
        self,
        in_chans: int,
        out_chans: int,
        dims: Sequence[int] = (16, 32, 64),
        neck: nn.Module | None = None,
        *,
        convs: int = 1,
    ) -> None:
        super().__init__()
        if not dims or min(in_chans, out_chans, convs, *dims) < 1:
            raise ValueError("in_chans, out_chans, convs and every one of dims must be at least 1, got"
                             f" {in_chans}, {out_chans}, {convs} and {tuple(dims)}.")
        self.in_chans, self.stride = in_chans, 2 ** (len(dims) - 1)
        below = list(zip(dims, dims[1:]))[::-1]  # (channels above, channels below), the smallest map first
        self.down = nn.ModuleList(Stage(a, b, convs) for a, b in zip((in_chans, *dims), dims))
        self.neck = nn.Identity() if neck is None else neck
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in below)
        self.up = nn.ModuleList(Stage(2 * a, a, convs) for a, _ in below)
        self.head = nn.Conv2d(dims[0], out_chans, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> (B, out_chans, H, W)."""
        self._check_image(x)
        skips: list[Tensor] = []
        for stage in self.down:
            x = stage(F.max_pool2d(x, 2) if skips else x)  # (B, dims[i], H / 2**i, W / 2**i)
            skips.append(x)
        before = x.shape
        x = self.neck(skips.pop())  # (B, dims[-1], H / stride, W / stride)
        if x.shape != before:
            raise ValueError(f"the neck must keep the shape of its map: it got {tuple(before)}"
                             f" and gave {tuple(x.shape)}.")
        for enlarge, stage in zip(self.enlarge, self.up):
            x = stage(torch.cat([enlarge(x), skips.pop()], dim=1))  # (B, 2 dims[i], ...) -> (B, dims[i], ...)
        return self.head(x)

    def _check_image(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.in_chans or any(s % self.stride or s == 0 for s in x.shape[2:]):
            raise ValueError(f"x must be (B, {self.in_chans}, H, W) with H and W multiples of {self.stride},"
                             f" got shape {tuple(x.shape)}.")
