"""One look at a canvas: a thin overview says where, a window there says what."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention import glimpses, place_centres


def overview(image: Tensor, stride: int) -> Tensor:
    """Every stride-th pixel of every stride-th row, as it is: (B, C, H, W) -> (B, C, H/stride, W/stride).

    Nothing is averaged, so what lies between is not read. Each pixel is the middle of its cell, or just
    below and right of it where the stride is even.

    Raises:
        ValueError: the image is no map, stride is below 1, or it does not divide H and W.
    """
    if image.ndim != 4 or stride < 1 or any(side % stride or side == 0 for side in image.shape[-2:]):
        raise ValueError(f"image must be (B, C, H, W) with sides that are multiples of the stride {stride},"
                         f" got shape {tuple(image.shape)}.")
    return image[:, :, stride // 2 :: stride, stride // 2 :: stride]


def overview_net(in_chans: int, dim: int) -> nn.Sequential:
    """Three 3x3 convolutions over an overview: (B, in_chans, h, w) -> (B, dim, h, w)."""
    layers = []
    for chans in (in_chans, dim, dim):
        layers += [nn.Conv2d(chans, dim, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


class Looker(nn.Module):
    """The two halves of one look, `where` and `what`, for every way to join them.

    The places are the cells of the overview. `scores` rates them from the overview alone. `features` tells
    what a window of `size` pixels around each of them shows, and `features_at` the same of one place, reading
    one window. Uniform pooling, soft attention, a gate and hard attention differ in nothing but in what they
    do with these three (the experiment of chapter 2), and so have the same parameters.

    Args:
        num_classes: of the result.
        in_chans: channels of the image.
        stride: of the overview; it divides the image's sides.
        size: side of a window in pixels: the stride plus an even number, so that a window has as much on each
            side of its cell.
        dim: channels of what a window shows.
        where_dim: channels inside the half that says where.

    Raises:
        ValueError: a number below 1, a size that is not the stride plus an even number.
    """

    def __init__(
        self, num_classes: int, *, in_chans: int = 1, stride: int = 3, size: int = 13, dim: int = 64,
        where_dim: int = 24,
    ) -> None:
        super().__init__()
        numbers = (num_classes, in_chans, stride, size, dim, where_dim)
        if min(numbers) < 1:
            raise ValueError("num_classes, in_chans, stride, size, dim and where_dim must be at least 1, got"
                             f" {', '.join(map(str, numbers))}.")
        if size < stride or (size - stride) % 2:
            raise ValueError(f"size must be the stride plus an even number, got {size} for {stride}.")
        self.stride, self.size = stride, size
        self.where = nn.Sequential(*overview_net(in_chans, where_dim), nn.Conv2d(where_dim, 1, 1))
        # A convolution as large as a window: on one window it gives one place, on an image all of them.
        self.what = nn.Sequential(
            nn.Conv2d(in_chans, dim, size, stride=stride), nn.ReLU(), nn.Conv2d(dim, dim, 1), nn.ReLU()
        )
        self.classifier = nn.Linear(dim, num_classes)

    def scores(self, image: Tensor) -> Tensor:
        """How much each place asks to be looked at: (B, C, H, W) -> (B, 1, h, w)."""
        return self.where(overview(image, self.stride))

    def features(self, image: Tensor) -> Tensor:
        """What a window around every place shows, all pixels read: (B, C, H, W) -> (B, dim, h, w)."""
        return self.what(F.pad(image, [(self.size - self.stride) // 2] * 4))

    def features_at(self, image: Tensor, place: Tensor) -> Tensor:
        """What a window around one place of each image shows: places (B,) in 0 ... h*w - 1 -> (B, dim)."""
        window = glimpses(image, self.centres(image)[place], self.size)[:, 0]  # (B, C, size, size)
        return self.what(window)[:, :, 0, 0]

    def centres(self, image: Tensor) -> Tensor:
        """The middle of every place, as in coordinates.py: (h*w, 2)."""
        height, width = (side // self.stride for side in image.shape[-2:])
        return place_centres(height, width, device=image.device).flatten(0, 1)  # (h, w, 2) -> (h*w, 2)
