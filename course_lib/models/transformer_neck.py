"""A Transformer in the neck of a network of convolutions."""

from course_lib.models.map_encoder import MapEncoder
from course_lib.models.neck import Neck


class TransformerNeck(Neck):
    """Encoder blocks on the smallest map of a U-Net, where all places together are few (Chen et al. 2021).

    (B, dim, h, w) -> the same shape, a residual branch that is zero at birth.

    Args:
        dim: channels of the map.
        embed_dim: channels of a token; a multiple of num_heads and of 4.
        depth: blocks.
        num_heads: heads of each block's attention.
        window: side of a window in places, and every second block's windows are shifted by half of it. None:
            all places look at all.

    Raises:
        ValueError: as `MapEncoder` and `Neck`.
    """

    def __init__(
        self, dim: int, embed_dim: int = 48, depth: int = 2, num_heads: int = 4, *, window: int | None = None
    ) -> None:
        super().__init__(dim, embed_dim, MapEncoder(embed_dim, depth, num_heads, window=window))
