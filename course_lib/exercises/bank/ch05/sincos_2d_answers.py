"""Exercise 5.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch


def sincos_2d(height, width, dim):
    rows = waves(torch.arange(height), dim // 2)  # (H, dim / 2)
    columns = waves(torch.arange(width), dim // 2)  # (W, dim / 2)
    rows = rows.repeat_interleave(width, 0)  # (H * W, dim / 2): 0 0 0 1 1 1
    columns = columns.repeat(height, 1)  # (H * W, dim / 2): 0 1 2 0 1 2
    return torch.cat([rows, columns], dim=-1)


def speeds(dim):
    return 10000.0 ** (-torch.arange(0, dim, 2) / dim)


def taking_turns(angle):
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


def waves(position, dim, speeds=speeds, wave=taking_turns):
    return wave(position[:, None] * speeds(dim))


def row_by_row(height, width):
    n = torch.arange(height * width)
    return n // width, n % width


def side_by_side(rows, columns):
    return torch.cat([rows, columns], -1)


def wired(speeds=speeds, wave=taking_turns, where=row_by_row, join=side_by_side):
    """The reference with one part exchanged."""

    def answer(height, width, dim):
        halves = (waves(position, dim // 2, speeds, wave) for position in where(height, width))
        return join(*halves)

    return answer


def cells(change):
    """Other coordinates for the same cells."""
    return wired(where=lambda height, width: change(*row_by_row(height, width), height, width))


def column_by_column(height, width):
    n = torch.arange(height * width)
    return n % height, n // height


def height_and_width_exchanged(height, width, dim):
    return sincos_2d(width, height, dim)


def one_dimensional(height, width, dim):
    return waves(torch.arange(height * width), dim)


def column_first_and_sines_first(height, width, dim):
    angles = [p[:, None] * speeds(dim // 2) for p in row_by_row(height, width)[::-1]]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], -1)


def added(height, width, dim):
    rows, columns = (waves(position, dim) for position in row_by_row(height, width))
    return rows + columns


def all_sines_of_both_first(height, width, dim):
    angles = [p[:, None] * speeds(dim // 2) for p in row_by_row(height, width)]
    return torch.cat([wave(angle) for wave in (torch.sin, torch.cos) for angle in angles], -1)


def each_channel_its_own_speed(height, width, dim):
    """sin(p / 10000^(k / d)) where k is even and cos of the same where it is odd, k the channel."""
    half = dim // 2
    halves = []
    for position in row_by_row(height, width):
        angle = position[:, None] * 10000.0 ** (-torch.arange(half) / half)
        halves.append(torch.where(torch.arange(half) % 2 == 0, angle.sin(), angle.cos()))
    return torch.cat(halves, -1)


def grid_kept(height, width, dim):
    return sincos_2d(height, width, dim).reshape(height, width, dim)


def axis_in_front(height, width, dim):
    return sincos_2d(height, width, dim)[None]


def pairs_not_flattened(height, width, dim):
    return sincos_2d(height, width, dim).unflatten(1, (-1, 2))


def channels_first(height, width, dim):
    return sincos_2d(height, width, dim).T


def reshaped_from_channels_first(height, width, dim):
    return sincos_2d(height, width, dim).T.reshape(height * width, dim)


def ends_at_the_base(dim):
    """As in code that divides by one less than the number of waves; a single wave stays at speed 1."""
    return 10000.0 ** -torch.linspace(0, 1, dim // 2)


def ends_at_the_base_or_nowhere(dim):
    """The same, with 0 / 0 for a single wave."""
    n = torch.tensor(dim // 2)
    return 10000.0 ** -(torch.arange(dim // 2) / (n - 1))


def by_loops(height, width, dim):
    half, table = dim // 2, []
    for i in range(height):
        for j in range(width):
            vector = []
            for position in (i, j):
                for k in range(half // 2):
                    angle = position / 10000 ** (2 * k / half)
                    vector += [math.sin(angle), math.cos(angle)]
            table.append(vector)
    return torch.tensor(table)


def by_meshgrid(height, width, dim):
    i, j = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.cat([waves(i.flatten(), dim // 2), waves(j.flatten(), dim // 2)], dim=1)


def by_turning(height, width, dim):
    """Sine and cosine as a point on the circle."""
    angle = torch.outer(torch.arange(max(height, width)).double(), speeds(dim // 2).double())
    points = torch.view_as_real(torch.polar(torch.ones_like(angle), angle)).flip(-1)  # (sin, cos)
    table = points.flatten(1).float()  # (max(H, W), dim / 2)
    rows = table[:height, None].expand(-1, width, -1)
    columns = table[:width].expand(height, -1, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1)


def by_filling(height, width, dim):
    table, half = torch.empty(height, width, dim), dim // 2
    speed = torch.exp(-math.log(10000.0) * torch.arange(0, half, 2) / half)
    rows, columns = torch.arange(height)[:, None] * speed, torch.arange(width)[:, None] * speed
    table[:, :, 0:half:2] = rows.sin()[:, None]
    table[:, :, 1:half:2] = rows.cos()[:, None]
    table[:, :, half::2] = columns.sin()
    table[:, :, half + 1 :: 2] = columns.cos()
    return table.view(-1, dim)


def by_shifted_sines(height, width, dim):
    """The cosine is a sine a quarter turn ahead."""
    half = dim // 2
    ahead = (torch.arange(half) % 2) * (math.pi / 2)
    speed = 10000.0 ** (-2 * (torch.arange(half) // 2) / half)
    i, j = row_by_row(height, width)
    return torch.cat([(p[:, None] * speed + ahead).sin() for p in (i, j)], 1)
