"""Exercise 3.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def eca(x, weight):
    means = x.mean((2, 3))[:, None]  # (B, 1, C): one signal, as long as there are channels
    scores = F.conv1d(means, weight, padding=weight.shape[-1] // 2)  # (B, 1, C)
    return x * scores.sigmoid().transpose(1, 2)[..., None]  # (B, C, 1, 1) broadcasts


def average(x):
    return x.mean((2, 3))  # (B, C, H, W) -> (B, C)


def along_channels(means, weight):
    """(B, C) -> (B, C), with zeros before the first channel and behind the last."""
    return F.conv1d(means[:, None], weight, padding=weight.shape[-1] // 2)[:, 0]


def wired(
    squeeze=average,
    mix=along_channels,
    end=torch.sigmoid,
    scale=lambda x, gate: x * gate,
):
    """The reference with one part exchanged."""

    def answer(x, weight):
        return scale(x, end(mix(squeeze(x), weight))[:, :, None, None])

    return answer


def padded(left, right=None, mode="constant"):
    """Another padding; `left` and `right` are functions of half the kernel's length."""
    right = right or left

    def mix(means, weight):
        half = weight.shape[-1] // 2
        wide = F.pad(means[:, None], (left(half), right(half)), mode=mode)
        return F.conv1d(wide, weight)[:, 0]

    return mix


def around_the_end(means, weight):
    half = weight.shape[-1] // 2
    taps = [means.roll(half - i, dims=1) * weight[0, 0, i] for i in range(weight.shape[-1])]
    return sum(taps)


def cropped(means, weight):
    """Padded with k on both sides, and the first C results kept."""
    return F.conv1d(means[:, None], weight, padding=weight.shape[-1])[:, 0, : means.shape[1]]


def kernel_turned(means, weight):
    return along_channels(means, weight.flip(-1))


def each_channel_alone(means, weight):
    half = weight.shape[-1] // 2
    return means * weight[0, 0, half]


def all_channels_summed(means, weight):
    """C input channels of length 1, one kernel for all: only its middle meets a number."""
    half = weight.shape[-1] // 2
    return (means.sum(1, keepdim=True) * weight[0, 0, half]).expand_as(means)


def along_the_batch(means, weight):
    return along_channels(means.T, weight).T


def kernel_normed(means, weight):
    return along_channels(means, weight.softmax(-1))


def moving_average(means, weight):
    return along_channels(means, torch.ones_like(weight) / weight.shape[-1])


def twice(means, weight):
    return along_channels(along_channels(means, weight).relu(), weight)


def along_the_places(x, weight):
    """No squeeze of the places: the channels are averaged, and the kernel runs along H * W."""
    places = x.mean(1).flatten(1)[:, None]  # (B, 1, H*W)
    gate = F.conv1d(places, weight, padding=weight.shape[-1] // 2).sigmoid()
    return x * gate.view(len(x), 1, *x.shape[2:])


def pooled_over_one_axis(axis):
    """Only one of the two axes of places is averaged."""
    return lambda x, weight: x * gate_of_each_place(x.mean(axis, keepdim=True), weight)


def gate_of_each_place(x, weight):
    """The kernel runs along the channels of every place that is left."""
    half = weight.shape[-1] // 2
    return F.conv3d(x[:, None], weight[..., None, None], padding=(half, 0, 0))[:, 0].sigmoid()


def no_squeeze(x, weight):
    return x * gate_of_each_place(x, weight)


def by_loops(x, weight):
    batch, channels, kernel = x.shape[0], x.shape[1], weight.flatten()
    half = len(kernel) // 2
    maps = []
    for b in range(batch):
        means = [channel.sum() / channel.numel() for channel in x[b]]
        for c in range(channels):
            score = 0.0 * kernel[0]
            for i in range(len(kernel)):
                if 0 <= c + i - half < channels:
                    score = score + kernel[i] * means[c + i - half]
            maps.append(x[b, c] / (1 + (-score).exp()))
    return torch.stack(maps).view_as(x)


def by_unfolding(x, weight):
    half = weight.shape[-1] // 2
    windows = F.pad(average(x), (half, half)).unfold(1, weight.shape[-1], 1)  # (B, C, k)
    return torch.einsum("bchw,bc->bchw", x, (windows @ weight.flatten()).sigmoid())


def by_a_band(x, weight):
    """The convolution as a matrix product with a band matrix."""
    channels, half = x.shape[1], weight.shape[-1] // 2
    band = sum(
        torch.diag(weight[0, 0, half + d].expand(channels - abs(d)), d)
        for d in range(-half, half + 1)
        if abs(d) < channels
    )
    return x * (average(x) @ band.T).sigmoid()[:, :, None, None]


def by_pooling(x, weight):
    means = F.adaptive_avg_pool2d(x, 1)  # (B, C, 1, 1)
    scores = F.conv1d(means.squeeze(-1).transpose(-1, -2), weight, padding=weight.shape[-1] // 2)
    return x * scores.transpose(-1, -2).unsqueeze(-1).sigmoid().expand_as(x)


def by_a_flat_convolution(x, weight):
    """A 2D convolution over the means laid out as a column."""
    column = average(x)[:, None, :, None]  # (B, 1, C, 1)
    scores = F.conv2d(column, weight[..., None], padding=(weight.shape[-1] // 2, 0))
    return x * scores.sigmoid().transpose(1, 2)
