"""Exercise 5.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def patchify(x, patch):
    batch, channels, height, width = x.shape
    rows, columns = height // patch, width // patch
    x = x.reshape(batch, channels, rows, patch, columns, patch)
    x = x.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, C, p, p)
    return x.reshape(batch, rows * columns, channels * patch * patch)


def split(x, patch):
    """(B, C, H, W) -> (B, C, rows, p, columns, p)."""
    return x.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))


def permuted(*order):
    """The reference with its axes in another order, and the shape that is asked for all the same."""

    def answer(x, patch):
        moved = split(x, patch).permute(order)
        return moved.reshape(x.shape[0], -1, x.shape[1] * patch * patch)

    return answer


def reshaped_only(x, patch):
    return x.reshape(x.shape[0], -1, x.shape[1] * patch * patch)


def places_before_patches(*order):
    """Each axis is cut as (p, H / p), where (H / p, p) is meant."""

    def answer(x, patch):
        cut = x.unflatten(3, (patch, -1)).unflatten(2, (patch, -1))  # (B, C, p, rows, p, columns)
        return cut.permute(order).flatten(3).flatten(1, 2)

    return answer


def image_transposed(x, patch):
    return patchify(x.mT, patch)


def upside_down(x, patch):
    return patchify(x.flip(2), patch)


def channels_as_tokens(x, patch):
    return split(x, patch).permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(1, 3)


def channels_left_in_front(x, patch):
    """`unfold` twice and a reshape: the channels still stand before the patches."""
    cut = x.unfold(2, patch, patch).unfold(3, patch, patch)  # (B, C, rows, columns, p, p)
    return cut.reshape(x.shape[0], -1, x.shape[1] * patch * patch)


def channels_in_front_of_the_pixels(x, patch):
    cut = x.unfold(2, patch, patch).unfold(3, patch, patch)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)


def overlapping(x, patch):
    return F.unfold(x, patch).mT


def tokens_last(x, patch):
    return F.unfold(x, patch, stride=patch)


def grid_kept(x, patch):
    rows, columns = (side // patch for side in x.shape[2:])
    return patchify(x, patch).unflatten(1, (rows, columns))


def in_the_batch(x, patch):
    return patchify(x, patch).flatten(0, 1)


def all_in_one_token(x, patch):
    return patchify(x, patch).flatten(1)


def patches_before_the_batch(x, patch):
    return patchify(x, patch).transpose(0, 1)


def channels_kept_apart(x, patch):
    return split(x, patch).permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(2, 3)


def moved_on_by_one(x, patch):
    rows, columns = (side // patch for side in x.shape[2:])
    corners = [(top, left) for top in range(rows) for left in range(columns)]
    return torch.stack([x[:, :, i : i + patch, j : j + patch].flatten(1) for i, j in corners], 1)


def averaged(x, patch):
    return F.avg_pool2d(x, patch).flatten(2).mT


def one_pixel(x, patch):
    return x[:, :, ::patch, ::patch].flatten(2).mT


def grey(x, patch):
    return patchify(x.mean(1, keepdim=True), patch)


def scrambled_after_unfold(x, patch):
    """`F.unfold`, then a reshape where the transpose belongs."""
    cut = F.unfold(x, patch, stride=patch)  # (B, C * p * p, N)
    return cut.reshape(cut.shape[0], cut.shape[2], cut.shape[1])


def by_loops(x, patch):
    tokens = []
    for top in range(0, x.shape[2], patch):
        for left in range(0, x.shape[3], patch):
            tokens.append(x[:, :, top : top + patch, left : left + patch].flatten(1))
    return torch.stack(tokens, 1)


def by_pixel_loops(x, patch):
    batch, channels, height, width = x.shape
    columns = width // patch
    out = [[[None] * (channels * patch**2) for _ in range(height // patch * columns)] for _ in x]
    for b in range(batch):
        for c in range(channels):
            for i in range(height):
                for j in range(width):
                    token = i // patch * columns + j // patch
                    out[b][token][(c * patch + i % patch) * patch + j % patch] = x[b, c, i, j]
    return torch.stack([torch.stack([torch.stack(token) for token in image]) for image in out])


def by_unfold(x, patch):
    return F.unfold(x, patch, stride=patch).transpose(1, 2)


def by_tensor_unfold(x, patch):
    cut = x.unfold(2, patch, patch).unfold(3, patch, patch)  # (B, C, rows, columns, p, p)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def by_einsum(x, patch):
    return torch.einsum("bcipjq->bijcpq", split(x, patch)).flatten(3).flatten(1, 2)


def by_convolution(x, patch):
    """One kernel for each number of a patch: 1 at its pixel, 0 elsewhere."""
    size = x.shape[1] * patch**2
    kernels = torch.eye(size, dtype=x.dtype).reshape(size, x.shape[1], patch, patch)
    return F.conv2d(x, kernels, stride=patch).flatten(2).transpose(1, 2)


def by_pixel_unshuffle(x, patch):
    return F.pixel_unshuffle(x, patch).flatten(2).transpose(1, 2)


def by_chunks(x, patch):
    strips = x.split(patch, dim=2)
    return torch.cat([torch.stack([p.flatten(1) for p in s.split(patch, dim=3)], 1) for s in strips], 1)
