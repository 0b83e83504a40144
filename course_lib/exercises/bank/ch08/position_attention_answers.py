"""Exercise 8.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.exercises.bank.ch04 import places


class PositionAttention(nn.Module):
    def __init__(self, dim, inner_dim):
        super().__init__()
        self.query = nn.Conv2d(dim, inner_dim, 1)
        self.key = nn.Conv2d(dim, inner_dim, 1)
        self.value = nn.Conv2d(dim, dim, 1)
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        q, k, v = (layer(x).flatten(2).mT for layer in (self.query, self.key, self.value))  # (B, N, D or C)
        o = (q @ k.mT).softmax(-1) @ v  # (B, N, C)
        return self.alpha * o.mT.unflatten(2, x.shape[2:]) + x  # (B, C, H, W)


def module(forward):
    return type("PositionAttention", (PositionAttention,), {"forward": forward})


def three(self, x):
    return [layer(x).flatten(2).mT for layer in (self.query, self.key, self.value)]


def wired(
    roles=lambda q, k, v, x: (q, k, v),
    scores=places.products,
    weigh=places.over_keys,
    gather=places.gathered,
    write=places.back,
    end=lambda o, x, alpha: alpha * o + x,
):
    """The reference with one part exchanged."""

    def forward(self, x):
        q, k, v = roles(*three(self, x), x)
        o = write(gather(weigh(scores(q, k)), v), x.shape[2:])
        return end(o, x, self.alpha)

    return module(forward)


# Slips of the softmax


def over_queries(scores):
    return scores.softmax(-2)


def of_sigmoids(scores):
    return scores.sigmoid()


def overflowing(scores):
    return scores.exp() / scores.exp().sum(-1, keepdim=True)


# Slips of the rest


def turned(o, space):
    """Written as W rows of H."""
    return o.mT.unflatten(2, (space[1], space[0])).mT


def from_x(q, k, v, x):
    return q, k, x.flatten(2).mT


def over_channels(self, x):
    """The product over the places: channels attend to channels, queries and keys being as wide as the map."""
    v = self.value(x).flatten(2)  # (B, C, N)
    o = (v @ v.mT).softmax(-1) @ v
    return self.alpha * o.view_as(x) + x


def _biases_left_out(self, x):
    layers = (self.query, self.key, self.value)
    q, k, v = (F.conv2d(x, layer.weight).flatten(2).mT for layer in layers)
    return self.alpha * places.back((q @ k.mT).softmax(-1) @ v, x.shape[2:]) + x


def _alpha_in_the_scores(self, x):
    q, k, v = three(self, x)
    return places.back((self.alpha * (q @ k.mT)).softmax(-1) @ v, x.shape[2:]) + x


# Right ones


def _as_published(self, x):
    batch, channels, height, width = x.size()
    query = self.query(x).view(batch, -1, width * height).permute(0, 2, 1)
    key = self.key(x).view(batch, -1, width * height)
    attention = torch.bmm(query, key).softmax(dim=-1)
    value = self.value(x).view(batch, -1, width * height)
    out = torch.bmm(value, attention.permute(0, 2, 1)).view(batch, channels, height, width)
    return self.alpha * out + x


def _by_einsum(self, x):
    energy = torch.einsum("bdhw,bdij->bhwij", self.query(x), self.key(x))
    weights = energy.flatten(3).softmax(-1).view_as(energy)
    return x + self.alpha * torch.einsum("bhwij,bcij->bchw", weights, self.value(x))


def _fused(self, x):
    q, k, v = three(self, x)
    o = F.scaled_dot_product_attention(q, k, v, scale=1.0)
    return torch.addcmul(x, self.alpha, o.transpose(1, 2).reshape(x.shape))


def _place_by_place(self, x):
    q, k, v = self.query(x).flatten(2), self.key(x).flatten(2), self.value(x).flatten(2)
    out = []
    for n in range(q.shape[-1]):
        scores = (q[:, :, n, None] * k).sum(1)  # (B, N)
        out.append((scores.softmax(-1)[:, None] * v).sum(-1))
    return self.alpha * torch.stack(out, -1).view_as(x) + x


def _x_gathered_first(self, x):
    """The value's convolution last: both are linear, and weights that sum to 1 keep its bias."""
    q, k, _ = three(self, x)
    gathered = places.back((q @ k.mT).softmax(-1) @ x.flatten(2).mT, x.shape[2:])
    return self.alpha * self.value(gathered) + x


channels_attend = module(over_channels)
biases_left_out = module(_biases_left_out)
alpha_in_the_scores = module(_alpha_in_the_scores)
as_published = module(_as_published)
by_einsum = module(_by_einsum)
fused = module(_fused)
place_by_place = module(_place_by_place)
x_gathered_first = module(_x_gathered_first)
