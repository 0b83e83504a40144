"""Exercise 4.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.exercises.bank.ch04 import places


class NonLocalBlock(nn.Module):
    def __init__(self, dim, inner_dim):
        super().__init__()
        self.theta = nn.Conv2d(dim, inner_dim, 1)
        self.phi = nn.Conv2d(dim, inner_dim, 1)
        self.g = nn.Conv2d(dim, inner_dim, 1)
        self.w_z = nn.Conv2d(inner_dim, dim, 1)
        nn.init.zeros_(self.w_z.weight)
        nn.init.zeros_(self.w_z.bias)

    def forward(self, x):
        theta, phi, g = (conv(x).flatten(2).mT for conv in (self.theta, self.phi, self.g))
        y = (theta @ phi.mT).softmax(-1) @ g  # (B, N, N) @ (B, N, D)
        return self.w_z(y.mT.unflatten(2, x.shape[2:])) + x  # (B, C, H, W)


def module(forward=NonLocalBlock.forward, birth=None):
    """The given constructor with another `forward`, or with another way to be born."""

    def constructor(self, dim, inner_dim):
        nn.Module.__init__(self)
        self.theta = nn.Conv2d(dim, inner_dim, 1)
        self.phi = nn.Conv2d(dim, inner_dim, 1)
        self.g = nn.Conv2d(dim, inner_dim, 1)
        self.w_z = nn.Conv2d(inner_dim, dim, 1)
        birth(self)

    parts = {"forward": forward, **({"__init__": constructor} if birth else {})}
    return type("NonLocalBlock", (NonLocalBlock,), parts)


def three(self, x):
    return [conv(x).flatten(2).mT for conv in (self.theta, self.phi, self.g)]


def wired(
    roles=lambda theta, phi, g: (theta, phi, g),
    scores=places.products,
    weigh=places.over_keys,
    gather=places.gathered,
    write=places.back,
    leave=lambda self, y: self.w_z(y),
    end=lambda z, x: z + x,
):
    """The reference with one part exchanged."""

    def forward(self, x):
        theta, phi, g = roles(*three(self, x))
        y = write(gather(weigh(scores(theta, phi)), g), x.shape[2:])
        return end(leave(self, y), x)

    return module(forward)


# Slips at birth


def _nothing_zeroed(self):
    pass


def _weight_only(self):
    nn.init.zeros_(self.w_z.weight)


def _bias_only(self):
    nn.init.zeros_(self.w_z.bias)


def _ones(self):
    nn.init.ones_(self.w_z.weight)
    nn.init.zeros_(self.w_z.bias)


def _small(self):
    nn.init.normal_(self.w_z.weight, std=0.01)
    nn.init.zeros_(self.w_z.bias)


def _theta_and_phi_zeroed(self):
    for layer in (self.theta, self.phi):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


# Slips of the way through


def _read_without_a_transpose(self, x):
    maps = [self.theta(x), self.phi(x), self.g(x)]
    theta, phi, g = (t.reshape(len(x), -1, t.shape[1]) for t in maps)
    return self.w_z(places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:])) + x


def _nothing_attended(self, x):
    return self.w_z(self.g(x)) + x


def _z_multiplies(self, x):
    theta, phi, g = three(self, x)
    return self.w_z(places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:])) * x


def _values_added(self, x):
    """The residual connects the values, inside of w_z."""
    theta, phi, g = three(self, x)
    y = (theta @ phi.mT).softmax(-1) @ g + g
    return self.w_z(places.back(y, x.shape[2:])) + x


def _biases_left_out(self, x):
    parts = (F.conv2d(x, conv.weight).flatten(2).mT for conv in (self.theta, self.phi, self.g))
    theta, phi, g = parts
    y = places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:])
    return F.conv2d(y, self.w_z.weight) + x


def _w_z_bias_left_out(self, y):
    return F.conv2d(y, self.w_z.weight)


def _x_inside_w_z(self, x):
    theta, phi, g = three(self, x)
    return self.w_z(places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:]) + x)


def _y_for_x(self, x):
    theta, phi, g = three(self, x)
    y = places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:])
    return self.w_z(y) + y


def _x_returned(self, x):
    return x + 0 * self.w_z(self.g(x))


def _without_w_z(self, x):
    theta, phi, g = three(self, x)
    return places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:]) + x


def _column_by_column(self, x):
    theta, phi, g = (conv(x).mT.flatten(2).mT for conv in (self.theta, self.phi, self.g))
    return self.w_z(places.back((theta @ phi.mT).softmax(-1) @ g, x.shape[2:])) + x


def turned(y, space):
    return y.mT.unflatten(2, (space[1], space[0])).mT


def _written_without_a_transpose_after_w_z(self, x):
    """w_z as a linear layer on tokens, and the map made by a bare reshape."""
    theta, phi, g = three(self, x)
    y = (theta @ phi.mT).softmax(-1) @ g
    z = F.linear(y, self.w_z.weight.flatten(1), self.w_z.bias)  # (B, N, C)
    return z.reshape(x.shape) + x


# Right ones


def _as_published(self, x):
    batch = x.size(0)
    g = self.g(x).view(batch, self.g.out_channels, -1).permute(0, 2, 1)
    theta = self.theta(x).view(batch, self.theta.out_channels, -1).permute(0, 2, 1)
    phi = self.phi(x).view(batch, self.phi.out_channels, -1)
    weights = F.softmax(torch.matmul(theta, phi), dim=-1)
    y = torch.matmul(weights, g).permute(0, 2, 1).contiguous()
    return self.w_z(y.view(batch, -1, *x.size()[2:])) + x


def _on_tokens(self, x):
    """1x1 convolutions as linear layers on tokens, w_z too; the residual there as well."""
    tokens = x.flatten(2).mT  # (B, N, C)
    parts = (self.theta, self.phi, self.g)
    theta, phi, g = (F.linear(tokens, conv.weight.flatten(1), conv.bias) for conv in parts)
    y = F.scaled_dot_product_attention(theta, phi, g, scale=1.0)
    tokens = tokens + F.linear(y, self.w_z.weight.flatten(1), self.w_z.bias)
    return tokens.mT.reshape(x.shape)


def _by_einsum(self, x):
    theta, phi, g = self.theta(x), self.phi(x), self.g(x)
    f = torch.einsum("bdhw,bdij->bhwij", theta, phi).exp()
    y = torch.einsum("bhwij,bdij->bdhw", f / f.sum((3, 4), keepdim=True), g)
    return x + self.w_z(y)


def _values_projected_first(self, x):
    """w_z before the gathering: both are linear, and weights that sum to 1 keep its bias."""
    z = self.w_z(self.g(x)).flatten(2).mT  # (B, N, C)
    theta, phi, _ = three(self, x)
    return x + places.back((theta @ phi.mT).softmax(-1) @ z, x.shape[2:])


def _constant_birth(self):
    torch.nn.init.constant_(self.w_z.weight, 0)
    self.w_z.bias.data.zero_()


def _multiplied_birth(self):
    with torch.no_grad():
        for parameter in self.w_z.parameters():
            parameter.mul_(0)


nothing_zeroed = module(birth=_nothing_zeroed)
weight_only = module(birth=_weight_only)
bias_only = module(birth=_bias_only)
ones = module(birth=_ones)
small = module(birth=_small)
theta_and_phi_zeroed = module(birth=_theta_and_phi_zeroed)
read_without_a_transpose = module(_read_without_a_transpose)
nothing_attended = module(_nothing_attended)
z_multiplies = module(_z_multiplies)
values_added = module(_values_added)
biases_left_out = module(_biases_left_out)
w_z_bias_left_out = wired(leave=_w_z_bias_left_out)
x_inside_w_z = module(_x_inside_w_z)
y_for_x = module(_y_for_x)
x_returned = module(_x_returned)
without_w_z = module(_without_w_z)
column_by_column = module(_column_by_column)
written_without_a_transpose_after_w_z = module(_written_without_a_transpose_after_w_z)
as_published = module(_as_published)
on_tokens = module(_on_tokens, birth=_constant_birth)
by_einsum = module(_by_einsum, birth=_multiplied_birth)
values_projected_first = module(_values_projected_first)
