"""Patches as words: an image is cut into patches, and each becomes a token."""

from torch import Tensor, nn

Pair = int | tuple[int, int]  # height and width, or one number for both


class PatchEmbed(nn.Module):
    """One linear map for all patches: a convolution as wide as its stride (Dosovitskiy et al. 2021, eq. 1).

    Args:
        img_size: height and width of the images, or one number for both.
        patch_size: height and width of a patch, or one number for both; img_size is a multiple of it.
        in_chans: channels of the images.
        embed_dim: channels C of the tokens.

    Raises:
        ValueError: sizes below 1, an img_size that is no multiple of patch_size.
    """

    def __init__(self, img_size: Pair, patch_size: Pair, in_chans: int, embed_dim: int) -> None:
        super().__init__()
        self.patch_size, self.in_chans = _pair("patch_size", patch_size), in_chans
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=self.patch_size, stride=self.patch_size)
        self.set_input_size(img_size)

    def set_input_size(self, img_size: Pair) -> None:
        """Take images of another size from now on: `grid` is how many patches fit, (rows, columns).

        Raises:
            ValueError: img_size is no multiple of patch_size.
        """
        (height, width), (ph, pw) = _pair("img_size", img_size), self.patch_size
        if height % ph or width % pw:
            raise ValueError(f"img_size {(height, width)} must be a multiple of patch_size {(ph, pw)}.")
        self.img_size, self.grid = (height, width), (height // ph, width // pw)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> (B, N, C): the patches row by row.

        Raises:
            ValueError: images of other channels or of another size.
        """
        if x.ndim != 4 or x.shape[1:] != (self.in_chans, *self.img_size):
            need = f"(B, {self.in_chans}, {self.img_size[0]}, {self.img_size[1]})"
            hint = ""
            if x.ndim == 4 and x.shape[1] == self.in_chans:
                hint = f" For images of another size call set_input_size({tuple(x.shape[2:])}) first."
            raise ValueError(f"x must be images {need}, got shape {tuple(x.shape)}.{hint}")
        x = self.proj(x)  # (B, C, rows, columns)
        return x.flatten(2).mT  # (B, C, N) -> (B, N, C)


def _pair(name: str, size: Pair) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"{name} must be a number or (height, width), at least 1, got {size}.")
    return pair
