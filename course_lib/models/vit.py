"""A Vision Transformer: an image becomes a row of patches, and attention does the rest."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention.positions import interpolate_positions, sincos_positions_1d, sincos_positions_2d
from course_lib.attention.relative_bias import RelativePositionBias
from course_lib.models.drop_path import drop_path_rates
from course_lib.models.encoder_block import NORM_EPS, EncoderBlock
from course_lib.models.patch_embed import Pair, PatchEmbed


POSITIONS = ("learned", "sincos_1d", "sincos_2d", "relative", "none")


class VisionTransformer(nn.Module):
    """Image -> patches -> transformer encoder -> head (Dosovitskiy et al. 2021).

    Parameters are named as in timm, whose state dicts load here; `vit_from_torchvision` reads torchvision's.

    Args:
        img_size: height and width of the images, or one number for both.
        patch_size: height and width of a patch, or one number for both; img_size is a multiple of it.
        in_chans: channels of the images.
        num_classes: how many numbers come out: classes, or what a regression asks for. 0: no head.
        embed_dim: channels C of the tokens.
        depth, num_heads, mlp_ratio, qkv_bias: number and form of the blocks; see `EncoderBlock`.
        class_token: whether a learned token comes before the patches.
        global_pool: what the head sees: "token", the class token, or "avg", the mean of the patches.
        positions: "learned", "sincos_1d" or "sincos_2d", added to the tokens; "relative", added to the scores
            of every block; or "none".
        pre_norm: normalise what goes into each branch, and once at the end. False: normalise the sum after
            each branch, and not again at the end.
        proj_drop_rate, attn_drop_rate: dropout in the blocks.
        drop_path_rate: stochastic depth of the last block; the rates rise evenly from 0 in the first.

    Raises:
        ValueError: sizes that do not fit, an option that does not exist, a rate out of range.
    """

    def __init__(
        self,
        img_size: Pair = 224,
        patch_size: Pair = 16,
        in_chans: int = 3,
        num_classes: int = 1000,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        class_token: bool = True,
        global_pool: str = "token",
        positions: str = "learned",
        pre_norm: bool = True,
        proj_drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        if positions not in POSITIONS:
            raise ValueError(f"positions must be one of {', '.join(POSITIONS)}, got {positions!r}.")
        if global_pool not in (("token", "avg") if class_token else ("avg",)):
            raise ValueError(f'global_pool must be "avg", or "token" with class_token; got {global_pool!r}.')
        self.embed_dim, self.positions, self.global_pool = embed_dim, positions, global_pool
        self.num_prefix_tokens = int(class_token)
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim)) if class_token else None
        if positions == "learned":
            tokens = self.num_prefix_tokens + self.grid[0] * self.grid[1]
            self.pos_embed = nn.Parameter(torch.empty(1, tokens, embed_dim))
        else:
            self.register_buffer("pos_embed", self._fixed_positions(), persistent=False)

        def block(drop_path: float) -> EncoderBlock:
            bias = positions == "relative"
            rel_pos = RelativePositionBias(self.grid, num_heads, class_token=class_token) if bias else None
            rates = {"proj_drop": proj_drop_rate, "attn_drop": attn_drop_rate, "drop_path": drop_path}
            form = {"mlp_ratio": mlp_ratio, "qkv_bias": qkv_bias, "pre_norm": pre_norm}
            return EncoderBlock(embed_dim, num_heads, rel_pos=rel_pos, **form, **rates)

        self.blocks = nn.Sequential(*map(block, drop_path_rates(drop_path_rate, depth)))
        last = nn.LayerNorm(embed_dim, eps=NORM_EPS) if pre_norm else nn.Identity()
        # As in timm: the class token is normalised with all tokens, the mean by itself.
        self.norm, self.fc_norm = (last, nn.Identity()) if global_pool == "token" else (nn.Identity(), last)
        self.head = nn.Linear(embed_dim, num_classes) if num_classes else nn.Identity()
        self._start()

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.patch_embed.grid

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, in_chans, H, W) -> (B, num_classes). ValueError for images of another size."""
        x = self.forward_features(x)  # (B, N, C)
        pooled = x[:, 0] if self.global_pool == "token" else x[:, self.num_prefix_tokens :].mean(1)  # (B, C)
        return self.head(self.fc_norm(pooled))  # (B, num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images -> tokens (B, N, C): the class token, if there is one, then the patches row by row."""
        x = self.patch_embed(x)  # (B, h * w, C)
        if self.cls_token is not None:
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)  # (B, 1 + h * w, C)
        if self.pos_embed is not None:
            x = x + self.pos_embed
        return self.norm(self.blocks(x))

    @torch.no_grad()
    def set_input_size(self, img_size: Pair) -> None:
        """Take images of another size from now on; ValueError if it is no multiple of the patch size.

        Learned positions are interpolated and become new parameters: make the optimiser afterwards.
        """
        old, prefix = self.grid, self.num_prefix_tokens
        self.patch_embed.set_input_size(img_size)
        if self.grid == old:
            return
        if self.positions == "learned":
            new = interpolate_positions(self.pos_embed, old, self.grid, num_prefix_tokens=prefix)
            self.pos_embed = nn.Parameter(new, requires_grad=self.pos_embed.requires_grad)
        elif self.positions == "relative":
            for block in self.blocks:
                block.rel_pos.set_grid(self.grid)
        elif self.pos_embed is not None:
            self.pos_embed = self._fixed_positions().to(self.pos_embed)

    def _fixed_positions(self) -> Tensor | None:
        h, w = self.grid
        if self.positions == "sincos_1d":
            cells = sincos_positions_1d(h * w, self.embed_dim)  # (h * w, C)
        elif self.positions == "sincos_2d":
            cells = sincos_positions_2d(h, w, self.embed_dim)  # (h * w, C)
        else:
            return None
        return F.pad(cells, (0, 0, self.num_prefix_tokens, 0))[None]  # (1, N, C): a class token has no place

    def _start(self) -> None:
        # Xavier's start minds the width; timm's 0.02 leaves a narrow model nearly silent. A head that starts
        # at zero would hand back no gradient; a class token near zero, by the first norm, too large a one.
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                maps = 3 if name.endswith("qkv") else 1  # q, k and v are three maps in one
                for weight in module.weight.detach().chunk(maps):
                    nn.init.xavier_uniform_(weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for parameter in self.parameters(recurse=False):  # cls_token and pos_embed
            nn.init.trunc_normal_(parameter, std=0.02)
