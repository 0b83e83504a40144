"""Exercise 3.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F


class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, s):
        return self.fc2(self.fc1(s).relu()).sigmoid()  # (B, C) -> (B, R) -> (B, C)


def module(forward):
    """The reference's constructor with another `forward`."""
    return type("Excite", (Excite,), {"forward": forward})


def wired(middle=torch.relu, end=torch.sigmoid, start=lambda s: s):
    """The reference with one function exchanged."""

    def forward(self, s):
        return end(self.fc2(middle(self.fc1(start(s)))))

    return module(forward)


def _applied_to_the_input(self, s):
    return s * Excite.forward(self, s)


def _added_to_the_input(self, s):
    return s + Excite.forward(self, s)


def _first_layer_only(self, s):
    return self.fc1(s).relu()


def _bias_left_out(self, s):
    return F.linear(F.linear(s, self.fc1.weight).relu(), self.fc2.weight).sigmoid()


def _layers_exchanged(self, s):
    return self.fc1(self.fc2(s).relu()).sigmoid()


def _skip_around(self, s):
    return (s + self.fc2(self.fc1(s).relu())).sigmoid()


def _forward_by_functions(self, s):
    hidden = F.relu(F.linear(s, self.fc1.weight, self.fc1.bias))
    return torch.sigmoid(F.linear(hidden, self.fc2.weight, self.fc2.bias))


def _forward_by_loops(self, s):
    rows = []
    for sample in s:
        hidden = [
            (weight @ sample + bias).clamp_min(0)
            for weight, bias in zip(self.fc1.weight, self.fc1.bias, strict=True)
        ]
        scores = [
            sum(w * h for w, h in zip(weight, hidden, strict=True)) + bias
            for weight, bias in zip(self.fc2.weight, self.fc2.bias, strict=True)
        ]
        rows.append(torch.stack([1 / (1 + (-score).exp()) for score in scores]))
    return torch.stack(rows)


def _forward_by_einsum(self, s):
    hidden = torch.einsum("bc,rc->br", s, self.fc1.weight) + self.fc1.bias
    scores = torch.einsum("br,cr->bc", hidden.relu(), self.fc2.weight) + self.fc2.bias
    return 0.5 + 0.5 * torch.tanh(scores / 2)  # the sigmoid, written with a tanh


def _forward_in_float64(self, s):
    layers = [(fc.weight.double(), fc.bias.double()) for fc in (self.fc1, self.fc2)]
    hidden = F.linear(s.double(), *layers[0]).clamp(min=0)
    return F.linear(hidden, *layers[1]).sigmoid().to(s.dtype)


applied_to_the_input = module(_applied_to_the_input)
added_to_the_input = module(_added_to_the_input)
first_layer_only = module(_first_layer_only)
bias_left_out = module(_bias_left_out)
layers_exchanged = module(_layers_exchanged)
skip_around = module(_skip_around)
by_functions = module(_forward_by_functions)
by_loops = module(_forward_by_loops)
by_einsum = module(_forward_by_einsum)
in_float64 = module(_forward_in_float64)


class WidthByOr(Excite):
    """Zero is false, so `or` replaces it."""

    def __init__(self, dim, reduction=16):
        nn.Module.__init__(self)
        hidden = dim // reduction or 1
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
