"""Efficient channel attention: each channel's gate from its neighbours' means alone. Sigmoids, not softmax."""

import math

from torch import Tensor, nn

from course_lib.attention._map_checks import check_feature_map


class EfficientChannelAttention(nn.Module):
    """A convolution along the channels in place of squeeze-and-excitation's two layers (Wang et al. 2020).

    It has as many parameters as its kernel is long, and does not narrow anything. Equal to timm's
    `EcaModule(channels=dim)`, whose state dict loads here.

    Args:
        dim: C, the channels of the feature map.

    Raises:
        ValueError: dim below 1, or a feature map of another form.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        size = eca_kernel_size(dim)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1), each in (0, 1): what a channel is multiplied by."""
        check_feature_map(x, self.dim)
        means = x.mean((2, 3))[:, None]  # (B, 1, C)
        return self.conv(means).sigmoid().transpose(1, 2)[..., None]  # (B, C, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x


def eca_kernel_size(dim: int) -> int:
    """How far channels talk: (log2 C + 1) / 2, brought to an odd number (eq. 12), and 3 at least."""
    if dim < 1:
        raise ValueError(f"dim must be at least 1, got {dim}.")
    size = int((math.log2(dim) + 1) / 2)
    return max(3, size if size % 2 else size + 1)
