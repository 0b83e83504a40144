"""A U-Net: down to a small map, through a neck, and up again with what was seen on the way down.

Attention plugs into three named places: the neck, a gate on each skip, and the head.
"""

from collections.abc import Callable, Sequence

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


class LastMap(nn.Conv2d):
    """The plain head: a 1x1 convolution of the finest map alone."""

    def __init__(self, dims: Sequence[int], out_chans: int) -> None:
        super().__init__(dims[-1], out_chans, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """A list of maps, the finest (B, dims[-1], H, W) last -> (B, out_chans, H, W)."""
        return super().forward(maps[-1])


class UNet(nn.Module):
    """A U-Net with a neck, gates and a head of your choice (Ronneberger et al. 2015, fig. 1).

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
        gate: gate(skip_dim, gating_dim) makes a module for each skip, the coarsest first. It is called as
            module(skip, x) with the skip (B, skip_dim, 2h, 2w) and the decoder's map below it
            (B, gating_dim, h, w), and returns what is left of the skip. None leaves skips as they are.
        head: head(map_dims, out_chans) makes the module that ends the network. It is called with the list of
            the decoder's maps, the neck's first and the finest last; map_dims are their channels, dims[::-1].
            None for a 1x1 convolution of the finest.

    Raises:
        ValueError: a number below 1, no dims; an image that is not (B, in_chans, H, W) with H and W multiples
            of the stride; a neck or a gate that changes the shape.
    """

    def __init__(
        self,
        in_chans: int,
        out_chans: int,
        dims: Sequence[int] = (16, 32, 64),
        neck: nn.Module | None = None,
        *,
        convs: int = 1,
        gate: Callable[[int, int], nn.Module] | None = None,
        head: Callable[[Sequence[int], int], nn.Module] | None = None,
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
        self.head = (LastMap if head is None else head)(tuple(dims[::-1]), out_chans)
        self.gates = nn.ModuleList(gate(a, b) for a, b in below) if gate else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> (B, out_chans, H, W)."""
        self._check_image(x)
        skips: list[Tensor] = []
        for stage in self.down:
            x = stage(F.max_pool2d(x, 2) if skips else x)  # (B, dims[i], H / 2**i, W / 2**i)
            skips.append(x)
        before = skips.pop()
        maps = [same_shape("neck", before, self.neck(before))]  # (B, dims[-1], H / stride, W / stride)
        for level, (enlarge, stage) in enumerate(zip(self.enlarge, self.up)):
            skip = skips.pop()
            if self.gates is not None:
                skip = same_shape("gate", skip, self.gates[level](skip, maps[-1]))
            joined = torch.cat([enlarge(maps[-1]), skip], dim=1)  # (B, 2 dims[i], H / 2**i, W / 2**i)
            maps.append(stage(joined))  # (B, dims[i], H / 2**i, W / 2**i)
        return self.head(maps)

    def _check_image(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.in_chans or any(s % self.stride or s == 0 for s in x.shape[2:]):
            raise ValueError(f"x must be (B, {self.in_chans}, H, W) with H and W multiples of {self.stride},"
                             f" got shape {tuple(x.shape)}.")


def same_shape(place: str, before: Tensor, after: Tensor) -> Tensor:
    """What came out of a place of the network, if it is as large as what went in."""
    if after.shape != before.shape:
        raise ValueError(f"the {place} must keep the shape of its map: it got {tuple(before.shape)}"
                         f" and gave {tuple(after.shape)}.")
    return after
