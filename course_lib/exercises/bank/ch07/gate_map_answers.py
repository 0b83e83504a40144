"""Exercise 7.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def gate_map(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    hidden = F.conv2d(skip, w_skip, stride=2) + F.conv2d(gating, w_gating[:, :, None, None], bias)
    return dot(hidden.relu(), w_psi, b_psi).sigmoid()  # (B, E, h, w) -> (B, 1, h, w)


def dot(hidden, w_psi, b_psi):
    return (hidden * w_psi[:, None, None]).sum(1, keepdim=True) + b_psi


# The parts, for the wrong ones: as matrix products, which are fast on maps as small as the checks'


def from_skip(skip, w_skip):
    squares = F.pixel_unshuffle(skip, 2)  # (B, C * 4, h, w), in the order of the kernel
    return from_gating(squares, w_skip.flatten(1))


def from_gating(gating, w_gating):
    return (w_gating @ gating.flatten(2)).unflatten(2, gating.shape[2:])


def add(a, b, bias):
    return a + b + bias[:, None, None]


def wired(
    skip_part=from_skip,
    gating_part=from_gating,
    meet=add,
    bend=torch.relu,
    score=dot,
    end=torch.sigmoid,
):
    """The reference with one part exchanged."""

    def answer(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
        hidden = meet(skip_part(skip, w_skip), gating_part(gating, w_gating), bias)
        return end(score(bend(hidden), w_psi, b_psi))

    return answer


def result(change):
    """The reference with something done to the finished map; `change` is given the map and the skip."""
    return lambda skip, *others: change(gate_map(skip, *others), skip)


# Slips of the skip's part


def first_pixel(skip, w_skip):
    return F.conv2d(skip[:, :, ::2, ::2], w_skip[:, :, :1, :1])


def averaged_first(skip, w_skip):
    """A mean over 2 x 2 pixels, then a 1 x 1 convolution with the sum of the kernel."""
    return F.conv2d(F.avg_pool2d(skip, 2), w_skip.sum((2, 3), keepdim=True))


def largest_first(skip, w_skip):
    return F.conv2d(F.max_pool2d(skip, 2), w_skip.sum((2, 3), keepdim=True))


def flipped(skip, w_skip):
    return from_skip(skip, w_skip.flip(2, 3))


def transposed(skip, w_skip):
    return from_skip(skip, w_skip.mT)


def every_pixel_then_thinned(skip, w_skip):
    """A stride of 1 with padding, and every second place of it: each window lies one pixel off."""
    return F.conv2d(skip, w_skip, padding=1)[:, :, :-1:2, :-1:2]


def stride_one_and_cut(skip, w_skip):
    h, w = (side // 2 for side in skip.shape[2:])
    return F.conv2d(skip, w_skip)[:, :, :h, :w]


def stride_one_and_resized(skip, w_skip):
    h, w = (side // 2 for side in skip.shape[2:])
    return F.interpolate(F.conv2d(skip, w_skip), size=(h, w))


def pixels_before_channels(skip, w_skip):
    """Squares flattened as (2, 2, C), the kernel as (C, 2, 2)."""
    squares = skip.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # (B, C, h, 2, w, 2)
    return from_gating(squares.permute(0, 3, 5, 1, 2, 4).flatten(1, 3), w_skip.flatten(1))


def wrong_squares(skip, w_skip):
    """Four numbers in a row of memory are taken for a square of 2 x 2."""
    b, c, height, width = skip.shape
    squares = skip.reshape(b, c, height // 2, width // 2, 2, 2)
    return torch.einsum("bchwij,ecij->behw", squares, w_skip)


def turned_where_square(gating, w_gating):
    """`w_gating` transposed; where it is not square the wrong one would not fit."""
    square = w_gating.shape[0] == w_gating.shape[1]
    return from_gating(gating, w_gating.T if square else w_gating)


# Slips of the meeting, of psi and of the end


def bias_twice(a, b, bias):
    return add(a, b, 2 * bias)


def no_bias(a, b, bias):
    return a + b


def multiplied(a, b, bias):
    return a * b + bias[:, None, None]


def subtracted(a, b, bias):
    return b - a + bias[:, None, None]


def each_bent(a, b, bias):
    return a.relu() + (b + bias[:, None, None]).relu()


def skip_bent_alone(a, b, bias):
    return a.relu() + b + bias[:, None, None]


def gating_bent_alone(a, b, bias):
    return a + (b + bias[:, None, None]).relu()


def skip_left_out(a, b, bias):
    return b + bias[:, None, None]


def gating_left_out(a, b, bias):
    return a + bias[:, None, None]


def bias_outside(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    hidden = (from_skip(skip, w_skip) + from_gating(gating, w_gating)).relu()
    return dot(hidden + bias[:, None, None], w_psi, b_psi).sigmoid()


def psi_bias_inside(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    hidden = from_skip(skip, w_skip) + from_gating(gating, w_gating) + bias[:, None, None]
    return dot((hidden + b_psi).relu(), w_psi, 0).sigmoid()


def average_of_psi(hidden, w_psi, b_psi):
    return (hidden * w_psi[:, None, None]).mean(1, keepdim=True) + b_psi


def no_psi_bias(hidden, w_psi, b_psi):
    return dot(hidden, w_psi, 0)


def psi_left_out(hidden, w_psi, b_psi):
    return hidden.sum(1, keepdim=True) + b_psi


def psi_each(hidden, w_psi, b_psi):
    """A coefficient for each inner channel: nothing is summed."""
    return hidden * w_psi[:, None, None] + b_psi


def psi_bias_each(hidden, w_psi, b_psi):
    """The bias is added to each inner channel before the sum."""
    return (hidden * w_psi[:, None, None] + b_psi).sum(1, keepdim=True)


def over_places(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def over_places_to_one(scores):
    """As one of the authors' options: a softmax, divided by its largest weight."""
    weights = scores.flatten(1).softmax(-1)
    return (weights / weights.amax(1, keepdim=True)).view_as(scores)


