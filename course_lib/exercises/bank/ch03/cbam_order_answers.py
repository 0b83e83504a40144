"""Exercise 3.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def cbam(x, w1, w2, kernel):
    refined = x * channel_gate(x, w1, w2)  # (B, C, H, W)
    return refined * spatial_gate(refined, kernel)  # (B, C, H, W)


def average(x):
    return x.mean((2, 3))  # (B, C, H, W) -> (B, C)


def largest(x):
    return x.amax((2, 3))  # (B, C, H, W) -> (B, C)


def channel_gate(
    x,
    w1,
    w2,
    pools=(average, largest),
    middle=torch.relu,
    join=lambda *scores: sum(scores).sigmoid(),
):
    scores = [middle(pool(x) @ w1.T) @ w2.T for pool in pools]  # (B, C) -> (B, R) -> (B, C)
    return join(*scores)[:, :, None, None]  # (B, C, 1, 1)


def over_channels(x):
    return [x.mean(1, keepdim=True), x.amax(1, keepdim=True)]  # (B, 1, H, W), twice


def zeros_around(seen, kernel):
    return F.conv2d(seen, kernel, padding=3)


def spatial_gate(x, kernel, look=over_channels, convolve=zeros_around, end=torch.sigmoid):
    return end(convolve(torch.cat(look(x), dim=1), kernel))  # (B, 2, H, W) -> (B, 1, H, W)


def wired(
    channel=channel_gate,
    spatial=spatial_gate,
    finish=lambda x, refined, gate: refined * gate,
):
    """The reference with one gate, or the last product, exchanged."""

    def answer(x, w1, w2, kernel):
        refined = x * channel(x, w1, w2)
        return finish(x, refined, spatial(refined, kernel))

    return answer


def channel(**parts):
    """The reference with one part of the channel gate exchanged."""
    return wired(channel=lambda x, w1, w2: channel_gate(x, w1, w2, **parts))


def spatial(**parts):
    """The reference with one part of the spatial gate exchanged."""
    return wired(spatial=lambda x, kernel: spatial_gate(x, kernel, **parts))


def spatial_first(x, w1, w2, kernel):
    refined = x * spatial_gate(x, kernel)
    return refined * channel_gate(refined, w1, w2)


def side_by_side(x, w1, w2, kernel):
    return x * channel_gate(x, w1, w2) * spatial_gate(x, kernel)


def both_added(x, w1, w2, kernel):
    refined = x * channel_gate(x, w1, w2)
    return refined + x * spatial_gate(x, kernel)


def gates_alone(x, w1, w2, kernel):
    opened = channel_gate(x, w1, w2)
    return opened * spatial_gate(opened * x, kernel)


def pooled_together(x, w1, w2):
    return channel_gate(x, w1, w2, pools=(lambda x: average(x) + largest(x),))


pools_of_the_batch = (
    lambda x: x.mean((0, 2, 3)).expand(x.shape[:2]),
    lambda x: x.amax((0, 2, 3)).expand(x.shape[:2]),
)


def padded(mode):
    return lambda seen, kernel: F.conv2d(F.pad(seen, (3, 3, 3, 3), mode=mode), kernel)


def middle_three(seen, kernel):
    return F.conv2d(seen, kernel[..., 2:5, 2:5], padding=1)


def by_loops(x, w1, w2, kernel):
    batch, channels, height, width = x.shape
    samples = []
    for image in x:
        scores = 0
        for pooled in (
            torch.stack([c.sum() / c.numel() for c in image]),
            torch.stack([c.max() for c in image]),
        ):
            hidden = torch.stack([(row * pooled).sum().clamp_min(0) for row in w1])
            scores = scores + torch.stack([(row * hidden).sum() for row in w2])
        refined = image / (1 + (-scores).exp())[:, None, None]
        seen = (refined.sum(0) / channels, refined.max(0).values)
        rows = []
        for i in range(height):
            row = []
            for j in range(width):
                top, left = max(0, i - 3), max(0, j - 3)
                part = [s[top : i + 4, left : j + 4] for s in seen]
                h, w = part[0].shape
                weights = kernel[0, :, top - i + 3 :, left - j + 3 :][:, :h, :w]
                score = sum((p * k).sum() for p, k in zip(part, weights, strict=True))
                row.append(refined[:, i, j] / (1 + (-score).exp()))
            rows.append(torch.stack(row, dim=-1))  # (C, W)
        samples.append(torch.stack(rows, dim=1))  # (C, H, W)
    return torch.stack(samples)


def by_einsum(x, w1, w2, kernel):
    pooled = torch.stack([torch.einsum("bchw->bc", x) / x[0, 0].numel(), x.flatten(2).amax(-1)])
    hidden = torch.einsum("pbc,rc->pbr", pooled, w1).relu()
    refined = torch.einsum("bchw,bc->bchw", x, torch.einsum("pbr,cr->bc", hidden, w2).sigmoid())
    windows = F.unfold(torch.cat(over_channels(refined), 1), 7, padding=3)  # (B, 2*49, H*W)
    gate = torch.einsum("bkn,k->bn", windows, kernel.flatten()).sigmoid()
    return refined * gate.view(len(x), 1, *x.shape[2:])


def by_pooling_layers(x, w1, w2, kernel):
    layers = [w[:, :, None, None] for w in (w1, w2)]  # 1x1 convolutions
    scores = 0
    for pool in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
        scores = scores + F.conv2d(F.conv2d(pool(x, 1), layers[0]).relu(), layers[1])
    x = x * scores.sigmoid()
    seen = torch.stack([x.mean(1), x.max(1).values], dim=1)  # (B, 2, H, W)
    return x * F.conv2d(seen, kernel, padding="same").sigmoid()


def by_one_product(x, w1, w2, kernel):
    """Both gates first, one product after: the spatial gate still looks at what is refined."""
    opened = channel_gate(x, w1, w2)
    return (opened * spatial_gate(opened * x, kernel)) * x


def kernel_map_by_map(x, w1, w2, kernel):
    refined = x * channel_gate(x, w1, w2)
    mean, top = over_channels(refined)
    scores = F.conv2d(mean, kernel[:, :1], padding=3) + F.conv2d(top, kernel[:, 1:], padding=3)
    return refined * scores.sigmoid()
