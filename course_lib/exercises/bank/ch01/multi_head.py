"""Exercise 1.6: multi-head self-attention as a module; the constructor is given."""

import torch
from torch import nn

from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


class MultiHead(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v = (_split(t, self.num_heads) for t in self.qkv(x).chunk(3, dim=-1))
        return self.proj(_merge(_attention(q, k, v)))


def _split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _merge(x):
    return x.transpose(1, 2).flatten(2)


def _attention(q, k, v, scale=None, dim=-1):
    return (q @ k.mT * (scale or q.shape[-1] ** -0.5)).softmax(dim) @ v


def _module(forward):
    """The given constructor with another `forward`."""
    return type("MultiHead", (MultiHead,), {"forward": forward})


def _parts(self, x):
    return [_split(t, self.num_heads) for t in self.qkv(x).chunk(3, dim=-1)]


def _wired(attention=_attention, merge=_merge, order=(0, 1, 2)):
    def forward(self, x):
        parts = _parts(self, x)
        return self.proj(merge(attention(*(parts[i] for i in order))))

    return _module(forward)


def _one_head(self, x):
    return self.proj(_attention(*self.qkv(x).chunk(3, dim=-1)))


def _scale_of_the_whole(self, x):
    return self.proj(_merge(_attention(*_parts(self, x), scale=x.shape[-1] ** -0.5)))


def _scrambled_split(self, x):
    B, N, C = x.shape
    parts = (t.reshape(B, self.num_heads, N, C // self.num_heads) for t in self.qkv(x).chunk(3, dim=-1))
    return self.proj(_merge(_attention(*parts)))


def _packed_as_heads(self, x):
    B, N, C = x.shape
    q, k, v = self.qkv(x).reshape(B, N, self.num_heads, 3, C // self.num_heads).permute(3, 0, 2, 1, 4)
    return self.proj(_merge(_attention(q, k, v)))


def _tokens_attend(self, x):
    x = _split(x, self.num_heads)
    return self.proj(_merge(_attention(x, x, x)))


def _no_projection(self, x):
    return _merge(_attention(*_parts(self, x)))


def _with_residual(self, x):
    return x + MultiHead.forward(self, x)


def _packed_reshape(self, x):
    B, N, C = x.shape
    q, k, v = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
    return self.proj(_attention(q, k, v).transpose(1, 2).reshape(B, N, C))


def _head_by_head(self, x):
    q, k, v = self.qkv(x).chunk(3, dim=-1)
    d = x.shape[-1] // self.num_heads
    cut = [slice(h * d, (h + 1) * d) for h in range(self.num_heads)]
    return self.proj(torch.cat([_attention(q[..., c], k[..., c], v[..., c]) for c in cut], dim=-1))


def _fused(self, x):
    q, k, v = _parts(self, x)
    return self.proj(_merge(nn.functional.scaled_dot_product_attention(q, k, v)))


def _case(b, n, dim):
    return lambda g: {"x": normal(g, b, n, dim, scale=2.0)}


MULTI_HEAD = Exercise(
    id="multi-head",
    chapter=1,
    title="Multi-head self-attention",
    signature="MultiHead(dim, num_heads)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=12,
    reference=MultiHead,
    stages=(
        Stage(
            "one token",
            "One token attends to itself with weight 1: the answer is proj(v). Which third of `qkv` is v?",
            _case(1, 1, 4),
            {"dim": 4, "num_heads": 1},
        ),
        Stage(
            "one head",
            "Several tokens, one head: plain scaled dot-product attention.",
            _case(1, 4, 6),
            {"dim": 6, "num_heads": 1},
        ),
        Stage(
            "two heads",
            "Two heads: each has its own softmax over half of the channels.",
            _case(1, 3, 8),
            {"dim": 8, "num_heads": 2},
        ),
        Stage(
            "all sizes differ",
            "A batch, and sizes that all differ.",
            _case(2, 5, 12),
            {"dim": 12, "num_heads": 3},
            ("x",),
        ),
        Stage(
            "wide",
            "Four heads of 16 channels: the scale belongs to the head.",
            _case(2, 6, 64),
            {"dim": 64, "num_heads": 4},
            ("x",),
        ),
        Stage(
            "another size",
            "More heads, more tokens.",
            _case(3, 9, 40),
            {"dim": 40, "num_heads": 5},
            ("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "never split",
            _module(_one_head),
            "Your output is that of a single head: the channels never were split, so there is one softmax"
            " where there should be one a head.",
            "Split q, k and v into heads before attention, merge after.",
        ),
        Mistake(
            "scale of the whole width",
            _module(_scale_of_the_whole),
            "You divide by the square root of `dim`. Each head's products run over `dim // num_heads` numbers"
            " only, so that is too much, and the maps go flat. This stands in much published code.",
            "After splitting, the right number is the last axis of `q`.",
        ),
        Mistake(
            "no scale",
            _wired(lambda q, k, v: _attention(q, k, v, scale=1.0)),
            "The scores are plain dot products, so each head is sharper than it should be.",
            "Divide by the square root of the width of one head.",
        ),
        Mistake(
            "softmax over the queries",
            _wired(lambda q, k, v: _attention(q, k, v, dim=-2)),
            "Each column of your weights sums to 1. Each row should: a query spreads itself over the keys.",
            "`softmax(dim=-1)`.",
        ),
        Mistake(
            "k, q, v",
            _wired(order=(1, 0, 2)),
            "You took the first third of `qkv` for the keys and the second for the queries.",
            "The name gives the order: q, then k, then v.",
        ),
        Mistake(
            "v, k, q",
            _wired(order=(2, 1, 0)),
            "You took the last third of `qkv` for the queries and the first for the values.",
            "The name gives the order: q, then k, then v.",
        ),
        Mistake(
            "tokens scrambled in the split",
            _module(_scrambled_split),
            "The reshape to (B, H, N, D) mixes tokens: it re-reads memory, it does not exchange axes.",
            "Reshape to (B, N, H, D), then transpose.",
        ),
        Mistake(
            "q, k, v cut within each head",
            _module(_packed_as_heads),
            "You read the 3 * dim channels as (H, 3, D). They lie as (3, H, D): all of q first, then all of"
            " k, then all of v.",
            "`chunk(3, dim=-1)` first, heads after.",
        ),
        Mistake(
            "merged without a transpose",
            _wired(merge=lambda x: x.reshape(x.shape[0], x.shape[2], -1)),
            "The heads are merged by a reshape alone, so the tokens' numbers are mixed.",
            "Back to (B, N, H, D) with a transpose, then reshape. You have written `merge_heads` already.",
        ),
        Mistake(
            "v, q, k",
            _wired(order=(1, 2, 0)),
            "You took the first third of `qkv` for the values, the second for the queries and the last for"
            " the keys.",
            "The name gives the order: q, then k, then v.",
        ),
        Mistake(
            "scaled twice",
            _wired(lambda q, k, v: _attention(q, k, v, scale=1 / q.shape[-1])),
            "You divide twice: `attend` divides by the root of the head's width already.",
            "Hand it q as it is.",
        ),
        Mistake(
            "qkv not used",
            _module(_tokens_attend),
            "`self.qkv` is not used: your tokens attend to each other as they are.",
            "Its output holds q, k and v.",
        ),
        Mistake(
            "no projection",
            _module(_no_projection),
            "The heads stand side by side and never talk to each other: `self.proj` is not applied.",
            "Last line: `self.proj(...)`.",
        ),
        Mistake(
            "residual added",
            _module(_with_residual),
            "You add the input. A residual connection belongs around this module, in the block that uses it.",
            "Return the projection alone.",
        ),
    ),
    variants={
        "reshape and permute": _module(_packed_reshape),
        "head by head": _module(_head_by_head),
        "fused kernel": _module(_fused),
    },
    forbid=("torch.nn.MultiheadAttention", "course_lib.attention.MultiHeadAttention"),
    map_axes=("tokens", "channels"),
    hints=(
        (
            "Nothing here is new: one linear layer, exercise 1.4 three times, exercise 1.2, exercise 1.5, one"
            " linear layer."
        ),
        (
            "`self.qkv(x)` is (B, N, 3C). Cut it in three along the last axis, split each into heads, attend,"
            " merge, project."
        ),
        (
            "`q, k, v = self.qkv(x).chunk(3, dim=-1)`; then `attend(split_heads(q, H), ...)`; then"
            " `self.proj(merge_heads(...))`."
        ),
    ),
)
