"""Gates on the skips of a U-Net: what the decoder has understood decides what it is shown of the detail.

Published as attention, but sigmoids, not softmax: the coefficients of a map share no mass.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention._checks import check_floating


class AttentionGate(nn.Module):
    """A coefficient in (0, 1) for each pixel of a skip (Oktay et al. 2018, Attention U-Net, eq. 1 and 2).

    q = psi^T relu(W_x^T x + W_g^T g + b_g) + b_psi on the decoder's grid, alpha = sigmoid(q). The skip x is
    brought to the grid of g, which is twice as coarse, by W_x itself: a 2x2 convolution of stride 2. Alpha
    is resampled bilinearly to the grid of x, and multiplies all channels of a pixel alike. The ReLU stands
    before psi, so q can be negative and a gate can close. At birth the gates are near 0.5.

    The authors' code ends in one more 1x1 convolution with batch norm, W. It is not in their equations, and
    not here: the convolution that the gated skip meets next does the same work.

    Args:
        skip_dim: C, channels of the skip.
        gating_dim: D, channels of the decoder's map.
        inner_dim: channels in which the two meet; half of skip_dim, and 1 at least, if not given.

    Raises:
        ValueError: a number below 1; maps of another form, a skip that is not twice as large as the gating.
    """

    def __init__(self, skip_dim: int, gating_dim: int, inner_dim: int | None = None) -> None:
        super().__init__()
        inner_dim = max(1, skip_dim // 2) if inner_dim is None else inner_dim
        if min(skip_dim, gating_dim, inner_dim) < 1:
            raise ValueError("skip_dim, gating_dim and inner_dim must be at least 1, got"
                             f" {skip_dim}, {gating_dim} and {inner_dim}.")
        self.skip_dim, self.gating_dim = skip_dim, gating_dim
        self.w_skip = nn.Conv2d(skip_dim, inner_dim, 2, stride=2, bias=False)  # b_g is the bias of the sum
        self.w_gating = nn.Conv2d(gating_dim, inner_dim, 1)
        self.psi = nn.Conv2d(inner_dim, 1, 1)

    def coefficients(self, skip: Tensor, gating: Tensor) -> Tensor:
        """(B, C, 2h, 2w), (B, D, h, w) -> (B, 1, 2h, 2w), each in (0, 1): what a pixel is multiplied by.

        Raises:
            ValueError: as the class.
        """
        self._check_maps(skip, gating)
        # Both are on the coarse grid here, where the sum costs a quarter of what it would on the fine one.
        joined = (self.w_skip(skip) + self.w_gating(gating)).relu()  # (B, inner_dim, h, w)
        coarse = self.psi(joined).sigmoid()  # (B, 1, h, w)
        return F.interpolate(coarse, size=skip.shape[2:], mode="bilinear", align_corners=False)

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """(B, C, 2h, 2w), (B, D, h, w) -> (B, C, 2h, 2w): what is left of the skip."""
        return self.coefficients(skip, gating) * skip

    def _check_maps(self, skip: Tensor, gating: Tensor) -> None:
        check_floating("skip", skip)
        check_floating("gating", gating)
        if gating.ndim != 4 or gating.shape[1] != self.gating_dim:
            raise ValueError(f"gating must be a feature map (B, {self.gating_dim}, h, w), got shape"
                             f" {tuple(gating.shape)}.")
        batch, _, height, width = gating.shape
        if tuple(skip.shape) != (batch, self.skip_dim, 2 * height, 2 * width):
            need = (batch, self.skip_dim, 2 * height, 2 * width)
            raise ValueError(f"skip must be {need}, twice the height and width of gating, got shape"
                             f" {tuple(skip.shape)}.")
