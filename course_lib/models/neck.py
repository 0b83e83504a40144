"""What stands in the neck of a U-Net: a residual branch of fixed width, around a body of your choice."""

from torch import Tensor, nn


class Neck(nn.Module):
    """x + out(body(into(x))): to embed_dim channels, through the body, and back.

    The body's width does not depend on the network's, so that networks can be made wider or narrower by a
    little, to match their parameters, and keep their attention. `out` starts at zero: a newborn neck changes
    nothing.

    Args:
        dim: C, the channels of the map in the neck.
        embed_dim: D, the channels of the map in the body.
        body: (B, D, h, w) -> the same shape.

    Raises:
        ValueError: a number below 1.
    """

    def __init__(self, dim: int, embed_dim: int, body: nn.Module) -> None:
        super().__init__()
        if dim < 1 or embed_dim < 1:
            raise ValueError(f"dim and embed_dim must be at least 1, got {dim} and {embed_dim}.")
        self.into = nn.Conv2d(dim, embed_dim, 1)
        self.body = body
        self.out = nn.Conv2d(embed_dim, dim, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        return x + self.out(self.body(self.into(x)))  # C -> D -> D -> C channels
