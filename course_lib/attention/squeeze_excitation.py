"""Squeeze-and-excitation: one gate for each channel, from the means of all of them. Sigmoids, not softmax."""

from torch import Tensor, nn

from course_lib.attention._map_checks import check_feature_map


class SqueezeExcitation(nn.Module):
    """Squeeze, excite, scale (Hu, Shen and Sun 2018, sec. 3).

    Squeeze: the mean of each channel over the map. Excite: two linear layers with a narrow middle, ReLU
    between them, a sigmoid at the end. Scale: each channel times its gate. Equal to
    `torchvision.ops.SqueezeExcitation(dim, dim // reduction)`, whose state dict loads here and back.

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
        self.fc1 = nn.Conv2d(dim, max(1, dim // reduction), 1)
        self.fc2 = nn.Conv2d(self.fc1.out_channels, dim, 1)

    def gate(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1), each in (0, 1): what a channel is multiplied by."""
        check_feature_map(x, self.dim)
        squeezed = x.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        return self.fc2(self.fc1(squeezed).relu()).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.gate(x) * x
