"""Segmentation networks from a table of options: one U-Net, and what stands in its three places."""

from collections.abc import Callable

from torch import nn

from course_lib.attention import (
    AttentionGate,
    ChannelAttention,
    CrissCrossAttention,
    DualAttention,
    ScaleFusion,
    SelfAttention2d,
)
from course_lib.models.map_encoder import MapEncoder
from course_lib.models.neck import Neck
from course_lib.models.unet import Stage, UNet

NECKS = ("none", "convolution", "transformer", "windows", "position", "channel", "position and channel",
         "criss-cross")


def segmenter(
    in_chans: int,
    out_chans: int,
    *,
    neck: str = "none",
    gates: bool = False,
    scales: bool = False,
    width: float = 16,
    levels: int = 3,
    convs: int = 1,
    embed_dim: int = 48,
    depth: int = 2,
    num_heads: int = 4,
    window: int = 4,
) -> UNet:
    """A U-Net with attention where the options say. What they do not name is the same in all.

    Args:
        in_chans: channels of the image.
        out_chans: numbers to predict a pixel: 1 for a mask, the number of classes for a semantic map.
        neck: what works on the smallest map, in a residual branch:
            "none"
            "convolution": `depth` 3x3 convolutions
            "transformer": encoder blocks over all places (TransUNet, Chen et al. 2021)
            "windows": encoder blocks within windows, shifted in turn (Swin, Liu et al. 2021)
            "position", "channel", "position and channel": DANet's heads (Fu et al. 2019)
            "criss-cross": rows and columns, twice, so that all reach all (CCNet, Huang et al. 2019)
        gates: an attention gate on each skip (Attention U-Net, Oktay et al. 2018).
        scales: every scale of the decoder predicts, and each pixel weighs them (Chen et al. 2016).
        width: channels at the image's own resolution; they double with each level, rounded. A quarter of a
            channel more makes a few deeper ones more: that is how parameters are matched.
        levels: resolutions. Images must have a height and width that are multiples of 2 ** (levels - 1).
        convs: convolutions in a stage.
        embed_dim, depth, num_heads, window: of the neck.

    Raises:
        ValueError: a neck that is none of these; a number out of range.
    """
    if neck not in NECKS:
        raise ValueError(f"neck must be one of {', '.join(map(repr, NECKS))}, got {neck!r}.")
    if width < 1 or levels < 1:
        raise ValueError(f"width and levels must be at least 1, got {width} and {levels}.")
    if neck in ("transformer", "windows") and (embed_dim % 4 or embed_dim % num_heads):
        raise ValueError(f"embed_dim must be a multiple of 4 and of num_heads, got {embed_dim} and {num_heads}.")
    dims = [round(width * 2**level) for level in range(levels)]
    bodies: dict[str, Callable[[], nn.Module]] = {
        "convolution": lambda: Stage(embed_dim, embed_dim, depth),
        "transformer": lambda: MapEncoder(embed_dim, depth, num_heads),
        "windows": lambda: MapEncoder(embed_dim, depth, num_heads, window=window),
        "position": lambda: SelfAttention2d(embed_dim),
        "channel": lambda: ChannelAttention(embed_dim),
        "position and channel": lambda: DualAttention(embed_dim),
        "criss-cross": lambda: CrissCrossAttention(embed_dim, loops=2),
    }
    return UNet(
        in_chans, out_chans, dims, None if neck == "none" else Neck(dims[-1], embed_dim, bodies[neck]()),
        convs=convs, gate=AttentionGate if gates else None, head=ScaleFusion if scales else None,
    )


def parameters_of(model: nn.Module) -> int:
    """How many numbers of a model are learned."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def matching_width(
    make: Callable[[float], nn.Module],
    parameters: int,
    *,
    low: float = 4,
    high: float = 128,
    step: float = 0.25,
    tolerance: float = 0.05,
) -> float:
    """The width of whose model the number of parameters is nearest to the one wanted.

    Args:
        make: width -> model, for instance `lambda width: segmenter(3, 1, gates=True, width=width)`. More
            width must not mean fewer parameters.
        parameters: how many there should be.
        low, high, step: widths tried are low, low + step, ... up to high.
        tolerance: the largest difference allowed, as a share of `parameters`.

    Raises:
        ValueError: no width comes that near; the message says how near the best one comes.
    """
    # By bisection: `steps` is the first width with at least as many parameters, or the last.
    first, last = 0, int((high - low) / step)
    count = lambda steps: parameters_of(make(low + steps * step))  # noqa: E731
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if count(middle) >= parameters else (middle + 1, last)
    best = min({max(first - 1, 0), first}, key=lambda steps: abs(count(steps) - parameters))
    off = abs(count(best) - parameters) / parameters
    if off > tolerance:
        raise ValueError(f"no width from {low} to {high} gives {parameters:,} parameters: the nearest, "
                         f"{low + best * step}, gives {count(best):,}, {off:.0%} off.")
    return low + best * step
