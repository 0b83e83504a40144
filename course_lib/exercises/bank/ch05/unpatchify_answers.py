"""Exercise 5.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch
from torch.nn import functional as F


def unpatchify(tokens, grid, channels):
    rows, columns = grid
    patch = math.isqrt(tokens.shape[-1] // channels)
    x = tokens.reshape(-1, rows, columns, channels, patch, patch)
    x = x.permute(0, 3, 1, 4, 2, 5)  # (B, C, rows, p, columns, p)
    return x.reshape(-1, channels, rows * patch, columns * patch)


def _patch(tokens, channels):
    return math.isqrt(tokens.shape[-1] // channels)


def wired(order=(0, 3, 1, 4, 2, 5), cut="rcCpq", upright=True):
    """The reference with other axes: `cut` names them in the tokens, `order` moves them."""

    def answer(tokens, grid, channels):
        (rows, columns), patch = grid, _patch(tokens, channels)
        sizes = {"r": rows, "c": columns, "C": channels, "p": patch, "q": patch}
        x = tokens.reshape(-1, *(sizes[axis] for axis in cut)).permute(order)
        tall, wide = (rows, columns) if upright else (columns, rows)
        return x.reshape(-1, channels, tall * patch, wide * patch)

    return answer


def row_length_mistaken(tokens, grid, channels):
    """Patch (i, j) looked for at i * rows + j."""
    rows, columns = grid
    places = [i * rows + j for i in range(rows) for j in range(columns)]
    return unpatchify(tokens[:, places], grid, channels)


def not_flattened(tokens, grid, channels):
    patch = _patch(tokens, channels)
    return tokens.reshape(-1, *grid, channels, patch, patch).permute(0, 3, 1, 4, 2, 5)


def channels_last(tokens, grid, channels):
    return unpatchify(tokens, grid, channels).permute(0, 2, 3, 1)


def transposed(tokens, grid, channels):
    return unpatchify(tokens, grid, channels).mT


def width_before_height(tokens, grid, channels):
    """`columns, rows = grid`."""
    return unpatchify(tokens, grid[::-1], channels)


def upside_down(tokens, grid, channels):
    return unpatchify(tokens, grid, channels).flip(2)


def one_channel(tokens, grid, channels):
    """The patches as if there were a single channel, in a canvas of their own size."""
    patch = _patch(tokens, channels)
    return unpatchify(tokens[..., : patch**2], grid, 1)


def same_for_all_channels(tokens, grid, channels):
    return one_channel(tokens, grid, channels).repeat(1, channels, 1, 1)


def patches_in_one_row(tokens, grid, channels):
    return unpatchify(tokens, (1, tokens.shape[1]), channels)


def patches_in_one_column(tokens, grid, channels):
    return unpatchify(tokens, (tokens.shape[1], 1), channels)


def channels_as_images(tokens, grid, channels):
    return unpatchify(tokens, grid, channels).flatten(0, 1)


def grid_as_pixels(tokens, grid, channels):
    """The grid taken for the image: one place for each patch, its numbers as channels."""
    return tokens.mT.reshape(tokens.shape[0], -1, *grid)


def by_slices(tokens, grid, channels):
    (rows, columns), patch = grid, _patch(tokens, channels)
    x = tokens.new_zeros(tokens.shape[0], channels, rows * patch, columns * patch)
    for n in range(rows * columns):
        top, left = n // columns * patch, n % columns * patch
        piece = tokens[:, n].reshape(-1, channels, patch, patch)
        x[:, :, top : top + patch, left : left + patch] = piece
    return x


def by_rows_of_patches(tokens, grid, channels):
    (rows, columns), patch = grid, _patch(tokens, channels)
    pieces = [token.reshape(-1, channels, patch, patch) for token in tokens.unbind(1)]
    strips = [torch.cat(pieces[r * columns : (r + 1) * columns], dim=3) for r in range(rows)]
    return torch.cat(strips, dim=2)


def by_fold(tokens, grid, channels):
    patch = _patch(tokens, channels)
    size = [side * patch for side in grid]
    return F.fold(tokens.transpose(1, 2), size, patch, stride=patch)


def by_einsum(tokens, grid, channels):
    (rows, columns), patch = grid, _patch(tokens, channels)
    x = torch.einsum("bijcpq->bcipjq", tokens.view(-1, rows, columns, channels, patch, patch))
    return x.flatten(4).flatten(2, 3)


def by_pixel_shuffle(tokens, grid, channels):
    x = tokens.transpose(1, 2).unflatten(2, grid)  # (B, C * p * p, rows, columns)
    return F.pixel_shuffle(x, _patch(tokens, channels))


def by_transposed_convolution(tokens, grid, channels):
    size, patch = tokens.shape[-1], _patch(tokens, channels)
    stamps = torch.eye(size, dtype=tokens.dtype).reshape(size, channels, patch, patch)
    return F.conv_transpose2d(tokens.transpose(1, 2).unflatten(2, grid), stamps, stride=patch)


def by_two_transposes(tokens, grid, channels):
    (rows, columns), patch = grid, _patch(tokens, channels)
    x = tokens.reshape(-1, rows, columns, channels, patch, patch)
    x = x.transpose(2, 3).transpose(3, 4)  # (B, rows, C, p, columns, p)
    return x.transpose(1, 2).flatten(4).flatten(2, 3)
