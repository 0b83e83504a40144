"""Spatial gates: each place opened or closed by a sigmoid of its own. Not softmax: they share no mass."""

import torch
from torch import Tensor, nn

from course_lib.attention._checks import check_floating
from course_lib.attention._map_checks import check_feature_map


class SpatialGate(nn.Module):
    """Convolution, ReLU, 1x1 convolution, sigmoid: how much of each place goes through.

    Often published under the name of soft attention. It is no distribution: the gates of a map do not sum to
    1, and to open one closes no other. The distribution is soft_location.py.

    Args:
        dim: C, the channels of the feature map.
        hidden_dim: channels between the convolutions; dim if not given.

    Raises:
        ValueError: a number below 1, or a feature map of another form.
    """

    def __init__(self, dim: int, hidden_dim: int | None = None) -> None:
        super().__init__()
        hidden_dim = dim if hidden_dim is None else hidden_dim
        if dim < 1 or hidden_dim < 1:
            raise ValueError(f"dim and hidden_dim must be at least 1, got {dim} and {hidden_dim}.")
        self.dim = dim
        self.conv1 = nn.Conv2d(dim, hidden_dim, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden_dim, 1, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H, W), each in (0, 1): what a place is multiplied by."""
        check_feature_map(x, self.dim)
        # The ReLU stands between the convolutions. After the second one it would keep every gate above 0.5.
        return self.conv2(self.conv1(x).relu()).sigmoid()  # (B, 1, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x


class CBAMSpatialGate(nn.Module):
    """CBAM's: from the mean and the maximum over the channels of the places around (Woo et al. 2018, eq. 3).

    One wide convolution over two maps, so it takes feature maps of any number of channels. timm's
    `SpatialAttn` has a batch norm before the sigmoid, which is not in the equation; in `eval()` it is this
    gate, once the norm is folded into the convolution.

    Args:
        kernel_size: side of the convolution, odd.

    Raises:
        ValueError: kernel_size is even or below 1, or x is no feature map.
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 1, got {kernel_size}.")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H, W), each in (0, 1): what a place is multiplied by."""
        _check_pooled(x)
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)  # (B, 2, H, W)
        return self.conv(pooled).sigmoid()  # (B, 1, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x


def _check_pooled(x: Tensor) -> None:
    check_floating("x", x)
    if x.ndim != 4 or x.shape[1] == 0:
        raise ValueError(f"x must be a feature map (B, C, H, W), C at least 1, got shape {tuple(x.shape)}.")
