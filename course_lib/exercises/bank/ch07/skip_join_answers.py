"""Exercise 7.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def twice(deep):
    """Each pixel becomes a square of 2 x 2."""
    return deep.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def join_skip(deep, skip):
    return torch.cat([twice(deep), skip], dim=1)  # (B, C + D, 2h, 2w)


def resized(**how):
    """The reference with another interpolation."""

    def answer(deep, skip):
        return torch.cat([F.interpolate(deep, scale_factor=2, **how), skip], dim=1)

    return answer


def enlarged(by):
    """The reference with another way to enlarge."""

    def answer(deep, skip):
        return torch.cat([by(deep), skip], dim=1)

    return answer


def joined(by):
    """The reference with another way to join."""

    def answer(deep, skip):
        return by(twice(deep), skip)

    return answer


# Slips of the enlarging


def side_by_side(deep):
    return deep.repeat(1, 1, 2, 2)


def four_in_a_row(deep):
    """Four of each number in memory, then a reshape."""
    b, c, h, w = deep.shape
    return deep.repeat_interleave(4).reshape(b, c, 2 * h, 2 * w)


def two_in_a_row(deep):
    """Two of each number along the row, and the reshape puts the halves of a row below each other."""
    b, c, h, w = deep.shape
    return deep.repeat_interleave(2, dim=3).repeat(1, 1, 2, 1).reshape(b, c, 2 * h, 2 * w)


def whole_channels_shuffled(deep):
    """`pixel_shuffle` after `repeat`, where it needs four copies of each channel one after the other."""
    return F.pixel_shuffle(deep.repeat(1, 4, 1, 1), 2)


def zeros_between(deep):
    b, c, h, w = deep.shape
    out = deep.new_zeros(b, c, 2 * h, 2 * w)
    out[:, :, ::2, ::2] = deep
    return out


def shared_out(deep):
    return twice(deep) / 4


def framed(deep):
    """Zeros around the map until it is as large as the skip."""
    h, w = deep.shape[2:]
    return F.pad(deep, (w // 2, w - w // 2, h // 2, h - h // 2))


def in_the_corner(deep):
    h, w = deep.shape[2:]
    return F.pad(deep, (0, w, 0, h))


def turned_over(deep):
    return twice(deep).flip(2)


# Slips of the join


def skip_made_small(deep, skip):
    return torch.cat([deep, F.max_pool2d(skip, 2)], dim=1)


def skip_thinned_out(deep, skip):
    return torch.cat([deep, skip[:, :, ::2, ::2]], dim=1)


def skip_averaged(deep, skip):
    return torch.cat([deep, F.avg_pool2d(skip, 2)], dim=1)


def in_turn(deep, skip):
    """A channel of one, a channel of the other."""
    return torch.stack([deep, skip], dim=2).flatten(1, 2)


def along(dim):
    return lambda deep, skip: torch.cat([deep, skip], dim=dim)


# Right ones


def by_loops(deep, skip):
    (b, c, h, w), d = deep.shape, skip.shape[1]
    out = deep.new_zeros(b, c + d, 2 * h, 2 * w)
    for i in range(2 * h):
        for j in range(2 * w):
            out[:, :c, i, j] = deep[:, :, i // 2, j // 2]
            out[:, c:, i, j] = skip[:, :, i, j]
    return out


def by_expand(deep, skip):
    b, c, h, w = deep.shape
    large = deep[:, :, :, None, :, None].expand(b, c, h, 2, w, 2).reshape(b, c, 2 * h, 2 * w)
    return torch.cat((large, skip), 1)


def by_pixel_shuffle(deep, skip):
    return torch.cat([F.pixel_shuffle(deep.repeat_interleave(4, dim=1), 2), skip], dim=1)


def by_indices(deep, skip):
    rows, columns = (torch.arange(side) // 2 for side in skip.shape[2:])
    return torch.cat([deep[:, :, rows][..., columns], skip], dim=1)


def by_upsample(deep, skip):
    return torch.cat([torch.nn.Upsample(scale_factor=2)(deep), skip], dim=1)


def by_transposed_convolution(deep, skip):
    ones = torch.ones(deep.shape[1], 1, 2, 2, dtype=deep.dtype)
    return torch.cat([F.conv_transpose2d(deep, ones, stride=2, groups=deep.shape[1]), skip], dim=1)


def by_einsum(deep, skip):
    up = torch.einsum("bchw,ij->bchiwj", deep, torch.ones(2, 2, dtype=deep.dtype))
    return torch.cat([up.flatten(4).flatten(2, 3), skip], dim=1)
