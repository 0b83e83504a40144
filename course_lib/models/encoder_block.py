"""One layer of a transformer encoder: tokens look at each other, then each thinks for itself."""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention import MultiHeadAttention, RelativePositionBias
from course_lib.models.drop_path import DropPath

NORM_EPS = 1e-6  # timm's and torchvision's for ViTs; nn.LayerNorm's own is 1e-5


class EncoderBlock(nn.Module):
    """Attention, then an MLP, each in a residual branch. Parameters are named as in timm's `Block`.

    Args:
        dim: channels C of the tokens.
        num_heads: heads of the attention.
        mlp_ratio: hidden width of the MLP, in multiples of C.
        qkv_bias: whether q, k and v have a bias.
        pre_norm: True: x + branch(norm(x)), so that a path without norms leads through all blocks. False:
            norm(x + branch(x)), as Vaswani et al. 2017 had it.
        proj_drop: dropout after the attention and in the MLP, in [0, 1).
        attn_drop: dropout of the attention's weights, in [0, 1).
        drop_path: chance that a sample's branch is left out while training, in [0, 1).
        rel_pos: relative positions for the scores, or None.

    Raises:
        ValueError: dim is not a multiple of num_heads; a rate out of range.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        *,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        pre_norm: bool = True,
        proj_drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        rel_pos: RelativePositionBias | None = None,
    ) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = MultiHeadAttention(
            dim, num_heads, qkv_bias=qkv_bias, attn_drop=attn_drop, proj_drop=proj_drop
        )
        self.rel_pos = rel_pos
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = MLP(dim, int(dim * mlp_ratio), drop=proj_drop)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        bias = None if self.rel_pos is None else self.rel_pos()  # (1, H, N, N)
        if self.pre_norm:
            x = x + self.drop_path(self.attn(self.norm1(x), bias=bias))
            return x + self.drop_path(self.mlp(self.norm2(x)))
        x = self.norm1(x + self.drop_path(self.attn(x, bias=bias)))
        return self.norm2(x + self.drop_path(self.mlp(x)))


class MLP(nn.Module):
    """Two linear layers with a GELU between, for each token by itself.

    Args:
        dim: channels C of the tokens and of the result.
        hidden_dim: width between the two.
        drop: dropout after each of the two, in [0, 1).
    """

    def __init__(self, dim: int, hidden_dim: int, *, drop: float = 0.0) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden_dim), nn.Linear(hidden_dim, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        x = self.drop(F.gelu(self.fc1(x)))  # (..., hidden)
        return self.drop(self.fc2(x))  # (..., C)
