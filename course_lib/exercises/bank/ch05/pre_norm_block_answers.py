"""Exercise 5.6's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.attention import MultiHeadAttention


class PreNormBlock(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio=4.0):
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, num_heads, qkv_bias=True)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)
        # A norm starts with weight 1 and bias 0. Then nobody can tell one norm from the other.
        for norm in (self.norm1, self.norm2):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
        # Small weights hide which function stands between the layers, and how sharp attention is.
        nn.init.normal_(self.attn.qkv.weight, std=1.5 * dim**-0.5)
        nn.init.normal_(self.fc1.weight, std=1.5 * dim**-0.5)
        nn.init.normal_(self.fc2.weight)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def module(forward):
    """The given constructor with another `forward`."""
    return type("PreNormBlock", (PreNormBlock,), {"forward": forward})


def mlp(self, x, between=F.gelu):
    return self.fc2(between(self.fc1(x)))


def attention_half(self, x):
    return x + self.attn(self.norm1(x))


def mlp_half(self, x):
    return x + mlp(self, self.norm2(x))


def wired(first=attention_half, second=mlp_half):
    """The reference with one half exchanged, or both."""
    return module(lambda self, x: second(self, first(self, x)))


def halves(wire, which="both"):
    """Both branches wired by `wire(x, norm, branch)`, or only one and the other right."""

    def first(self, x):
        return wire(x, self.norm1, self.attn)

    def second(self, x):
        return wire(x, self.norm2, lambda y: mlp(self, y))

    return wired(
        first if which in ("both", "attention") else attention_half,
        second if which in ("both", "mlp") else mlp_half,
    )


def between(function):
    """Another function between the layers of the MLP."""
    return wired(second=lambda self, x: x + mlp(self, self.norm2(x), function))


def no_residual(x, norm, branch):
    return branch(norm(x))


def no_norm(x, norm, branch):
    return x + branch(x)


def norm_after_the_residual(x, norm, branch):
    return norm(x + branch(x))


def norm_of_the_branch(x, norm, branch):
    return x + norm(branch(x))


def residual_from_the_norm(x, norm, branch):
    x = norm(x)
    return x + branch(x)


def norm_before_and_after(x, norm, branch):
    return norm(x + branch(norm(x)))


def residual_twice(x, norm, branch):
    return x + x + branch(norm(x))


def residual_detached(x, norm, branch):
    return x.detach() + branch(norm(x))


def norms(first, second):
    """The names of the norm that each half uses."""

    def forward(self, x):
        x = x + self.attn(getattr(self, first)(x))
        return x + mlp(self, getattr(self, second)(x))

    return module(forward)


def _parallel(self, x):
    return x + self.attn(self.norm1(x)) + mlp(self, self.norm2(x))


def _residual_from_the_start(self, x):
    return x + mlp(self, self.norm2(x + self.attn(self.norm1(x))))


def _mlp_of_the_branch(self, x):
    gathered = self.attn(self.norm1(x))
    return x + gathered + mlp(self, self.norm2(gathered))


def _mlp_of_the_norm(self, x):
    normed = self.norm1(x)
    return x + self.attn(normed) + mlp(self, self.norm2(normed))


def _one_residual_around_both(self, x):
    return x + mlp(self, self.norm2(self.attn(self.norm1(x))))


def _gelu_after(self, x):
    x = attention_half(self, x)
    return x + F.gelu(self.fc2(self.fc1(self.norm2(x))))


def _gelu_twice(self, x):
    x = attention_half(self, x)
    return x + F.gelu(mlp(self, self.norm2(x)))


def _first_image_for_all(self, x):
    return mlp_half(self, x + self.attn(self.norm1(x))[0])


def _batch_and_tokens_exchanged(self, x):
    return mlp_half(self, x + self.attn(self.norm1(x).transpose(0, 1)).transpose(0, 1))


def _norms_without_parameters(self, x):
    def norm(x):
        return F.layer_norm(x, x.shape[-1:], eps=1e-6)

    x = x + self.attn(norm(x))
    return x + mlp(self, norm(x))


first_image_for_all = module(_first_image_for_all)
batch_and_tokens_exchanged = module(_batch_and_tokens_exchanged)
norms_without_parameters = module(_norms_without_parameters)
parallel = module(_parallel)
residual_from_the_start = module(_residual_from_the_start)
mlp_of_the_branch = module(_mlp_of_the_branch)
mlp_of_the_norm = module(_mlp_of_the_norm)
one_residual_around_both = module(_one_residual_around_both)
gelu_after = module(_gelu_after)
gelu_twice = module(_gelu_twice)
mlp_first = module(lambda self, x: attention_half(self, mlp_half(self, x)))
norm_at_the_end = module(lambda self, x: self.norm2(mlp_half(self, attention_half(self, x))))
attention_alone = module(attention_half)
mlp_alone = module(mlp_half)


def _one_line(self, x):
    return (y := x + self.attn(self.norm1(x))) + self.fc2(F.gelu(self.fc1(self.norm2(y))))


def _by_hand(self, x):
    def norm(layer, x):
        centred = x - x.mean(-1, keepdim=True)
        spread = (centred.square().mean(-1, keepdim=True) + layer.eps).sqrt()
        return centred / spread * layer.weight + layer.bias

    x = x + self.attn(norm(self.norm1, x))
    hidden = norm(self.norm2, x) @ self.fc1.weight.T + self.fc1.bias
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    return x + hidden @ self.fc2.weight.T + self.fc2.bias


def _token_by_token(self, x):
    x = torch.stack([self.attn(self.norm1(image[None]))[0] + image for image in x])
    tokens = [mlp(self, self.norm2(token)) + token for token in x.unbind(1)]
    return torch.stack(tokens, 1)


def _with_own_attention(self, x):
    q, k, v = self.attn.qkv(self.norm1(x)).chunk(3, -1)
    q, k, v = (t.unflatten(-1, (self.attn.num_heads, -1)).transpose(1, 2) for t in (q, k, v))
    gathered = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return mlp_half(self, x + self.attn.proj(gathered))


def _kept_and_added_at_the_end(self, x):
    gathered = self.attn(self.norm1(x))
    return torch.stack([x, gathered, mlp(self, self.norm2(x + gathered))]).sum(0)


one_line = module(_one_line)
by_hand = module(_by_hand)
token_by_token = module(_token_by_token)
with_own_attention = module(_with_own_attention)
kept_and_added_at_the_end = module(_kept_and_added_at_the_end)
