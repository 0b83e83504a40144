"""Attention to scale: each pixel decides how far away it looks at the picture."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention._checks import check_floating
from course_lib.attention.attend import attend_with_scores, attention_weights


class ScaleFusion(nn.Module):
    """Predictions at S scales, weighed at each pixel by a softmax over S (Chen et al. 2016, eq. 1 and 2).

    Each map makes predictions of its own by a 1x1 convolution, which are resampled bilinearly to the finest
    grid. A small network that sees all maps gives a score to each scale at each pixel; the softmax of the
    scores over the scales weighs the predictions. One weight a scale and pixel, for all classes alike.

    The paper's scales are resized copies of the image in one shared network; here they are the maps of a
    U-Net's decoder, so each has its own convolution. Its extra loss at each scale is left out. Its network
    for the scores begins with 3x3 convolutions; here, after a decoder full of them, it is two 1x1. A 1x1
    convolution and a bilinear resampling can change places, so the first stands on the small maps.

    Args:
        dims: channels of the maps, the coarsest first.
        out_chans: numbers to predict a pixel.
        hidden_dim: channels between the two convolutions that make the scores; the finest map's if not given.

    Raises:
        ValueError: no dims, a number below 1; maps of another number or form.

    Recorders get (B, H * W, 1, S), H x W the finest map's.
    """

    def __init__(self, dims: Sequence[int], out_chans: int, hidden_dim: int | None = None) -> None:
        super().__init__()
        if not dims:
            raise ValueError("dims must have a number of channels for each scale, got none.")
        hidden_dim = dims[-1] if hidden_dim is None else hidden_dim
        if min(out_chans, hidden_dim, *dims) < 1:
            raise ValueError("dims, out_chans and hidden_dim must be at least 1, got"
                             f" {tuple(dims)}, {out_chans} and {hidden_dim}.")
        self.dims, self.out_chans = tuple(dims), out_chans
        self.predict = nn.ModuleList(nn.Conv2d(dim, out_chans, 1) for dim in dims)
        # One convolution of the maps side by side, in pieces: only the last has the bias of their sum.
        self.reduce = nn.ModuleList(
            nn.Conv2d(dim, hidden_dim, 1, bias=i == len(dims) - 1) for i, dim in enumerate(dims)
        )
        self.score = nn.Conv2d(hidden_dim, len(dims), 1)

    def weights(self, maps: Sequence[Tensor]) -> Tensor:
        """The weight of each scale at each pixel: (B, dims[s], h_s, w_s) for each s -> (B, S, H, W).

        No weight is negative; over the scales they sum to 1.

        Raises:
            ValueError: as the class.
        """
        scores = self._scores(maps)  # (B, H * W, 1, S)
        return attention_weights(scores).squeeze(2).mT.unflatten(2, maps[-1].shape[2:])

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (B, dims[s], h_s, w_s), the finest (B, dims[-1], H, W) last -> (B, out_chans, H, W)."""
        scores = self._scores(maps)  # (B, H * W, 1, S)
        size = maps[-1].shape[2:]
        # S times (B, out_chans, H, W)
        predictions = [_resample(layer(x), size) for layer, x in zip(self.predict, maps)]
        values = torch.stack([p.flatten(2).mT for p in predictions], dim=2)  # (B, H * W, S, out_chans)
        fused = attend_with_scores(scores, values)  # (B, H * W, 1, out_chans)
        return fused.squeeze(2).mT.unflatten(2, size)

    def _scores(self, maps: Sequence[Tensor]) -> Tensor:
        self._check_maps(maps)
        size = maps[-1].shape[2:]
        # (B, hidden_dim, H, W)
        joined = sum(_resample(layer(x), size) for layer, x in zip(self.reduce, maps))
        return self.score(joined.relu()).flatten(2).mT.unsqueeze(2)  # (B, S, H, W) -> (B, H * W, 1, S)

    def _check_maps(self, maps: Sequence[Tensor]) -> None:
        if isinstance(maps, Tensor) or len(maps) != len(self.dims):
            got = f"{len(maps)}" if not isinstance(maps, Tensor) else "one tensor"
            raise ValueError(f"maps must be a list of {len(self.dims)} maps, the coarsest first, got {got}.")
        for i, (x, dim) in enumerate(zip(maps, self.dims)):
            check_floating(f"maps[{i}]", x)
            if x.ndim != 4 or x.shape[1] != dim or len(x) != len(maps[-1]):
                raise ValueError(f"maps[{i}] must be (B, {dim}, H, W) with the B of the last map, got shape"
                                 f" {tuple(x.shape)}.")


def _resample(x: Tensor, size: tuple[int, int]) -> Tensor:
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
