"""CBAM: gates for channels and gates for places, one after the other or side by side. Not softmax."""

from torch import Tensor, nn

from course_lib.attention._map_checks import check_feature_map
from course_lib.attention.spatial_gate import CBAMSpatialGate


class CBAM(nn.Module):
    """What first, then where: the spatial gate looks at what the channel gate let through (Woo et al. 2018).

    Eq. 1, and the order that the paper found best. Equal to timm's `CbamModule`, but for the batch norm in
    its spatial gate (see CBAMSpatialGate).

    Args:
        dim: C, the channels of the feature map.
        reduction: how many times narrower the middle of the channel gate is; it keeps one channel at least.
        kernel_size: side of the spatial gate's convolution, odd.

    Raises:
        ValueError: a number below 1, an even kernel_size, or a feature map of another form.
    """

    def __init__(self, dim: int, reduction: int = 16, kernel_size: int = 7) -> None:
        super().__init__()
        self.channel = CBAMChannelGate(dim, reduction)
        self.spatial = CBAMSpatialGate(kernel_size)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W), each in (0, 1): the product of both gates."""
        channel = self.channel.gate(x)  # (B, C, 1, 1)
        return self.spatial.gate(channel * x) * channel  # (B, 1, H, W) * (B, C, 1, 1) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.spatial(self.channel(x))


class ParallelCBAM(CBAM):
    """What and where at once: both gates look at x itself, an order that Woo et al. 2018 compare CBAM with.

    It has the arguments and the parameters of CBAM, and their state dicts load into each other. Both gates
    multiply x, so the only difference is what the spatial gate sees.
    """

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W), each in (0, 1): the product of both gates."""
        channel = self.channel.gate(x)  # (B, C, 1, 1)
        return self.spatial.gate(x) * channel  # (B, 1, H, W) * (B, C, 1, 1) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x


class CBAMChannelGate(nn.Module):
    """Squeeze-and-excitation that looks at the maximum too (Woo et al. 2018, eq. 2).

    Mean and maximum of each channel pass through the same two layers, and their scores are added before the
    sigmoid. Equal to timm's `ChannelAttn(dim, rd_channels=max(1, dim // reduction))`, whose state dict loads
    here and back. As in the equation, the layers have no bias.

    Args:
        dim: C, the channels of the feature map.
        reduction: how many times narrower the middle is; it keeps one channel at least.

    Raises:
        ValueError: a number below 1, or a feature map of another form.
    """

    def __init__(self, dim: int, reduction: int = 16) -> None:
        super().__init__()
        if dim < 1 or reduction < 1:
            raise ValueError(f"dim and reduction must be at least 1, got {dim} and {reduction}.")
        self.dim = dim
        self.fc1 = nn.Conv2d(dim, max(1, dim // reduction), 1, bias=False)
        self.fc2 = nn.Conv2d(self.fc1.out_channels, dim, 1, bias=False)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1), each in (0, 1): what a channel is multiplied by."""
        check_feature_map(x, self.dim)
        if 0 in x.shape[2:]:
            raise ValueError(f"x must have a place or more to find a maximum in, got shape {tuple(x.shape)}.")
        mean, largest = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)  # (B, C, 1, 1), twice
        return (self._score(mean) + self._score(largest)).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x

    def _score(self, pooled: Tensor) -> Tensor:
        return self.fc2(self.fc1(pooled).relu())  # (B, C, 1, 1)
