"""Exercise 8.8's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def criss_cross_mask(height, width):
    place = torch.arange(height * width)
    row, column = place // width, place % width
    return (row[:, None] == row) | (column[:, None] == column)  # (N, N)


def wired(read=lambda place, height, width: (place // width, place % width), join=torch.logical_or):
    """The reference with one part exchanged: a place's row and column, and what is asked of them."""

    def answer(height, width):
        row, column = read(torch.arange(height * width), height, width)
        return join(row[:, None] == row, column[:, None] == column)

    return answer


def with_distances(asked):
    """`asked` is given the steps down and to the right between every two places."""

    def answer(height, width):
        place = torch.arange(height * width)
        row, column = place // width, place % width
        return asked(row[:, None] - row, column[:, None] - column)

    return answer


def height_for_width(place, height, width):
    return place // height, place % height


def rows_by_height(place, height, width):
    """The row by the height, the column by the width."""
    return place // height, place % width


def columns_by_height(place, height, width):
    return place // width, place % height


def rows_by_repeat(place, height, width):
    return place % height, place % width


def near_in_the_list(height, width):
    place = torch.arange(height * width)
    apart = place[:, None] - place
    return (apart % width == 0) | (apart.abs() < width)


def own_left_out(height, width):
    return criss_cross_mask(height, width) & ~torch.eye(height * width, dtype=torch.bool)


def causal(height, width):
    return criss_cross_mask(height, width).tril()


def of_the_middle(height, width):
    """One cross for all queries: that of the middle."""
    n = height * width
    return criss_cross_mask(height, width)[n // 2].expand(n, n)


# Right ones


def by_kronecker(height, width):
    rows, columns = (torch.eye(size, dtype=torch.bool) for size in (height, width))
    same_row = torch.kron(rows, torch.ones(width, width, dtype=torch.bool))
    same_column = torch.kron(torch.ones(height, height, dtype=torch.bool), columns)
    return same_row | same_column


def by_painting(height, width):
    mask = torch.zeros(height, width, height, width, dtype=torch.bool)
    for i in range(height):
        for j in range(width):
            mask[i, j, i, :] = True
            mask[i, j, :, j] = True
    return mask.reshape(height * width, height * width)


def by_meshgrid(height, width):
    i, j = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([i, j]).flatten(1)  # (2, N)
    return (places[:, :, None] == places[:, None]).any(0)


def by_lists(height, width):
    places = [(i, j) for i in range(height) for j in range(width)]
    return torch.tensor([[i == a or j == b for a, b in places] for i, j in places])
