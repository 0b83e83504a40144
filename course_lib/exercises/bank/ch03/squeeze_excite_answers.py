"""Exercise 3.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F


class SqueezeExcite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        return x * self.fc2(self.fc1(s).relu()).sigmoid()  # (B, C, H, W)


def module(forward):
    """The given constructor with another `forward`."""
    return type("SqueezeExcite", (SqueezeExcite,), {"forward": forward})


def average(x):
    return x.mean((2, 3), keepdim=True)


def one_for_all_channels(x):
    return x.mean((1, 2, 3), keepdim=True).repeat(1, x.shape[1], 1, 1)


def wired(
    squeeze=average,
    middle=torch.relu,
    end=torch.sigmoid,
    scale=lambda x, gate: x * gate,
):
    """The reference with one part exchanged."""

    def forward(self, x):
        return scale(x, end(self.fc2(middle(self.fc1(squeeze(x))))))

    return module(forward)


def _layers_exchanged(self, x):
    return x * self.fc1(self.fc2(average(x)).relu()).sigmoid()


def _biases_left_out(self, x):
    hidden = F.conv2d(average(x), self.fc1.weight).relu()
    return x * F.conv2d(hidden, self.fc2.weight).sigmoid()


def _gated_means(self, x):
    s = average(x)
    return (s * self.fc2(self.fc1(s).relu()).sigmoid()).expand_as(x)


def _gated_means_not_spread(self, x):
    s = average(x)
    return s * self.fc2(self.fc1(s).relu()).sigmoid()


def _mean_and_maximum(self, x):
    scores = [self.fc2(self.fc1(s).relu()) for s in (average(x), x.amax((2, 3), keepdim=True))]
    return x * sum(scores).sigmoid()


def _gate_of_places_averaged(self, x):
    return x * average(self.fc2(self.fc1(x).relu()).sigmoid())


def _squeezed_after(self, x):
    return x * average(self.fc2(self.fc1(x).relu())).sigmoid()


def _by_linear_layers(self, x):
    s = x.mean((2, 3))  # (B, C)
    hidden = F.linear(s, self.fc1.weight.flatten(1), self.fc1.bias).relu()
    gate = F.linear(hidden, self.fc2.weight.flatten(1), self.fc2.bias).sigmoid()
    return x * gate[:, :, None, None]


def _by_loops(self, x):
    maps = []
    for image in x:
        s = torch.stack([channel.sum() / channel.numel() for channel in image])
        hidden = [
            (sum(w * m for w, m in zip(weight.flatten(), s, strict=True)) + bias).clamp_min(0)
            for weight, bias in zip(self.fc1.weight, self.fc1.bias, strict=True)
        ]
        scores = [
            sum(w * h for w, h in zip(weight.flatten(), hidden, strict=True)) + bias
            for weight, bias in zip(self.fc2.weight, self.fc2.bias, strict=True)
        ]
        gates = [1 / (1 + (-score).exp()) for score in scores]
        maps.append(torch.stack([c * g for c, g in zip(image, gates, strict=True)]))
    return torch.stack(maps)


def _by_einsum(self, x):
    s = torch.einsum("bchw->bc", x) / x[0, 0].numel()
    hidden = torch.einsum("bc,rc->br", s, self.fc1.weight[:, :, 0, 0]) + self.fc1.bias
    scores = torch.einsum("br,cr->bc", hidden.relu(), self.fc2.weight[:, :, 0, 0]) + self.fc2.bias
    return torch.einsum("bchw,bc->bchw", x, scores.sigmoid())


def _in_float64(self, x):
    layers = [(fc.weight.double(), fc.bias.double()) for fc in (self.fc1, self.fc2)]
    hidden = F.conv2d(average(x.double()), *layers[0]).relu()
    return (x * F.conv2d(hidden, *layers[1]).sigmoid()).to(x.dtype)


layers_exchanged = module(_layers_exchanged)
biases_left_out = module(_biases_left_out)
gated_means = module(_gated_means)
gated_means_not_spread = module(_gated_means_not_spread)
mean_and_maximum = module(_mean_and_maximum)
gate_of_places_averaged = module(_gate_of_places_averaged)
squeezed_after = module(_squeezed_after)
by_linear_layers = module(_by_linear_layers)
by_loops = module(_by_loops)
by_einsum = module(_by_einsum)
in_float64 = module(_in_float64)
by_pooling = wired(squeeze=lambda x: F.adaptive_avg_pool2d(x, 1))
