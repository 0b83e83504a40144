"""Exercise 4.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
import torch.nn.functional as F

from course_lib.exercises.bank.ch04 import places


def space_time(x, w_theta, w_phi, w_g):
    tokens = x.flatten(2).mT  # (B, C, T, H, W) -> (B, N, C), N = T * H * W
    theta, phi, g = tokens @ w_theta.T, tokens @ w_phi.T, tokens @ w_g.T
    y = (theta @ phi.mT).softmax(-1) @ g  # (B, N, N) @ (B, N, E)
    return y.mT.unflatten(2, x.shape[2:])  # (B, N, E) -> (B, E, N) -> (B, E, T, H, W)


def in_each_frame(x, *weights):
    """Every frame by itself, as an image of its own."""
    frames = x.transpose(1, 2).flatten(0, 1)  # (B*T, C, H, W)
    y = places.wired()(frames, *weights)
    return y.unflatten(0, (len(x), -1)).transpose(1, 2)


def in_each_frame_without_a_transpose(x, *weights):
    """(B, C, T, H, W) reshaped to (B*T, C, H, W): channels stand before frames in memory."""
    batch, channels, frames, height, width = x.shape
    y = places.wired()(x.reshape(batch * frames, channels, height, width), *weights)
    return y.reshape(batch, -1, frames, height, width)


def in_each_frame_put_back_without_a_transpose(x, *weights):
    frames = x.transpose(1, 2).flatten(0, 1)  # (B*T, C, H, W)
    y = places.wired()(frames, *weights)
    return y.reshape(len(x), -1, *x.shape[2:])


def at_each_place(x, *weights):
    """Every place by itself, through time."""
    lines = x.permute(0, 3, 4, 1, 2).flatten(0, 2)  # (B*H*W, C, T)
    y = places.wired()(lines, *weights)
    return y.unflatten(0, (len(x), *x.shape[3:])).permute(0, 3, 4, 1, 2)


def both_added(x, *weights):
    return in_each_frame(x, *weights) + at_each_place(x, *weights)


def space_then_time(x, *weights):
    return at_each_place(in_each_frame(x, *weights), *weights)


def time_then_space(x, *weights):
    return in_each_frame(at_each_place(x, *weights), *weights)


def _pairs(x, weights):
    theta, phi, g = places.embedded(places.in_order(x), *weights)
    return places.products(theta, phi), g


def _blocks(x, scores):
    """The scores with the keys' frames on an axis of their own: (B, N, T, H*W)."""
    return scores.unflatten(2, (x.shape[2], -1))


def softmax_in_each_frame(mean):
    """The weights sum to 1 over each frame's keys; the frames are then summed, or averaged."""

    def answer(x, *weights):
        scores, g = _pairs(x, weights)
        shares = _blocks(x, scores).softmax(-1).flatten(2)
        return places.back(shares @ g / (x.shape[2] if mean else 1), x.shape[2:])

    return answer


def softmax_over_time(x, *weights):
    scores, g = _pairs(x, weights)
    return places.back(_blocks(x, scores).softmax(2).flatten(2) @ g, x.shape[2:])


def masked(allowed):
    """`allowed`: which key frame (second) a query frame (first) may look at."""

    def answer(x, *weights):
        scores, g = _pairs(x, weights)
        frame = torch.arange(x.shape[2]).repeat_interleave(x.shape[3] * x.shape[4])  # (N,)
        may = allowed(frame[:, None], frame[None], x.shape[2])
        return places.back(scores.masked_fill(~may, -torch.inf).softmax(-1) @ g, x.shape[2:])

    return answer


def first_frame_spread(x, *weights):
    """The answer of the first frame's places, repeated for all frames."""
    y = space_time(x, *weights)
    return y[:, :, :1].expand_as(y)


def averaged_over_time(x, *weights):
    return space_time(x.mean(2, keepdim=True).expand_as(x), *weights)


def keys_averaged_over_time(x, w_theta, w_phi, w_g):
    theta = places.in_order(x) @ w_theta.T
    still = places.in_order(x.mean(2))  # (B, H*W, C)
    return places.back((theta @ (still @ w_phi.T).mT).softmax(-1) @ (still @ w_g.T), x.shape[2:])


def time_last(x):
    return x.permute(0, 1, 3, 4, 2).flatten(2).mT  # N runs over H, W, T


def columns_first(x):
    return x.mT.flatten(2).mT  # N runs over T, W, H


def put_back_as_time_last(y, space):
    """Cut as (H, W, T) and then moved to (T, H, W)."""
    frames, height, width = space
    return y.mT.unflatten(2, (height, width, frames)).permute(0, 1, 4, 2, 3)


def put_back_turned(y, space):
    frames, height, width = space
    return y.mT.unflatten(2, (frames, width, height)).mT


def time_first(y, space):
    return places.back(y, space).transpose(1, 2)  # (B, T, E, H, W)


def channels_last(y, space):
    return y.unflatten(1, space)  # (B, T, H, W, E)


def written_frame_by_frame(y, space):
    """Right up to the last step: (B, T, E, H*W) reshaped where it should have been transposed."""
    frames, height, width = space
    by_frame = y.unflatten(1, (frames, height * width)).mT  # (B, T, E, H*W)
    return by_frame.reshape(len(y), -1, frames, height, width)


def through_an_image(x, *weights):
    """The frames one under the other, as one tall image: the map of exercise 4.4."""
    tall = x.flatten(2, 3)  # (B, C, T*H, W)
    return places.channels_first(tall, *weights).unflatten(2, x.shape[2:4])


def by_convolutions(x, w_theta, w_phi, w_g):
    theta, phi, g = (
        F.conv3d(x, w[:, :, None, None, None]).flatten(2) for w in (w_theta, w_phi, w_g)
    )
    weights = (theta.transpose(1, 2) @ phi).softmax(dim=2)
    return (g @ weights.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])


def by_einsum(x, w_theta, w_phi, w_g):
    theta, phi, g = (torch.einsum("dc,bcthw->bdthw", w, x) for w in (w_theta, w_phi, w_g))
    f = torch.einsum("bdthw,bdsij->bthwsij", theta, phi).exp()
    return torch.einsum("bthwsij,besij->bethw", f / f.sum((4, 5, 6), keepdim=True), g)


def by_frames(x, w_theta, w_phi, w_g):
    """Each frame's places ask all places: never more than (H*W, N) weights at once."""
    tokens = places.in_order(x)
    keys, values = tokens @ w_phi.T, tokens @ w_g.T
    frames = []
    for frame in x.unbind(2):
        asking = places.in_order(frame) @ w_theta.T  # (B, H*W, D)
        y = (asking @ keys.mT).softmax(-1) @ values
        frames.append(places.back(y, frame.shape[2:]))
    return torch.stack(frames, dim=2)
