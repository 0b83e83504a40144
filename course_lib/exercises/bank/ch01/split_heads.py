"""Exercise 1.4: split channels into heads, without mixing tokens."""

import torch

from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def split_heads(x, num_heads):
    B, N, C = x.shape
    return x.reshape(B, N, num_heads, C // num_heads).transpose(1, 2)


def _straight_reshape(x, num_heads):
    B, N, C = x.shape
    return x.reshape(B, num_heads, N, C // num_heads)


def _strided(x, num_heads):
    B, N, C = x.shape
    return x.reshape(B, N, C // num_heads, num_heads).permute(0, 3, 1, 2)


def _not_transposed(x, num_heads):
    B, N, C = x.shape
    return x.reshape(B, N, num_heads, C // num_heads)


def _head_axis_last(x, num_heads):
    return split_heads(x, num_heads).transpose(-2, -1)


def _in_the_batch(x, num_heads):
    return split_heads(x, num_heads).flatten(0, 1)


def _heads_first(x, num_heads):
    return split_heads(x, num_heads).transpose(0, 1)


def _chunked(x, num_heads):
    return torch.stack(x.chunk(num_heads, dim=-1), dim=1)


def _sliced(x, num_heads):
    d = x.shape[-1] // num_heads
    return torch.stack([x[:, :, h * d : (h + 1) * d] for h in range(num_heads)], dim=1)


def _case(b, n, c, heads):
    return lambda g: {"x": normal(g, b, n, c), "num_heads": heads}


SPLIT_HEADS = Exercise(
    id="split-heads",
    chapter=1,
    title="Split into heads",
    signature="split_heads(x, num_heads)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=5,
    reference=split_heads,
    stages=(
        Stage(
            "one head",
            "One head: the channels stay together, there is only an axis of size 1 more.",
            _case(1, 3, 4, 1),
        ),
        Stage(
            "one token",
            "One token, two heads: the first half of its channels is head 0, the second half head 1.",
            _case(1, 1, 6, 2),
        ),
        Stage(
            "two heads",
            "Several tokens: head h holds the h-th block of channels of *every* token.",
            _case(1, 3, 4, 2),
        ),
        Stage(
            "all sizes differ",
            "Batch, tokens, heads and width all differ.",
            _case(2, 5, 12, 3),
            batched=("x",),
        ),
        Stage("many heads", "As many heads as channels.", _case(3, 4, 8, 8), hidden=True),
    ),
    mistakes=(
        Mistake(
            "reshaped straight to (B, H, N, D)",
            _straight_reshape,
            "The shape is right and the contents are scrambled. A reshape only re-reads memory in its order:"
            " N comes before H there, so pieces of neighbouring tokens land in one head.",
            "Split the last axis first, to (B, N, H, D). Then exchange the axes N and H with a transpose.",
        ),
        Mistake(
            "every H-th channel",
            _strided,
            "Your head 0 takes channels 0, H, 2H ... : you split the last axis as (D, H). The convention is"
            " (H, D), blocks of neighbouring channels. Weights trained elsewhere would land in the wrong"
            " heads.",
            "`reshape(B, N, num_heads, C // num_heads)`: heads first, width last.",
        ),
        Mistake(
            "tokens before heads",
            _not_transposed,
            "Your result is (B, N, H, D). `attend` would take the tokens for heads, and every token would"
            " attend to its own heads.",
            "One transpose is missing.",
        ),
        Mistake(
            "tokens last",
            _head_axis_last,
            "Your result is (B, H, D, N): one transpose too many, or the wrong pair of axes.",
            "Exchange axes 1 and 2, and leave the last alone.",
        ),
        Mistake(
            "heads in the batch",
            _in_the_batch,
            "You folded the heads into the batch axis. `nn.MultiheadAttention` did so for years; here the"
            " heads keep an axis of their own.",
            "Return four axes: (B, H, N, D).",
        ),
        Mistake(
            "heads before the batch",
            _heads_first,
            "The heads stand before the batch: (H, B, N, D).",
            "The batch axis stays first.",
        ),
    ),
    variants={
        "permute": lambda x, num_heads: x.unflatten(-1, (num_heads, -1)).permute(0, 2, 1, 3),
        "chunk and stack": _chunked,
        "slices": _sliced,
        "einsum": lambda x, num_heads: torch.einsum("bnhd->bhnd", x.view(*x.shape[:2], num_heads, -1)),
    },
    forbid=("course_lib.attention.split_heads",),
    map_axes=("tokens", "channels of head 0"),
    hints=(
        "Which axis is cut? Only the last: (B, N, C) becomes (B, N, H, D) without anything moving.",
        "First the sizes, then the cut, then an exchange of the axes N and H.",
        "The order is: `B, N, C = x.shape`, then the `reshape`, then the `return` with the transpose.",
    ),
)
