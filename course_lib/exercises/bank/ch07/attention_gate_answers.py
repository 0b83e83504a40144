"""Exercise 7.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F


class AttentionGate(nn.Module):
    def __init__(self, skip_dim, gating_dim, inner_dim):
        super().__init__()
        self.w_skip = nn.Conv2d(skip_dim, inner_dim, 2, stride=2, bias=False)
        self.w_gating = nn.Conv2d(gating_dim, inner_dim, 1)
        self.psi = nn.Conv2d(inner_dim, 1, 1)

    def forward(self, skip, gating):
        hidden = (self.w_skip(skip) + self.w_gating(gating)).relu()  # (B, E, h, w)
        gate = self.psi(hidden).sigmoid()  # (B, 1, h, w)
        gate = F.interpolate(gate, size=skip.shape[2:], mode="bilinear", align_corners=False)
        return skip * gate  # one coefficient a pixel, for all channels


def module(forward):
    """The reference's constructor with another `forward`."""
    return type("AttentionGate", (AttentionGate,), {"forward": forward})


def smooth(gate, size):
    return F.interpolate(gate, size=size, mode="bilinear", align_corners=False)


def resized(**how):
    return lambda gate, size: F.interpolate(gate, size=size, **how)


def wired(
    meet=lambda a, b: a + b,
    bend=torch.relu,
    open_=torch.sigmoid,
    grow=smooth,
    late=lambda gate: gate,
    end=lambda skip, gate, gating: skip * gate,
):
    """The reference with one part exchanged; `late` is what happens on the skip's grid."""

    def forward(self, skip, gating):
        hidden = bend(meet(self.w_skip(skip), self.w_gating(gating)))
        gate = late(grow(open_(self.psi(hidden)), skip.shape[2:]))
        return end(skip, gate, gating)

    return module(forward)


def same(x):
    return x


# Slips of the way back to the skip's grid


def side_by_side(gate, size):
    return gate.repeat(1, 1, 2, 2)


def in_the_corner(gate, size):
    h, w = gate.shape[2:]
    return F.pad(gate, (0, w, 0, h))


# Slips of the coefficients


def over_places(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def by_its_largest(gate):
    return gate / gate.amax((2, 3), keepdim=True)


def one_for_the_map(gate):
    return gate.mean((2, 3), keepdim=True).expand_as(gate)


# Slips of the end


def on_the_coarse_grid(skip, gate, gating):
    return skip[:, :, ::2, ::2] * gate[:, :, ::2, ::2]


def gates_the_decoder(skip, gate, gating):
    """The decoder's map is gated, where its channels fit the skip's."""
    large = F.interpolate(gating, size=skip.shape[2:])
    return (large if large.shape == skip.shape else skip) * gate


def _skip_brought_down(self, skip, gating):
    hidden = (self.w_skip(skip) + self.w_gating(gating)).relu()
    return F.avg_pool2d(skip, 2) * self.psi(hidden).sigmoid()


def _sum_resampled(self, skip, gating):
    hidden = smooth(self.w_skip(skip) + self.w_gating(gating), skip.shape[2:])
    return skip * self.psi(hidden.relu()).sigmoid()


def _bias_left_out(self, skip, gating):
    hidden = F.conv2d(skip, self.w_skip.weight, stride=2)
    hidden = hidden + F.conv2d(gating, self.w_gating.weight)
    return skip * smooth(F.conv2d(hidden.relu(), self.psi.weight).sigmoid(), skip.shape[2:])


def _psi_left_out(self, skip, gating):
    hidden = (self.w_skip(skip) + self.w_gating(gating)).relu()
    return skip * smooth(hidden.mean(1, keepdim=True).sigmoid(), skip.shape[2:])


sum_resampled = module(_sum_resampled)
skip_brought_down = module(_skip_brought_down)
bias_left_out = module(_bias_left_out)
psi_left_out = module(_psi_left_out)


# Right ones


def _forward_by_functions(self, skip, gating):
    hidden = F.conv2d(skip, self.w_skip.weight, stride=2)
    hidden = hidden + F.conv2d(gating, self.w_gating.weight, self.w_gating.bias)
    scores = F.conv2d(hidden.clamp(min=0), self.psi.weight, self.psi.bias)
    return smooth(1 / (1 + (-scores).exp()), skip.shape[2:]).expand_as(skip) * skip


def halves(x, axis):
    """Bilinear doubling along one axis: three quarters of the nearer place, a quarter of the other."""
    n = x.shape[axis]
    first, last = x.narrow(axis, 0, 1), x.narrow(axis, n - 1, 1)
    before = torch.cat([first, x.narrow(axis, 0, n - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, n - 1), last], axis)
    pairs = torch.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
    return pairs.flatten(axis, axis + 1)


def _forward_by_hand(self, skip, gating):
    hidden = F.relu(self.w_skip(skip) + self.w_gating(gating))
    return skip * halves(halves(torch.sigmoid(self.psi(hidden)), 2), 3)


def _forward_by_einsum(self, skip, gating):
    hidden = torch.einsum("bdhw,ed->behw", gating, self.w_gating.weight[:, :, 0, 0])
    hidden = hidden + self.w_gating.bias[:, None, None] + self.w_skip(skip)
    gate = self.psi(hidden.relu()).sigmoid()
    gate = nn.Upsample(scale_factor=2, mode="bilinear")(gate)
    return torch.einsum("bchw,bhw->bchw", skip, gate[:, 0])


def _forward_by_matrices(self, skip, gating):
    """Bilinear resizing is linear: a matrix for the rows, and one for the columns."""
    gate = self.psi((self.w_skip(skip) + self.w_gating(gating)).relu()).sigmoid()
    rows, columns = (halves(torch.eye(side, dtype=skip.dtype), 0) for side in gate.shape[2:])
    return (rows @ gate @ columns.mT) * skip


by_functions = module(_forward_by_functions)
by_hand = module(_forward_by_hand)
by_einsum = module(_forward_by_einsum)
by_matrices = module(_forward_by_matrices)
