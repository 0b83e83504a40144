"""Exercise 3.7's answers as code: the stub, its half repairs, other wrong ones, and right ones."""

import torch
from torch.nn import functional as F


def spatial_gate(x, w1, b1, w2, b2):
    hidden = F.conv2d(x, w1, b1, padding=1).relu()  # (B, R, H, W)
    return x * F.conv2d(hidden, w2, b2).sigmoid()  # (B, C, H, W) * (B, 1, H, W)


def stub(x, w1, b1, w2, b2):
    """What the learner is given to repair: the ReLU has slipped behind the second convolution."""
    hidden = F.conv2d(x, w1, b1, padding=1)  # (B, R, H, W)
    gate = F.conv2d(hidden, w2, b2).relu().sigmoid()  # (B, 1, H, W)
    return x * gate


def zeros_around(x, w1, b1):
    return F.conv2d(x, w1, b1, padding=1)


def wired(
    first=zeros_around,
    middle=torch.relu,
    end=torch.sigmoid,
    scale=lambda x, gate: x * gate,
    bias=lambda b2: b2,
):
    """The reference with one part exchanged."""

    def answer(x, w1, b1, w2, b2):
        return scale(x, end(F.conv2d(middle(first(x, w1, b1)), w2, bias(b2))))

    return answer


def padded(mode):
    return lambda x, w1, b1: F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), w1, b1)


def frame_of_zeros(x, w1, b1):
    """No padding, and the hidden map gets its frame afterwards."""
    return F.pad(F.conv2d(x, w1, b1), (1, 1, 1, 1))


def frame_of_closed_gates(x, w1, b1, w2, b2):
    gate = F.conv2d(F.conv2d(x, w1, b1).relu(), w2, b2).sigmoid()
    return x * F.pad(gate, (1, 1, 1, 1))


def inner_places_only(x, w1, b1, w2, b2):
    gate = F.conv2d(F.conv2d(x, w1, b1).relu(), w2, b2).sigmoid()
    return x[:, :, 1:-1, 1:-1] * gate


def stretched(x, w1, b1, w2, b2):
    gate = F.conv2d(F.conv2d(x, w1, b1).relu(), w2, b2).sigmoid()
    return x * F.interpolate(gate, x.shape[2:])


def hidden_gated(x, w1, b1, w2, b2):
    """x overwritten: the gate multiplies the hidden map."""
    x = F.conv2d(x, w1, b1, padding=1).relu()
    return x * F.conv2d(x, w2, b2).sigmoid()


def one_gate_for_all_places(x, w1, b1, w2, b2):
    scores = F.conv2d(F.conv2d(x, w1, b1, padding=1).relu(), w2, b2)
    return x * scores.mean((2, 3), keepdim=True).sigmoid()


def by_loops(x, w1, b1, w2, b2):
    batch, channels, height, width = x.shape
    samples = []
    for image in x:
        rows = []
        for i in range(height):
            row = []
            for j in range(width):
                top, left = max(0, i - 1), max(0, j - 1)
                part = image[:, top : i + 2, left : j + 2]
                weights = w1[:, :, top - i + 1 :, left - j + 1 :]
                weights = weights[:, :, : part.shape[1], : part.shape[2]]
                hidden = ((weights * part).sum((1, 2, 3)) + b1).clamp_min(0)  # (R,)
                score = (w2[0, :, 0, 0] * hidden).sum() + b2[0]
                row.append(image[:, i, j] * (score / 2).tanh().add(1) / 2)
            rows.append(torch.stack(row, dim=-1))  # (C, W)
        samples.append(torch.stack(rows, dim=1))  # (C, H, W)
    return torch.stack(samples)


def by_einsum(x, w1, b1, w2, b2):
    windows = F.unfold(x, 3, padding=1)  # (B, C*9, H*W)
    hidden = (torch.einsum("bkn,rk->brn", windows, w1.flatten(1)) + b1[:, None]).relu()
    gate = (torch.einsum("brn,r->bn", hidden, w2.flatten()) + b2).sigmoid()
    return torch.einsum("bchw,bhw->bchw", x, gate.unflatten(1, x.shape[2:]))


def by_a_linear_layer(x, w1, b1, w2, b2):
    """The 1x1 convolution as a linear layer on channels that stand last."""
    hidden = F.conv2d(x, w1, b1, padding="same").relu().permute(0, 2, 3, 1)  # (B, H, W, R)
    return x * F.linear(hidden, w2.flatten(1), b2).sigmoid().permute(0, 3, 1, 2)


def places_kept_or_dropped(x, w1, b1, w2, b2):
    """The sigmoid as the softmax of two scores, the place's and 0."""
    score = F.conv2d(F.relu(F.conv2d(x, w1, b1, padding=1)), w2, b2)
    pair = torch.cat([score, torch.zeros_like(score)], dim=1)  # (B, 2, H, W)
    return pair.softmax(1)[:, :1] * x
