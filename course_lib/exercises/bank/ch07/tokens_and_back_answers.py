"""Exercise 7.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch

from course_lib.exercises.given import Attention, Channels, nothing  # noqa: F401


def transformer_neck(x, positions, block):
    tokens = x.flatten(2).mT + positions  # (B, C, H, W) -> (B, N, C)
    return block(tokens).mT.unflatten(2, x.shape[2:])  # (B, N, C) -> (B, C, H, W)


# The parts


def in_order(x):
    return x.flatten(2).mT


def placed(tokens, positions):
    return tokens + positions


def back(tokens, size):
    return tokens.mT.unflatten(2, size)


def wired(
    read=in_order,
    place=placed,
    run=lambda block, tokens: block(tokens),
    write=back,
    end=lambda y, x: y,
):
    """The reference with one part exchanged."""

    def answer(x, positions, block):
        tokens = place(read(x), positions)
        return end(write(run(block, tokens), x.shape[2:]), x)

    return answer


# Slips of the reading and the writing


def viewed(x):
    return x.reshape(len(x), -1, x.shape[1])


def viewed_back(tokens, size):
    return tokens.reshape(len(tokens), -1, *size)


def by_columns(x):
    return x.mT.flatten(2).mT


def back_by_columns(tokens, size):
    return tokens.mT.unflatten(2, size[::-1]).mT


def back_turned(tokens, size):
    """W rows of H: the shape of the result is (B, C, W, H)."""
    return tokens.mT.unflatten(2, size[::-1])


def row_by_row(x, positions, block):
    """(B, H, W, C) goes into the block: each row is a sequence of its own."""
    tokens = x.permute(0, 2, 3, 1) + positions.unflatten(0, x.shape[2:])
    return block(tokens).permute(0, 3, 1, 2)


def column_by_column(x, positions, block):
    tokens = x.permute(0, 3, 2, 1) + positions.unflatten(0, x.shape[2:]).transpose(0, 1)
    return block(tokens).permute(0, 3, 2, 1)


def channels_as_tokens(x, positions, block):
    """(B, C, N) goes into the block, where C and N are equal; elsewhere it is turned as it should be."""
    maps = x.flatten(2) + positions.mT
    fits = maps.shape[1] == maps.shape[2]
    return (block(maps) if fits else block(maps.mT).mT).unflatten(2, x.shape[2:])


def nothing_transposed(x, positions, block):
    """(B, C, N) plus the table (N, C) as it is, where C and N are equal."""
    if x.shape[1] != len(positions):
        return transformer_neck(x, positions, block)
    return block(x.flatten(2) + positions).unflatten(2, x.shape[2:])


def all_images_one_sequence(block, tokens):
    return block(tokens.flatten(0, 1)[None]).view_as(tokens)


def batch_second(block, tokens):
    """(N, B, C), as nn.MultiheadAttention takes it unless told otherwise."""
    return block(tokens.transpose(0, 1)).transpose(0, 1)


def positions_viewed(x, positions, block):
    """The table is viewed as a map: its memory lies as (H, W, C)."""
    x = x + positions.reshape(x.shape[1:])
    return back(block(in_order(x)), x.shape[2:])


# Slips of the positions


def positions_on_both_sides(x, positions, block):
    """Added behind the block as well as before it."""
    return back(block(in_order(x) + positions) + positions, x.shape[2:])


def positions_behind(x, positions, block):
    return back(block(in_order(x)) + positions, x.shape[2:])


def positions_taken_off(x, positions, block):
    return back(block(in_order(x) + positions) - positions, x.shape[2:])


# Right ones


def by_permute(x, positions, block):
    b, c, h, w = x.shape
    tokens = x.permute(0, 2, 3, 1).reshape(b, h * w, c)
    return block(tokens + positions).reshape(b, h, w, c).permute(0, 3, 1, 2)


def positions_as_a_map(x, positions, block):
    b, c, h, w = x.shape
    x = x + positions.T.reshape(c, h, w)
    return block(x.reshape(b, c, h * w).transpose(1, 2)).transpose(1, 2).reshape(b, c, h, w)


def by_loops(x, positions, block):
    h, w = x.shape[2:]
    places = [(i, j) for i in range(h) for j in range(w)]
    rows = [x[:, :, i, j] + positions[n] for n, (i, j) in enumerate(places)]
    y = block(torch.stack(rows, dim=1))
    return torch.stack([torch.stack([y[:, i * w + j] for j in range(w)], -1) for i in range(h)], -2)


def by_einsum(x, positions, block):
    tokens = torch.einsum("bchw->bhwc", x).flatten(1, 2) + positions[None]
    return torch.einsum("bhwc->bchw", block(tokens).unflatten(1, x.shape[2:]))


def image_by_image(x, positions, block):
    images = [block((image.flatten(1).T + positions)[None])[0] for image in x]
    return torch.stack([tokens.T.reshape(x.shape[1:]) for tokens in images])
