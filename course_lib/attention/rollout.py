"""Rollout: how much of each input token is in each output token, if attention were all that moves them."""

from collections.abc import Iterable

import torch
from torch import Tensor


def rollout(maps: Iterable[Tensor]) -> Tensor:
    """Follow attention through all layers (Abnar and Zuidema 2020, sec. 3).

    A layer hands on half of what it gathers and half of what the token was, by the residual connection:
    A~ = (A + I) / 2, with A the mean over the heads, its rows made to sum to 1. The rollout is the product
    A~_L ... A~_2 A~_1. Values, projections, norms and MLPs are left out, so read it as a rough guess.

    Args:
        maps: each layer's weights, (B, H, N, N), first layer first: the `maps.values()` of a recorder.

    Returns:
        (B, N, N): row i says what token i of the last layer is made of. Rows sum to 1.

    Raises:
        ValueError: no maps; maps that are not (B, H, N, N), or not all of one B and N.
    """
    maps = list(maps)
    if not maps:
        raise ValueError("maps must hold the weights of at least one layer, got none.")
    shape = maps[0].shape
    for layer, weights in enumerate(maps):
        square = weights.ndim == 4 and weights.shape[2] == weights.shape[3]
        if not square or (weights.shape[0], weights.shape[3]) != (shape[0], shape[-1]):
            need = f"({shape[0]}, H, {shape[-1]}, {shape[-1]})" if layer and square else "(B, H, N, N)"
            raise ValueError(f"maps[{layer}] must have shape {need}, got {tuple(weights.shape)}.")
    # float16 and bfloat16 are widened: a product over many layers would lose its digits.
    wide = torch.promote_types(maps[0].dtype, torch.float32)
    identity = torch.eye(shape[-1], dtype=wide, device=maps[0].device)  # (N, N)
    total = identity.expand(shape[0], -1, -1)  # (B, N, N)
    for weights in maps:
        step = (weights.to(wide).mean(1) + identity) / 2  # (B, H, N, N) -> (B, N, N)
        # Rows sum to 1 already, unless a query was allowed nothing: it keeps what it was.
        total = step / step.sum(-1, keepdim=True) @ total
    return total.to(maps[0].dtype)
