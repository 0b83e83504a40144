"""Exercise 2.7's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch
import torch.nn.functional as F


def glimpse(image, centre, size):
    padded = F.pad(image, (size,) * 4)  # whatever a window may reach, and zeros
    windows = []
    for sample, place in zip(padded, centre, strict=True):
        asked = (place + 1) / 2 * torch.tensor(image.shape[-2:]) - size / 2
        y, x = (torch.floor(asked + 0.5).long() + size).tolist()  # counted in the padded image
        windows.append(sample[:, y : y + size, x : x + size])
    return torch.stack(windows)


def sizes(image):
    return torch.tensor(image.shape[-2:])  # H, W


def asked_for(image, centre, size):
    """Where the windows would begin if they could begin between pixels, (B, 2)."""
    return (centre + 1) / 2 * sizes(image) - size / 2


def nearest(asked):
    return torch.floor(asked + 0.5)


def wired(begin=asked_for, to_whole=nearest, read=None):
    """The reference with one part exchanged: where windows begin, the rounding, what is read."""

    def answer(image, centre, size):
        first = to_whole(begin(image, centre, size)).long()
        steps = torch.arange(size)
        rows, cols = first[:, :1] + steps, first[:, 1:] + steps  # (B, size), (B, size)
        return (read or zeros_outside)(image, rows, cols)

    return answer


def pick(image, rows, cols):
    """image[b, :, rows[b], cols[b]] for every sample: (B, C, size, size)."""
    samples = torch.arange(len(image))[:, None, None, None]
    channels = torch.arange(image.shape[1])[:, None, None]
    return image[samples, channels, rows[:, None, :, None], cols[:, None, None, :]]


def zeros_outside(image, rows, cols):
    height, width = image.shape[-2:]
    inside_rows, inside_cols = (rows >= 0) & (rows < height), (cols >= 0) & (cols < width)
    inside = inside_rows[:, None, :, None] & inside_cols[:, None, None, :]
    return edge_repeated(image, rows, cols) * inside


def edge_repeated(image, rows, cols):
    height, width = image.shape[-2:]
    return pick(image, rows.clamp(0, height - 1), cols.clamp(0, width - 1))


def reflected(image, rows, cols):
    def fold(index, n):
        index = index.abs() % max(2 * n - 2, 1)
        return torch.minimum(index, 2 * n - 2 - index)

    return pick(image, fold(rows, image.shape[-2]), fold(cols, image.shape[-1]))


def wrapped_around(image, rows, cols):
    return pick(image, rows % image.shape[-2], cols % image.shape[-1])


def pushed_inside(image, rows, cols):
    size = rows.shape[1]
    steps = torch.arange(size)
    y, x = (
        index[:, :1].clamp(max=n - size).clamp(min=0) + steps
        for index, n in zip((rows, cols), image.shape[-2:], strict=True)
    )
    return zeros_outside(image, y, x)


def _overlap(image, rows, cols):
    """What lies inside the image, each sample's by itself."""
    height, width = image.shape[-2:]
    for im, r, c in zip(image, rows, cols, strict=True):
        yield im[:, r[(r >= 0) & (r < height)]][:, :, c[(c >= 0) & (c < width)]]


def cropped(image, rows, cols):
    return torch.stack(list(_overlap(image, rows, cols)))


def in_the_corner(image, rows, cols):
    size = rows.shape[1]
    windows = torch.zeros(*image.shape[:2], size, size, dtype=image.dtype)
    for b, part in enumerate(_overlap(image, rows, cols)):
        windows[b, :, : part.shape[1], : part.shape[2]] = part
    return windows


def axes_exchanged(image, rows, cols):
    return zeros_outside(image, rows, cols).mT


def of_the_first(image, rows, cols):
    return zeros_outside(image, rows[:1].expand_as(rows), cols[:1].expand_as(cols))


def sliced(image, centre, size):
    first = nearest(asked_for(image, centre, size)).long().tolist()
    windows = [im[:, y : y + size, x : x + size] for im, (y, x) in zip(image, first, strict=True)]
    return torch.stack(windows)


def in_padded_sizes(image, centre, size):
    return (centre + 1) / 2 * (sizes(image) + 2 * size) - size / 2 - size


def middle_pixel_first(image, centre, size):
    return nearest((centre + 1) / 2 * (sizes(image) - 1)) - size // 2


def between_the_pixels(image, centre, size):
    return at(image, asked_for(image, centre, size), size, mode="bilinear")


def by_slices(image, centre, size):
    batch, channels, height, width = image.shape
    windows = []
    for b in range(batch):
        y = math.floor((float(centre[b, 0]) + 1) / 2 * height - size / 2 + 0.5)
        x = math.floor((float(centre[b, 1]) + 1) / 2 * width - size / 2 + 0.5)
        top, bottom = max(y, 0), min(y + size, height)
        left, right = max(x, 0), min(x + size, width)
        window = image.new_zeros(channels, size, size)
        window[:, top - y : bottom - y, left - x : right - x] = image[b, :, top:bottom, left:right]
        windows.append(window)
    return torch.stack(windows)


def by_loops(image, centre, size):
    batch, channels, height, width = image.shape
    zero, windows = torch.zeros_like(image[0, :, 0, 0]), []
    for b in range(batch):
        y = math.floor((centre[b, 0].item() + 1) * height / 2 - size / 2 + 0.5)
        x = math.floor((centre[b, 1].item() + 1) * width / 2 - size / 2 + 0.5)
        pixels = [
            image[b, :, i, j] if 0 <= i < height and 0 <= j < width else zero
            for i in range(y, y + size)
            for j in range(x, x + size)
        ]
        windows.append(torch.stack(pixels, dim=1).view(channels, size, size))
    return torch.stack(windows)


def by_selection(image, centre, size):
    # Row i of the window takes row (begin + i) of the image: a matrix of ones and zeros, twice.
    first = nearest(asked_for(image, centre, size)).long()
    steps = torch.arange(size)
    rows, cols = (
        (first[:, axis, None, None] + steps[:, None] == torch.arange(n)).to(image.dtype)
        for axis, n in enumerate(image.shape[-2:])
    )
    return torch.einsum("bih,bchw,bjw->bcij", rows, image, cols)


def by_grid_sample(image, centre, size):
    return at(image, nearest(asked_for(image, centre, size)), size, mode="nearest")


def at(image, first, size, mode):
    """The windows that begin at `first`, (B, 2), in pixels, read by `F.grid_sample`."""
    middles = first[:, :, None] + torch.arange(size) + 0.5  # (B, 2, size), in pixels
    y, x = (2 * middles / sizes(image)[:, None] - 1).unbind(1)
    x, y = x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)
    grid = torch.stack([x, y], dim=-1)  # (B, size, size, 2)
    return F.grid_sample(image, grid, mode=mode, padding_mode="zeros", align_corners=False)


def by_double(image, centre, size):
    return wired()(image.double(), centre.double(), size).float()
