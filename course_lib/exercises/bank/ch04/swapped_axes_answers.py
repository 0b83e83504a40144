"""Exercise 4.7's answers as code: the stub, its half repairs, other wrong ones, and right ones."""

import torch
import torch.nn.functional as F

from course_lib.exercises.bank.ch04 import places


def self_attention_map(x, w_q, w_k, w_v, gamma):
    height, width = x.shape[2:]
    tokens = x.flatten(2).mT  # (B, N, C)
    q, k, v = tokens @ w_q.T, tokens @ w_k.T, tokens @ w_v.T
    weights = (q @ k.mT).softmax(-1)  # (B, N, N)
    out = (weights @ v).mT.unflatten(2, (height, width))  # (B, C, H, W)
    return x + gamma * out


def stub(x, w_q, w_k, w_v, gamma):
    """What the learner is given: H and W exchanged, and a transpose that makes the shapes fit."""
    width, height = x.shape[2:]
    tokens = x.flatten(2).mT  # (B, N, C)
    q, k, v = tokens @ w_q.T, tokens @ w_k.T, tokens @ w_v.T
    weights = (q @ k.mT).softmax(1)  # (B, N, N)
    out = (weights @ v).mT.unflatten(2, (height, width)).mT  # (B, C, H, W)
    return x + gamma * out


def wired(
    read=places.in_order,
    roles=places.embedded,
    scores=places.products,
    weigh=places.over_keys,
    gather=places.gathered,
    write=places.back,
    end=lambda x, out, gamma: x + gamma * out,
):
    """The reference with one part exchanged."""

    def answer(x, w_q, w_k, w_v, gamma):
        q, k, v = roles(read(x), w_q, w_k, w_v)
        out = write(gather(weigh(scores(q, k)), v), x.shape[2:])
        return end(x, out, gamma)

    return answer


def over_queries(scores):
    return scores.softmax(1)


def turned(y, space):
    """As in the stub: (B, C, N) cut into W rows of H, then transposed."""
    return y.mT.unflatten(2, (space[1], space[0])).mT


def transposed(y, space):
    """The names put right, the transpose left in: fits where H equals W."""
    return y.mT.unflatten(2, space).mT


def column_by_column(x):
    return x.mT.flatten(2).mT


def softmax_of_the_result(y, space):
    return places.back(y.softmax(-1), space)


def as_published(x, w_q, w_k, w_v, gamma):
    batch, channels, height, width = x.size()
    query, key, value = (F.conv2d(x, w[:, :, None, None]) for w in (w_q, w_k, w_v))
    query = query.view(batch, -1, height * width).permute(0, 2, 1)
    key = key.view(batch, -1, height * width)
    attention = torch.softmax(torch.bmm(query, key), dim=-1)
    value = value.view(batch, -1, height * width)
    out = torch.bmm(value, attention.permute(0, 2, 1)).view(batch, channels, height, width)
    return gamma * out + x


def keys_as_rows(x, w_q, w_k, w_v, gamma):
    """A softmax over axis 1 is right where that axis holds the keys."""
    maps = x.flatten(2)  # (B, C, N)
    q, k, v = w_q @ maps, w_k @ maps, w_v @ maps
    weights = (k.mT @ q).softmax(1)  # keys by queries
    return x + gamma * (v @ weights).reshape(x.shape)


def two_transposes(x, w_q, w_k, w_v, gamma):
    """Width first throughout, and turned back at the end."""
    turned_x = x.mT
    out = self_attention_map(turned_x, w_q, w_k, w_v, gamma) - turned_x
    return x + out.mT


def fused(x, w_q, w_k, w_v, gamma):
    q, k, v = places.embedded(places.in_order(x), w_q, w_k, w_v)
    y = F.scaled_dot_product_attention(q, k, v, scale=1.0)
    return torch.addcmul(x, gamma, y.mT.reshape(x.shape))


def by_einsum(x, w_q, w_k, w_v, gamma):
    q, k, v = (torch.einsum("dc,bchw->bdhw", w, x) for w in (w_q, w_k, w_v))
    f = torch.einsum("bdhw,bdij->bhwij", q, k).exp()
    return x + gamma * torch.einsum("bhwij,bcij->bchw", f / f.sum((3, 4), keepdim=True), v)
