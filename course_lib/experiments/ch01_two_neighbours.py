"""Copy the left and the right neighbour: a task that one head cannot do, however wide, and two can.

A sequence of handwritten digits, each a token of 64 numbers. At every inner position t the target is both
neighbours, one above the other: [x_{t-1}; x_{t+1}], 128 numbers. Queries and keys come from positions alone,
values from tokens, and there is no residual. So with one head the answer at t is sum_j a_tj M x_j: all
tokens go through the same linear map M = W_proj W_v, and attention can only mix.

**Why one head misses half.** Let the tokens be independent of each other, with mean zero and one covariance
C. Write l and r for the weights on the left and the right neighbour, M1 and M2 for the upper and the lower
half of M. The upper half of the answer misses at least |I - l M1|^2 + r^2 |M1|^2 (squared norms in the
metric of C), the second term because the right neighbour goes through M1, too. That is smallest at M1 = l /
(l^2 + r^2) I, where it is r^2 / (l^2 + r^2) tr C. The lower half misses at least l^2 / (l^2 + r^2) tr C in
the same way. The sum is tr C, and the target has 2 tr C. One half, whatever l and r are and however wide M
is inside, even if M could differ from position to position. It holds for any attention that does not depend
on the tokens. Two heads have two maps: one takes the left neighbour, the other the right, and nothing is
missed.

**Why a trained head drops one neighbour, where blending both would cost the same.** With S = sum_j a_tj^2
the smallest miss is (2 - (l^2 + r^2) / S) tr C. While some weight is still on other tokens, its derivative
in l is proportional to l, and in r to r: the larger gains faster, and takes all. Told where to look (nothing
but the two neighbours allowed), S is l^2 + r^2 from the start, no ratio is better than another, and the head
stays with the blend that it began with.

**What the digits have of the assumptions.** They are drawn independently, and the mean of the training
digits is taken off. The 512 test sequences are one sample, in which neighbours are a little alike by chance:
an even blend misses 0.495 of it, and 0.499 of 50,000 sequences.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.attention import attend, merge_heads, record_attention, sincos_positions_1d, split_heads
from course_lib.data import digits
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.threads import one_thread

PIXELS = 64
CONDITIONS = {                        # number of heads, width in multiples of Config.dim, told where to look
    "1 head": (1, 1, False),
    "2 heads": (2, 1, False),
    "4 heads": (4, 1, False),
    "1 head, twice as wide": (1, 2, False),
    "1 head, told where": (1, 1, True),
}


@dataclass(frozen=True)
class Config:
    """Sizes and budget. `dim` is the width of all heads together; a head of 64 can carry a whole digit."""

    seeds: tuple[int, ...]
    steps: int
    length: int = 10                  # digits in a sequence
    dim: int = 128
    position_dim: int = 32
    batch: int = 64
    learning_rate: float = 0.01       # the peak of a one-cycle schedule
    test_sequences: int = 512


class CopyLayer(nn.Module):
    """One attention layer that looks by position and carries tokens: (B, N, 64) -> (B, N, 128).

    With `told_where` it may look at nothing but a position's two neighbours.
    """

    def __init__(self, config: Config, num_heads: int, width: int = 1, told_where: bool = False) -> None:
        super().__init__()
        dim = config.dim * width
        self.num_heads = num_heads
        self.register_buffer("positions", sincos_positions_1d(config.length, config.position_dim))
        self.register_buffer("mask", neighbours(config.length) if told_where else None)
        self.q = nn.Linear(config.position_dim, dim, bias=False)
        self.k = nn.Linear(config.position_dim, dim, bias=False)
        self.v = nn.Linear(PIXELS, dim, bias=False)
        self.proj = nn.Linear(dim, 2 * PIXELS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        q = split_heads(self.q(self.positions)[None], self.num_heads)        # (1, H, N, D)
        k = split_heads(self.k(self.positions)[None], self.num_heads)        # (1, H, N, D)
        v = split_heads(self.v(x), self.num_heads)                           # (B, H, N, D)
        return self.proj(merge_heads(attend(q, k, v, mask=self.mask)))       # (B, N, 128)


def neighbours(length: int) -> Tensor:
    """(N, N) bool: True where the key stands directly left or right of the query."""
    place = torch.arange(length)
    return (place[:, None] - place).abs() == 1


def both_neighbours(x: Tensor) -> Tensor:
    """The target at the inner positions: (B, N, 64) -> (B, N - 2, 128), left neighbour first."""
    return torch.cat([x[:, :-2], x[:, 2:]], dim=-1)


def tokens(split: str) -> tuple[Tensor, Tensor]:
    """All digits of a split as tokens (n, 64), and the training digits' mean (64,) that was taken off."""
    mean = digits("train")[0].flatten(1).mean(0)
    return digits(split)[0].flatten(1) - mean, mean


def sequences(pool: Tensor, count: int, length: int, generator: torch.Generator) -> Tensor:
    """Sequences of digits drawn independently from the pool: (count, length, 64)."""
    return pool[torch.randint(len(pool), (count, length), generator=generator)]


@one_thread()
def train(condition: str, config: Config, seed: int) -> CopyLayer:
    """A layer of that condition, trained on sequences of training digits."""
    torch.manual_seed(seed)
    heads, width, told_where = CONDITIONS[condition]
    model = CopyLayer(config, heads, width, told_where)
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=config.steps)
    pool, _ = tokens("train")
    generator = torch.Generator().manual_seed(seed)
    for _ in range(config.steps):
        x = sequences(pool, config.batch, config.length, generator)          # (B, N, 64)
        loss = (model(x)[:, 1:-1] - both_neighbours(x)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model


@one_thread()
def evaluate(model: CopyLayer, config: Config) -> dict[str, float]:
    """Figures on sequences of test digits, the same sequences for every model.

    unexplained     share of the target's variance that is missed: 0 a copy, 1 no better than the mean digit
    better, worse   the same for the neighbour that is copied better, and for the other
    on_neighbours   share of the attention on the two neighbours, mean over heads and inner positions
    parameters      how many the model has
    """
    pool, _ = tokens("test")
    x = sequences(pool, config.test_sequences, config.length, torch.Generator().manual_seed(2**31))
    target = both_neighbours(x)                                              # (B, N - 2, 128)
    with torch.no_grad(), record_attention(model) as maps:
        missed = model(x)[:, 1:-1] - target
    share = _left_and_right(missed) / _left_and_right(target)                # (2,)
    weights = maps["attend"][0]                                              # (H, N, N)
    near = (weights * neighbours(config.length)).sum(-1)[:, 1:-1]            # (H, N - 2)
    return {
        "unexplained": (_left_and_right(missed).sum() / _left_and_right(target).sum()).item(),
        "better": share.min().item(),
        "worse": share.max().item(),
        "on_neighbours": near.mean().item(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _left_and_right(pairs: Tensor) -> Tensor:
    """Sum of squares over each half of (B, N - 2, 128): (2,)."""
    return pairs.unflatten(-1, (2, PIXELS)).square().sum((0, 1, 3))


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train a layer of that condition and evaluate it."""
    return evaluate(train(condition, config, seed), config)


EXPERIMENT = Experiment(
    title="Copy both neighbours: one head, two heads, four",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0, 1), steps=8, dim=16, batch=8, test_sequences=16),
    small=Config(seeds=(0, 1, 2), steps=200),
    full=Config(seeds=(0, 1, 2, 3, 4), steps=2000),
)
