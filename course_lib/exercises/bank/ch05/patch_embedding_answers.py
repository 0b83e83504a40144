"""Exercise 5.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def patch_embed(x, weight, bias):
    x = F.conv2d(x, weight, bias, stride=weight.shape[-1])  # (B, D, H/p, W/p)
    return x.flatten(2).transpose(1, 2)  # (B, N, D)


def convolved(x, weight, bias):
    return F.conv2d(x, weight, bias, stride=weight.shape[-1])


def wired(weigh=lambda weight: weight, finish=lambda maps: maps.flatten(2).mT, **options):
    """The reference with one part exchanged; `options` go to the convolution."""

    def answer(x, weight, bias):
        settings = {"stride": weight.shape[-1]} | {
            name: choose(weight) for name, choose in options.items()
        }
        return finish(F.conv2d(x, weigh(weight), bias, **settings))

    return answer


def reshaped(maps):
    """(B, D, H/p, W/p) to (B, N, D) without an exchange of axes."""
    return maps.reshape(maps.shape[0], -1, maps.shape[1])


def no_bias(x, weight, bias):
    return patch_embed(x, weight, None)


def bias_twice(x, weight, bias):
    return patch_embed(x, weight, bias) + bias


def relu_after(x, weight, bias):
    return patch_embed(x, weight, bias).relu()


def cut(x, patch):
    """(B, C, H, W) -> (B, rows, columns, C, p, p)."""
    return x.unfold(2, patch, patch).unfold(3, patch, patch).permute(0, 2, 3, 1, 4, 5)


def by_product(tokens, flatten=lambda weight: weight.flatten(1).T):
    """Tokens (B, N, C * p * p) times the weight as a matrix."""
    return lambda x, weight, bias: tokens(x, weight.shape[-1]) @ flatten(weight) + bias


def _tokens(x, patch):
    return cut(x, patch).flatten(3).flatten(1, 2)


def _channels_last(x, patch):
    return cut(x, patch).permute(0, 1, 2, 4, 5, 3).flatten(3).flatten(1, 2)


def _reshaped_only(x, patch):
    return x.reshape(x.shape[0], -1, x.shape[1] * patch**2)


def reshaped_weight(weight):
    """(D, C, p, p) read as (C * p * p, D): the right shape by accident."""
    return weight.reshape(-1, weight.shape[0])


product_of_channels_last = by_product(_channels_last)
product_of_reshaped_pixels = by_product(_reshaped_only)
product_with_reshaped_weight = by_product(_tokens, reshaped_weight)


def averaged_first(x, weight, bias):
    """The mean of each patch, weighted with the sum of the kernel: blind inside a patch."""
    patch = weight.shape[-1]
    return F.conv2d(F.avg_pool2d(x, patch), weight.sum((2, 3))[..., None, None], bias).flatten(2).mT


def divided_by_the_pixels(x, weight, bias):
    return (convolved(x, weight, None) / weight[0].numel()).flatten(2).mT + bias


def copied_into_a_layer(x, weight, bias):
    layer = torch.nn.utils.skip_init(torch.nn.Conv2d, *weight.shape[1::-1], weight.shape[-1])
    layer.stride = weight.shape[2:]
    layer.weight, layer.bias = (torch.nn.Parameter(t.detach()) for t in (weight, bias))
    return layer(x).flatten(2).mT


def one_channel_for_all(x, weight, bias):
    return patch_embed(x.mean(1, keepdim=True).expand_as(x), weight, bias)


def by_matrix(x, weight, bias):
    return F.linear(_tokens(x, weight.shape[-1]), weight.flatten(1), bias)


def by_unfold(x, weight, bias):
    patch = weight.shape[-1]
    columns = F.unfold(x, patch, stride=patch)  # (B, C * p * p, N)
    return (weight.flatten(1) @ columns + bias[:, None]).transpose(1, 2)


def by_einsum(x, weight, bias):
    x = torch.einsum("bijcpq,dcpq->bijd", cut(x, weight.shape[-1]), weight) + bias
    return x.flatten(1, 2)


def by_loops(x, weight, bias):
    patch, tokens = weight.shape[-1], []
    for top in range(0, x.shape[2], patch):
        for left in range(0, x.shape[3], patch):
            piece = x[:, None, :, top : top + patch, left : left + patch]  # (B, 1, C, p, p)
            tokens.append((piece * weight).sum((2, 3, 4)) + bias)
    return torch.stack(tokens, 1)


def by_every_convolution(x, weight, bias):
    """All places convolved, every p-th kept: right, and p * p times the work."""
    patch = weight.shape[-1]
    return F.conv2d(x, weight, bias)[:, :, ::patch, ::patch].flatten(2).permute(0, 2, 1)


def in_float64(x, weight, bias):
    return patch_embed(x.double(), weight.double(), bias.double()).to(x.dtype)
