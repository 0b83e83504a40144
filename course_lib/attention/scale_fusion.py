"""Attention to scale: each pixel decides how far away it looks at the picture."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention._checks import check_floating
from course_lib.attention.attend import attention_weights
from course_lib.attention.record import hand_to_recorders


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
        return self._on_the_map(attention_weights(self._scores(maps)), maps)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (B, dims[s], h_s, w_s), the finest (B, dims[-1], H, W) last -> (B, out_chans, H, W)."""
        weights = attention_weights(self._scores(maps))  # (B, H * W, 1, S): a pixel is a query, a scale a key
        hand_to_recorders(weights)
        # `attend_with_scores` would want the predictions as (B, H * W, S, out_chans), which are many small
        # products of matrices. On the map the same sum is a few large ones.
        shares = self._on_the_map(weights, maps).split(1, dim=1)  # S times (B, 1, H, W)
        size = maps[-1].shape[2:]
        return sum(w * _resample(layer(x), size) for w, layer, x in zip(shares, self.predict, maps))

    def _scores(self, maps: Sequence[Tensor]) -> Tensor:
        self._check_maps(maps)
        size = maps[-1].shape[2:]
        # (B, hidden_dim, H, W)
        joined = sum(_resample(layer(x), size) for layer, x in zip(self.reduce, maps))
        return self.score(joined.relu()).flatten(2).mT.unsqueeze(2)  # (B, S, H, W) -> (B, H * W, 1, S)

    def _on_the_map(self, weights: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """(B, H * W, 1, S) -> (B, S, H, W)."""
        return weights.squeeze(2).mT.unflatten(2, maps[-1].shape[2:])

    def _check_maps(self, maps: Sequence[Tensor]) -> None:
        if isinstance(maps, Tensor) or len(maps) != len(self.dims):
            got = f"{len(maps)}" if not isinstance(maps, Tensor) else "one tensor"
            raise ValueError(f"maps must be a list of {len(self.dims)} maps, the coarsest first, got {got}.")
        for i in reversed(range(len(maps))):  # the last first: the others are measured by it
            x, dim = maps[i], self.dims[i]
            check_floating(f"maps[{i}]", x)
            if x.ndim != 4 or x.shape[1] != dim:
                raise ValueError(f"maps[{i}] must be (B, {dim}, H, W), got shape {tuple(x.shape)}.")
            batch, _, height, width = maps[-1].shape
            if len(x) != batch or x.shape[2] > height or x.shape[3] > width:
                raise ValueError(f"maps[{i}] must have the batch of the last map ({batch}) and be no larger"
                                 f" than it ({height} x {width}), got shape {tuple(x.shape)}.")


def _resample(x: Tensor, size: tuple[int, int]) -> Tensor:
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
