"""Exercise 3.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def squeeze(x):
    return x.mean((2, 3))  # (B, C, H, W) -> (B, C)


def over(*dims, keepdim=False):
    """The mean over other axes."""
    return lambda x: x.mean(dims, keepdim=keepdim)


def summed_over(count):
    """The sum of the places, divided by something else than their number."""
    return lambda x: x.sum((2, 3)) / count(*x.shape)


def mean_of_all(x):
    return x.mean()


def spread_over_batch(x):
    return x.mean((0, 2, 3)).expand(x.shape[:2])


def spread_over_channels(x):
    return x.mean((1, 2, 3))[:, None].expand(x.shape[:2])


def median(x):
    return x.flatten(2).median(-1).values


def length(x):
    return x.flatten(2).norm(dim=-1)


def root_mean_square(x):
    return x.square().mean((2, 3)).sqrt()


def reshaped(x):
    batch, channels, height, width = x.shape
    return x.reshape(batch, height * width, channels).mean(1)


def positive_only(x):
    active = (x > 0).to(x.dtype)
    return (x * active).sum((2, 3)) / active.sum((2, 3)).clamp_min(1)


def halfway(x):
    return (x.amax((2, 3)) + x.amin((2, 3))) / 2


def max_and_mean(x):
    return x.amax((2, 3)) + x.mean((2, 3))


def middle_place(x):
    return x[:, :, x.shape[2] // 2, x.shape[3] // 2]


def one_row(x):
    return x.mean(3)[:, :, 0]


def by_loops(x):
    batch, channels, height, width = x.shape
    rows = []
    for b in range(batch):
        row = []
        for c in range(channels):
            total = 0.0
            for i in range(height):
                for j in range(width):
                    total = total + x[b, c, i, j]
            row.append(total / (height * width))
        rows.append(torch.stack(row))
    return torch.stack(rows)


def by_pooling(x):
    return F.adaptive_avg_pool2d(x, 1).flatten(1)


def by_a_window_of_the_map(x):
    return F.avg_pool2d(x, x.shape[2:]).flatten(1)


def by_equal_weights(x):
    places = x.flatten(2)  # (B, C, H*W)
    return places @ x.new_full((places.shape[-1],), 1 / places.shape[-1])


def by_einsum(x):
    return torch.einsum("bchw->bc", x) / (x.shape[2] * x.shape[3])
