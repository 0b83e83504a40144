"""A Transformer encoder that takes a feature map and gives one back."""

from torch import Tensor, nn

from course_lib.attention import WindowAttention, sincos_positions_2d
from course_lib.models.encoder_block import MLP, NORM_EPS, EncoderBlock


class MapEncoder(nn.Module):
    """Encoder blocks over the places of a map: all look at all, or each at those of its window.

    To every place its sine-cosine position is added first. Then come the blocks of a ViT (Dosovitskiy et al.
    2021), as in TransUNet (Chen et al. 2021); or, with a window, those of Swin (Liu et al. 2021, sec. 3.2):
    every second block has its windows shifted by half a window, so that neighbours on both sides of a border
    meet there.

    Args:
        dim: C, the channels of the map; a multiple of num_heads and of 4.
        depth: blocks.
        num_heads: heads of each block's attention.
        window: side of a window in places. None for no windows.

    Raises:
        ValueError: a number below 1, or a dim that does not fit.
    """

    def __init__(self, dim: int, depth: int = 2, num_heads: int = 4, *, window: int | None = None) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}.")
        if dim % 4:
            raise ValueError(f"dim must be a multiple of 4, for sine and cosine of rows and columns, got {dim}.")
        shifts = [0 if window is None or level % 2 == 0 else window // 2 for level in range(depth)]
        self.blocks = nn.ModuleList(
            TokenBlock(dim, num_heads) if window is None else WindowBlock(dim, num_heads, window, shift=shift)
            for shift in shifts
        )
        self.norm = nn.LayerNorm(dim, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        channels, height, width = x.shape[1:]
        positions = sincos_positions_2d(height, width, channels).to(x)  # (H*W, C)
        x = x + positions.mT.unflatten(1, (height, width))  # (B, C, H, W)
        for block in self.blocks:
            x = block(x)
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class TokenBlock(EncoderBlock):
    """An encoder block whose tokens are the places of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        tokens = super().forward(x.flatten(2).mT)  # (B, H*W, C)
        return tokens.mT.unflatten(2, x.shape[2:])


class WindowBlock(nn.Module):
    """An encoder block whose attention stays within windows (Liu et al. 2021, eq. 3).

    Args:
        dim: C, the channels of the map.
        num_heads: heads of the attention.
        window: side of a window in places.
        shift: by how many places the windows are shifted, down and to the right.
        mlp_ratio: hidden width of the MLP, in multiples of C.
    """

    def __init__(
        self, dim: int, num_heads: int, window: int, *, shift: int = 0, mlp_ratio: float = 4.0
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = WindowAttention(dim, num_heads, window, shift=shift)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = MLP(dim, int(dim * mlp_ratio))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        x = x + self.attn(self.norm1(x.movedim(1, -1)).movedim(-1, 1))
        return x + self.mlp(self.norm2(x.movedim(1, -1))).movedim(-1, 1)
