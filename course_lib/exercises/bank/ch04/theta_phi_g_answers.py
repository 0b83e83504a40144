"""Exercise 4.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
import torch.nn.functional as F

from course_lib.exercises.bank.ch04 import places


def non_local_map(x, w_theta, w_phi, w_g):
    tokens = x.flatten(2).mT  # (B, C, H, W) -> (B, N, C)
    theta, phi, g = tokens @ w_theta.T, tokens @ w_phi.T, tokens @ w_g.T
    y = (theta @ phi.mT).softmax(-1) @ g  # (B, N, N) @ (B, N, E)
    return y.mT.unflatten(2, x.shape[2:])  # (B, N, E) -> (B, E, N) -> (B, E, H, W)


def column_by_column(x):
    return x.mT.flatten(2).mT


def width_for_height(y, space):
    return y.mT.unflatten(2, (space[1], space[0]))


def width_for_height_turned(y, space):
    """The shape fits again, thanks to a transpose; the places do not."""
    return width_for_height(y, space).mT


def places_last(y, space):
    return y.unflatten(1, space)  # (B, H, W, E)


def not_a_map(y, space):
    return y.mT


def not_a_map_nor_turned(y, space):
    return y


def channels_attend(x, w_theta, w_phi, w_g):
    """(D, D) weights: which channel goes with which, as in channel attention."""
    theta, phi, g = places.embedded(places.in_order(x), w_theta, w_phi, w_g)
    y = g @ (theta.mT @ phi).softmax(-1).mT
    return places.back(y, x.shape[2:])


def along(axis):
    """Every place attends to its own row (axis 3) or its own column (axis 2) alone."""

    def answer(x, w_theta, w_phi, w_g):
        tokens = x.permute(0, 2, 3, 1) if axis == 3 else x.permute(0, 3, 2, 1)  # (B, lines, L, C)
        theta, phi, g = places.embedded(tokens, w_theta, w_phi, w_g)
        y = (theta @ phi.mT).softmax(-1) @ g
        return y.permute(0, 3, 1, 2) if axis == 3 else y.permute(0, 3, 2, 1)

    return answer


def by_convolutions(x, w_theta, w_phi, w_g):
    theta, phi, g = (F.conv2d(x, w[:, :, None, None]).flatten(2) for w in (w_theta, w_phi, w_g))
    weights = (theta.transpose(1, 2) @ phi).softmax(dim=-1)
    return (weights @ g.transpose(1, 2)).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])


def by_einsum(x, w_theta, w_phi, w_g):
    """No flattening at all: the keys' rows and columns have letters of their own."""
    theta, phi, g = (torch.einsum("dc,bchw->bdhw", w, x) for w in (w_theta, w_phi, w_g))
    f = torch.einsum("bdhw,bdij->bhwij", theta, phi).exp()
    return torch.einsum("bhwij,beij->behw", f / f.sum((3, 4), keepdim=True), g)


def by_loops(x, w_theta, w_phi, w_g):
    y = x.new_zeros(len(x), len(w_g), *x.shape[2:])
    for b, image in enumerate(x):
        keys, values = w_phi @ image.flatten(1), w_g @ image.flatten(1)  # (D, N), (E, N)
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                weights = ((w_theta @ image[:, i, j]) @ keys).softmax(0)  # (N,)
                y[b, :, i, j] = values @ weights
    return y
