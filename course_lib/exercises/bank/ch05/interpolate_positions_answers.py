"""Exercise 5.7's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import resize


def resize_positions(positions, old_grid, new_grid):
    token, patches = positions[:, :1], positions[:, 1:]
    image = patches.unflatten(1, old_grid).permute(0, 3, 1, 2)  # (1, D, h, w)
    image = F.interpolate(image, new_grid, mode="bicubic", align_corners=False)
    return torch.cat([token, image.flatten(2).transpose(1, 2)], dim=1)


def to_image(patches, grid):
    return patches.unflatten(1, grid).permute(0, 3, 1, 2)  # (1, h * w, D) -> (1, D, h, w)


def to_tokens(image):
    return image.flatten(2).mT  # (1, D, H, W) -> (1, H * W, D)


def bicubic(image, old_grid, new_grid):
    return F.interpolate(image, tuple(new_grid), mode="bicubic", align_corners=False)


def interpolated(**options):
    return lambda image, old_grid, new_grid: F.interpolate(image, tuple(new_grid), **options)


def class_first(positions):
    return positions[:, :1], positions[:, 1:]


def join_first(token, patches):
    return torch.cat([token, patches], 1)


def wired(part=class_first, image=to_image, scale=bicubic, tokens=to_tokens, join=join_first):
    """The reference with one step exchanged."""

    def answer(positions, old_grid, new_grid):
        token, patches = part(positions)
        return join(token, tokens(scale(image(patches, old_grid), old_grid, new_grid)))

    return answer


def all_in_one_row(positions, old_grid, new_grid):
    """Class token and patches as one sequence, stretched."""
    count = 1 + new_grid[0] * new_grid[1]
    return F.interpolate(positions.mT, count, mode="linear", align_corners=False).mT


def patches_in_one_row(positions, old_grid, new_grid):
    count = new_grid[0] * new_grid[1]
    patches = F.interpolate(positions[:, 1:].mT, count, mode="linear", align_corners=False).mT
    return torch.cat([positions[:, :1], patches], 1)


def as_it_came(positions, old_grid, new_grid):
    return positions


def reshaped_to_image(patches, grid):
    return patches.reshape(1, -1, *grid)


def reshaped_to_tokens(image):
    return image.reshape(1, -1, image.shape[1])


def sides_exchanged(patches, grid):
    return to_image(patches, grid[::-1])


def new_sides_exchanged(image, old_grid, new_grid):
    return bicubic(image, old_grid, new_grid[::-1])


def read_in_columns(patches, grid):
    return patches.unflatten(1, grid[::-1]).permute(0, 3, 2, 1)


def lying_on_its_side(patches, grid):
    return to_image(patches, grid).mT


def a_little_more(image, old_grid, new_grid):
    """A factor, made larger by 0.1 of a patch lest rounding loses one."""
    factor = [(new + 0.1) / old for new, old in zip(new_grid, old_grid, strict=True)]
    return F.interpolate(image, scale_factor=factor, mode="bicubic", align_corners=False)


def cut_or_padded(image, old_grid, new_grid):
    (h, w), (height, width) = old_grid, new_grid
    return F.pad(image, (0, width - w, 0, height - h))


def cut_or_repeated(image, old_grid, new_grid):
    height, width = new_grid
    rows = torch.arange(height).clamp_max(old_grid[0] - 1)
    columns = torch.arange(width).clamp_max(old_grid[1] - 1)
    return image[:, :, rows][..., columns]


def tiled(image, old_grid, new_grid):
    height, width = new_grid
    return image[:, :, torch.arange(height) % old_grid[0]][..., torch.arange(width) % old_grid[1]]


def rows_alone(image, old_grid, new_grid):
    """The height by bicubic interpolation, the width by the nearest."""
    image = bicubic(image, old_grid, (new_grid[0], old_grid[1]))
    return F.interpolate(image, tuple(new_grid), mode="nearest")


def scaled_up(image, old_grid, new_grid):
    """Values multiplied with the ratio of the areas, as a total would be kept."""
    ratio = old_grid[0] * old_grid[1] / (new_grid[0] * new_grid[1])
    return bicubic(image, old_grid, new_grid) * ratio


def axis_by_axis(positions, old_grid, new_grid):
    image = to_image(positions[:, 1:], old_grid)
    for size in ((old_grid[0], new_grid[1]), new_grid):
        image = F.interpolate(image, size, mode="bicubic")
    return torch.cat([positions[:, :1], to_tokens(image)], 1)


def channel_by_channel(positions, old_grid, new_grid):
    channels = []
    for channel in positions[0, 1:].unbind(-1):
        plane = channel.view(1, 1, *old_grid)
        channels.append(F.interpolate(plane, new_grid, mode="bicubic")[0, 0].flatten())
    return torch.cat([positions[:, :1], torch.stack(channels, -1)[None]], 1)


def by_matrices(positions, old_grid, new_grid):
    """One matrix for each axis, with Keys' cubic at a = -0.75 written out."""
    rows, columns = (
        _cubic_matrix(*sizes).to(positions.dtype) for sizes in zip(old_grid, new_grid, strict=True)
    )
    grid = positions[0, 1:].unflatten(0, old_grid)
    patches = torch.einsum("Hh,Ww,hwd->HWd", rows, columns, grid).flatten(0, 1)
    return torch.cat([positions[0, :1], patches])[None]


def _cubic_matrix(old, new, a=-0.75):
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for i in range(new):
        place = (i + 0.5) * old / new - 0.5
        first = int(place // 1) - 1
        for j in range(first, first + 4):
            x = abs(place - j)
            if x <= 1:
                weight = (a + 2) * x**3 - (a + 3) * x**2 + 1
            else:
                weight = a * (x**3 - 5 * x**2 + 8 * x - 4)
            matrix[i, min(max(j, 0), old - 1)] += weight
    return matrix


def by_torchvision(positions, old_grid, new_grid):
    image = to_image(positions[:, 1:], old_grid)
    image = resize(image, list(new_grid), InterpolationMode.BICUBIC, antialias=False)
    return torch.cat([positions[:, :1], to_tokens(image)], 1)


def in_float64(positions, old_grid, new_grid):
    return resize_positions(positions.double(), old_grid, new_grid).to(positions.dtype)
