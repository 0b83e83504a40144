"""Weights from elsewhere: torchvision's names for a ViT's parameters, turned into ours, which are timm's."""

import re

from torch import Tensor

# torchvision's name, as a pattern -> ours.
BLOCK = r"encoder\.layers\.encoder_layer_(\d+)\."
KIND = r"\.(weight|bias)"
NAMES = {
    r"class_token": r"cls_token",
    r"encoder\.pos_embedding": r"pos_embed",
    r"conv_proj" + KIND: r"patch_embed.proj.\1",
    BLOCK + r"ln_1" + KIND: r"blocks.\1.norm1.\2",
    BLOCK + r"self_attention\.in_proj_(weight|bias)": r"blocks.\1.attn.qkv.\2",
    BLOCK + r"self_attention\.out_proj" + KIND: r"blocks.\1.attn.proj.\2",
    BLOCK + r"ln_2" + KIND: r"blocks.\1.norm2.\2",
    # mlp.0 and mlp.3 were linear_1 and linear_2 once, and files still have those names.
    BLOCK + r"mlp\.(?:0|linear_1)" + KIND: r"blocks.\1.mlp.fc1.\2",
    BLOCK + r"mlp\.(?:3|linear_2)" + KIND: r"blocks.\1.mlp.fc2.\2",
    r"encoder\.ln" + KIND: r"norm.\1",
    r"heads\.head" + KIND: r"head.\1",
}


def vit_from_torchvision(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of torchvision's `vit_b_16` or a sister of it, renamed for `VisionTransformer`.

    The tensors stay as they are. The model must have their sizes, and otherwise its defaults.

    Raises:
        ValueError: a name that such a model does not have.
    """
    return {_rename(name): tensor for name, tensor in state.items()}


def _rename(name: str) -> str:
    for pattern, ours in NAMES.items():
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(ours)
    raise ValueError(f"state has {name}, which torchvision's vit_b_16 does not have.")
