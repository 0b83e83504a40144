"""Exercise 7.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def to_windows(x, window):
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, height // window, window, width // window, window)
    x = x.permute(0, 2, 4, 3, 5, 1)  # (B, nH, nW, w, w, C)
    return x.reshape(-1, window * window, channels)


def split(x, window):
    """(B, C, H, W) -> (B, C, nH, w, nW, w)."""
    return x.unflatten(3, (-1, window)).unflatten(2, (-1, window))


def permuted(*order):
    """The reference with its axes in another order, and the shape that is asked for all the same."""
    return lambda x, window: split(x, window).permute(order).reshape(-1, window**2, x.shape[1])


def spread(*order):
    """Each side is cut as (w, H / w), where (H / w, w) is meant: axes (B, C, w, nH, w, nW)."""

    def answer(x, window):
        cut = x.unflatten(3, (window, -1)).unflatten(2, (window, -1))
        return cut.permute(order).reshape(-1, window**2, x.shape[1])

    return answer


def window_taken_for_their_number(x, window):
    cut = x.unflatten(3, (window, -1)).unflatten(2, (window, -1))  # (B, C, w, H / w, w, W / w)
    return cut.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(0, 2)


def reshaped_only(x, window):
    return x.reshape(-1, window**2, x.shape[1])


def channels_last_and_reshaped(x, window):
    return x.permute(0, 2, 3, 1).reshape(-1, window**2, x.shape[1])


def image_transposed(x, window):
    return to_windows(x.mT, window)


def channels_first(x, window):
    """(B * nW, C, w * w): a channel is a token."""
    return to_windows(x, window).mT


def unfolded_and_viewed(x, window):
    """`F.unfold`, then a reshape in place of the transpose."""
    return F.unfold(x, window, stride=window).reshape(-1, window**2, x.shape[1])


def unfolded_patches(x, window):
    """The tokens of chapter 5: a whole window is one vector."""
    return F.unfold(x, window, stride=window).mT


def batch_kept(x, window):
    return to_windows(x, window).unflatten(0, (len(x), -1))


def grid_kept(x, window):
    rows, columns = (side // window for side in x.shape[2:])
    return to_windows(x, window).unflatten(0, (len(x), rows, columns))


def pixels_not_flattened(x, window):
    return to_windows(x, window).unflatten(1, (window, window))


def maps_in_windows(x, window):
    return split(x, window).permute(0, 2, 4, 1, 3, 5).flatten(0, 2)


def windows_before_images(x, window):
    return batch_kept(x, window).transpose(0, 1).flatten(0, 1)


def first_image(x, window):
    return to_windows(x[:1], window)


def averaged(x, window):
    return F.avg_pool2d(x, window).flatten(2).mT


def overlapping(x, window):
    cut = x.unfold(2, window, 1).unfold(3, window, 1)  # (B, C, rows, columns, w, w)
    return cut.permute(0, 2, 3, 4, 5, 1).flatten(3, 4).flatten(0, 2)


def moved_on_by_one(x, window):
    rows, columns = (side // window for side in x.shape[2:])
    cut = x.unfold(2, window, 1).unfold(3, window, 1)[:, :, :rows, :columns]
    return cut.permute(0, 2, 3, 4, 5, 1).flatten(3, 4).flatten(0, 2)


def strips(x, window):
    """Cut along the height only: windows are w whole rows."""
    cut = x.unflatten(2, (-1, window)).permute(0, 2, 3, 4, 1)  # (B, nH, w, W, C)
    return cut.flatten(2, 3).flatten(0, 1)


def by_loops(x, window):
    height, width = x.shape[2:]
    windows = []
    for image in x:
        for top in range(0, height, window):
            for left in range(0, width, window):
                windows.append(image[:, top : top + window, left : left + window].flatten(1).T)
    return torch.stack(windows)


def by_unfold(x, window):
    cut = F.unfold(x, window, stride=window)  # (B, C * w * w, N)
    return cut.unflatten(1, (x.shape[1], -1)).permute(0, 3, 2, 1).flatten(0, 1)


def by_tensor_unfold(x, window):
    cut = x.unfold(2, window, window).unfold(3, window, window)  # (B, C, nH, nW, w, w)
    return cut.permute(0, 2, 3, 4, 5, 1).reshape(-1, window**2, x.shape[1])


def by_pixel_unshuffle(x, window):
    cut = F.pixel_unshuffle(x, window).unflatten(1, (x.shape[1], -1))  # (B, C, w * w, nH, nW)
    return cut.permute(0, 3, 4, 2, 1).flatten(0, 2)


def by_einsum(x, window):
    cut = torch.einsum("bcipjq->bijpqc", split(x, window))
    return cut.flatten(3, 4).flatten(0, 2)


def channels_last_first(x, window):
    """As in Swin's code: (B, H, W, C) first, then cut."""
    b, c, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(b, h // window, window, w // window, window, c)
    return x.transpose(2, 3).reshape(-1, window * window, c)


def by_chunks(x, window):
    rows = torch.stack(x.split(window, dim=2), 1)  # (B, nH, C, w, W)
    cut = torch.stack(rows.split(window, dim=4), 2)  # (B, nH, nW, C, w, w)
    return cut.flatten(0, 2).flatten(2).transpose(1, 2)