def to_the_skip(gate, skip):
    return F.interpolate(gate, size=skip.shape[2:], mode="bilinear", align_corners=False)


def resized_before_the_sigmoid(scores):
    size = [2 * side for side in scores.shape[2:]]
    return F.interpolate(scores, size=size, mode="bilinear", align_corners=False).sigmoid()


def applied(gate, skip):
    return skip * to_the_skip(gate, skip)


# Right ones


def by_einsum(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    squares = skip.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # (B, C, h, 2, w, 2)
    a = torch.einsum("bchiwj,ecij->behw", squares, w_skip)
    b = torch.einsum("bdhw,ed->behw", gating, w_gating)
    hidden = torch.maximum(a + b + bias[:, None, None], torch.zeros(()))
    return torch.sigmoid(torch.einsum("behw,e->bhw", hidden, w_psi) + b_psi)[:, None]


def by_loops(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    h, w = gating.shape[2:]
    rows = []
    for i in range(h):
        row = []
        for j in range(w):
            square = skip[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten(1)
            hidden = square @ w_skip.flatten(1).T + gating[:, :, i, j] @ w_gating.T + bias
            row.append(1 / (1 + (-(hidden.clamp_min(0) @ w_psi + b_psi)).exp()))
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2).unsqueeze(1)


def by_tokens(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    """Pixels as rows, layers as matrices."""
    b, _, h, w = gating.shape
    squares = F.pixel_unshuffle(skip, 2).flatten(2).transpose(1, 2)  # (B, h * w, C * 4)
    hidden = squares @ w_skip.flatten(1).T + gating.flatten(2).transpose(1, 2) @ w_gating.T + bias
    return (hidden.relu() @ w_psi + b_psi).sigmoid().reshape(b, 1, h, w)


def by_unfold(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    b, _, h, w = gating.shape
    squares = F.unfold(skip, 2, stride=2)  # (B, C * 4, h * w)
    hidden = w_skip.flatten(1) @ squares + w_gating @ gating.flatten(2) + bias[:, None]
    return torch.sigmoid(w_psi @ hidden.relu() + b_psi).view(b, 1, h, w)


def by_slices(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    """Each corner of the kernel meets every second pixel."""
    hidden = F.linear(gating.movedim(1, -1), w_gating, bias).movedim(-1, 1)
    for i in (0, 1):
        for j in (0, 1):
            corner = skip[:, :, i::2, j::2]
            hidden = hidden + torch.einsum("bchw,ec->behw", corner, w_skip[:, :, i, j])
    return dot(hidden.relu(), w_psi, b_psi).sigmoid()


def in_double(*given):
    return gate_map(*(one.double() for one in given)).to(given[0].dtype)
