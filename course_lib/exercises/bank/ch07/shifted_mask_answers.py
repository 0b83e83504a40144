"""Exercise 7.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def shifted_mask(height, width, window, shift):
    # After the roll the rows and columns that came round stand last.
    down = torch.arange(height) >= height - shift
    across = torch.arange(width) >= width - shift
    part = 2 * down[:, None].long() + across.long()  # (H, W), a name for each of four parts
    part = windows(part, window)  # (nW, w * w)
    return part[:, :, None] == part[:, None, :]


def windows(x, w):
    """(H, W) -> (nW, w * w), row by row."""
    height, width = x.shape
    return x.reshape(height // w, w, width // w, w).transpose(1, 2).reshape(-1, w * w)


def names(height, width, rows, columns):
    """A name for each pixel, from a name for its row and one for its column."""
    size = (height, width)
    return torch.stack([rows[:, None].expand(size), columns.expand(size)])  # (2, H, W)


def came_round(size, shift):
    return (torch.arange(size) >= size - shift).long()


def parted(edge=came_round, cut=windows, both=torch.logical_and):
    """The reference with one part exchanged; `edge` is given a size and the shift."""

    def answer(height, width, window, shift):
        rows, columns = edge(height, shift), edge(width, shift)
        down, across = (cut(name, window) for name in names(height, width, rows, columns))
        return both(down[:, :, None] == down[:, None], across[:, :, None] == across[:, None])

    return answer


def result(change):
    """The reference with something done to the finished mask."""
    return lambda *sizes: change(shifted_mask(*sizes))


# Slips of the edge


def at_the_top(size, shift):
    """What came round is taken to stand first, as after a roll the other way."""
    return (torch.arange(size) < shift).long()


def one_late(size, shift):
    return (torch.arange(size) > size - shift).long()


def nothing_came_round(size, shift):
    return torch.zeros(size, dtype=torch.long)


def rest_of_the_window(height, width, window, shift):
    return shifted_mask(height, width, window, (window - shift) % window)


def half_a_window(height, width, window, shift):
    return shifted_mask(height, width, window, window // 2 if shift else 0)


def rolled_numbers(height, width, window, shift):
    """The row and the column that each place of a window had before the roll: two of (nW, w * w)."""
    numbers = names(height, width, torch.arange(height), torch.arange(width))
    return [windows(number.roll((-shift, -shift), (0, 1)), window) for number in numbers]


def next_to_each_other(height, width, window, shift):
    """Neighbours taken at their word: places that touched."""
    down, across = rolled_numbers(height, width, window, shift)
    near = (down[:, :, None] - down[:, None]).abs() <= 1
    return near & ((across[:, :, None] - across[:, None]).abs() <= 1)


def in_every_window(height, width, window, shift):
    """The last `shift` rows and columns of each window, not of the map."""
    edges = ((torch.arange(size) % window >= window - shift).long() for size in (height, width))
    down, across = (windows(name, window) for name in names(height, width, *edges))
    return (down[:, :, None] == down[:, None]) & (across[:, :, None] == across[:, None])


def rolled_as_well(height, width, window, shift):
    """The names stand where the roll will bring them, and are rolled once more."""
    part = 2 * came_round(height, shift)[:, None] + came_round(width, shift)
    part = windows(part.roll((-shift, -shift), (0, 1)), window)
    return part[:, :, None] == part[:, None]


# Slips of the cutting


def by_columns(x, w):
    """Windows go down the columns of the grid."""
    height, width = x.shape
    return x.reshape(height // w, w, width // w, w).permute(2, 0, 1, 3).reshape(-1, w * w)


def pieces_of_rows(x, w):
    return x.reshape(-1, w * w)


def on_their_side(x, w):
    height, width = x.shape
    return x.reshape(height // w, w, width // w, w).permute(0, 2, 3, 1).reshape(-1, w * w)


# Slips of the names and of the end


def sum_of_names(height, width, window, shift):
    """Down and across are added, so that two of the four parts get one name."""
    part = came_round(height, shift)[:, None] + came_round(width, shift)
    part = windows(part, window)
    return part[:, :, None] == part[:, None]


def corner_or_not(height, width, window, shift):
    """Only the corner that came round both ways is told apart."""
    part = came_round(height, shift)[:, None] * came_round(width, shift)
    part = windows(part, window)
    return part[:, :, None] == part[:, None]


def border_or_not(height, width, window, shift):
    """Whether a place came round at all: two parts in place of four."""
    part = came_round(height, shift)[:, None] | came_round(width, shift)
    part = windows(part, window)
    return part[:, :, None] == part[:, None]


def last_window_only(height, width, window, shift):
    mask = shifted_mask(height, width, window, shift)
    mask[:-1] = True
    return mask


def two_true(height, width, window, shift):
    """A pair may meet if neither of the two came round."""
    here = windows(1 - (came_round(height, shift)[:, None] | came_round(width, shift)), window) > 0
    return here[:, :, None] & here[:, None]


def all_pairs(height, width, window, shift):
    """A mask for the whole map: (N, N)."""
    part = (2 * came_round(height, shift)[:, None] + came_round(width, shift)).flatten()
    return part[:, None] == part


# Right ones


def as_published(height, width, window, shift):
    """Nine slices are numbered, and numbers are subtracted."""
    ends = (slice(0, -window), slice(-window, -shift if shift else None), slice(-shift, None))
    region = torch.zeros(height, width)
    number = 0
    for rows in ends[: 3 if shift else 2]:
        for columns in ends[: 3 if shift else 2]:
            region[rows, columns] = number
            number += 1
    region = windows(region, window)
    return (region[:, None, :] - region[:, :, None]) == 0


def by_distance(height, width, window, shift):
    """Rolled along as numbers: neighbours have row and column numbers less than a window apart."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    mask = True
    for numbers in (rows, columns):
        numbers = windows(numbers.roll((-shift, -shift), (0, 1)), window)
        mask = mask & ((numbers[:, :, None] - numbers[:, None]).abs() < window)
    return mask


def by_loops(height, width, window, shift):
    def part(row, column):
        return row >= height - shift, column >= width - shift

    inside = [(i, j) for i in range(window) for j in range(window)]
    masks = []
    for top in range(0, height, window):
        for left in range(0, width, window):
            parts = [part(top + i, left + j) for i, j in inside]
            masks.append([[one == other for other in parts] for one in parts])
    return torch.tensor(masks)


def by_painted_corners(height, width, window, shift):
    """The four parts are painted before the roll, where they stand at the top and on the left."""
    part = torch.zeros(height, width, dtype=torch.int64)
    part[:shift] += 1
    part[:, :shift] += 2
    part = windows(part.roll((-shift, -shift), (0, 1)), window)
    return part[:, :, None].eq(part[:, None, :])


def by_kronecker(height, width, window, shift):
    """Rows and columns decide by themselves; the products of both are the mask."""
    sides = []
    for size in (height, width):
        part = came_round(size, shift).reshape(-1, window)
        sides.append(part[:, :, None] == part[:, None])  # (n, w, w)
    mask = sides[0][:, None, :, None, :, None] & sides[1][None, :, None, :, None, :]
    return mask.flatten(4).flatten(2, 3).flatten(0, 1)
