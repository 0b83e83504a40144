"""Exercise 1.5: merge heads back into channels, the exact inverse of splitting."""

import torch

from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def merge_heads(x):
    B, H, N, D = x.shape
    return x.transpose(1, 2).reshape(B, N, H * D)


def _straight_reshape(x):
    B, H, N, D = x.shape
    return x.reshape(B, N, H * D)


def _interleaved(x):
    B, H, N, D = x.shape
    return x.permute(0, 2, 3, 1).reshape(B, N, H * D)


def _misread(x):
    B, N, H, D = x.shape
    return x.reshape(B, N, H * D)


def _case(b, h, n, d):
    return lambda g: {"x": normal(g, b, h, n, d)}


MERGE_HEADS = Exercise(
    id="merge-heads",
    chapter=1,
    title="Merge the heads",
    signature="merge_heads(x)",
    points=2,
    difficulty=2,
    importance=4,
    minutes=4,
    reference=merge_heads,
    stages=(
        Stage("one head", "One head: only the axis of size 1 goes.", _case(1, 1, 3, 4)),
        Stage("one token", "One token: its heads stand side by side, head 0 first.", _case(1, 2, 1, 3)),
        Stage("two heads", "Several tokens: each keeps its own numbers.", _case(1, 2, 3, 2)),
        Stage(
            "all sizes differ",
            "Batch, heads, tokens and width all differ.",
            _case(2, 3, 5, 4),
            batched=("x",),
        ),
        Stage("many heads", "Heads of one channel.", _case(3, 6, 4, 1), hidden=True),
    ),
    mistakes=(
        Mistake(
            "reshaped without a transpose",
            _straight_reshape,
            "The shape is right and the tokens are scrambled: memory holds all tokens of head 0 first, and"
            " your reshape reads them in that order. This slip stands in published code; it trains, and the"
            " maps mean nothing.",
            "Bring the axes into the order (B, N, H, D) first.",
        ),
        Mistake(
            "channels interleaved",
            _interleaved,
            "You put the heads' first channels together, then their second ones. Splitting put blocks, so"
            " merging must put blocks back.",
            "Before the reshape the last two axes must be (H, D), in this order.",
        ),
        Mistake(
            "shape read in another order",
            _misread,
            "You read the shape as (B, N, H, D). It comes as (B, H, N, D).",
            "Compare the first line with the card.",
        ),
        Mistake(
            "heads added up",
            lambda x: x.sum(1),
            "You add the heads up. Then they can no longer say different things.",
            "Heads are laid side by side: D numbers each, H * D in all.",
        ),
        Mistake(
            "heads averaged",
            lambda x: x.mean(1),
            "You average the heads. That is done with attention *maps* sometimes; the outputs are laid side"
            " by side.",
            "The result has H * D channels.",
        ),
        Mistake(
            "first head only",
            lambda x: x[:, 0],
            "You return head 0 and drop the others.",
            "All heads, side by side.",
        ),
        Mistake(
            "side by side along the tokens",
            lambda x: x.flatten(1, 2),
            "You joined the axes H and N: now there are H * N tokens of D channels.",
            "The heads join the channels, not the tokens.",
        ),
    ),
    variants={
        "permute and flatten": lambda x: x.permute(0, 2, 1, 3).flatten(2),
        "cat": lambda x: torch.cat(list(x.unbind(1)), dim=-1),
        "contiguous view": lambda x: x.transpose(1, 2).contiguous().view(x.shape[0], x.shape[2], -1),
    },
    forbid=("course_lib.attention.merge_heads",),
    map_axes=("tokens", "channels"),
    hints=(
        "Read `split_heads` backwards.",
        "First exchange heads and tokens, to (B, N, H, D). Then join the last two axes.",
        (
            "`x.transpose(1, 2)`, then `reshape(B, N, H * D)`. (`view` would refuse: after the transpose"
            " memory is out of order.)"
        ),
    ),
)
