"""Two tasks on which a gate on the channels does not help: the networks and the budget of ch03_cued_channel.

**one digit.** A picture of the same ten channels, with one digit in one of the five signals and no cue. There
is nothing to choose between, and adding up the channels loses nothing.

**a place.** Two digits, side by side in the second and the third cell of a picture of 9 x 27, each in a
signal drawn at random. The cue says which *place* counts: the first cue channel is lit for the second cell,
the second cue channel for the third. But a channel's gate is the same at every place, and what it is made
from, a mean or a maximum, does not tell where in the channel its digit lies. So no channel gate can do the
choosing. CBAM's second gate is one of places; but it sees three pixels far, and the cue is farther from most
of a digit. A choice of two is a smaller one than that of five: it is no harder than what the linear layers of
a plain network can do, and that is the point. Guessing is right in 10 %, reading both digits but not the cue
in 50 %.
"""

import torch
from torch import Tensor

from course_lib.experiments.ch03_cued_channel import (
    Config, GatedNetwork, Pictures, draw_digits, figures, fit, lit, pair, put,
)
from course_lib.experiments.experiment import Experiment

TASKS = {"one digit": 2, "a place": 3}                # cells of a picture
GATES = {"plain": "none", "SE": "SE", "ECA": "ECA", "CBAM": "CBAM"}
CONDITIONS = {f"{task}: {name}": (task, gate) for task in TASKS for name, gate in GATES.items()}


def examples(task: str, count: int, generator: torch.Generator, split: str = "train", *,
             signals: int = 5) -> Pictures:
    """Pictures of a task, made from a split's digits."""
    cells = TASKS[task]
    many = cells - 1                                                         # digits of a picture
    drawn, classes = draw_digits(count, many, generator, split)              # (n, m, 8, 8), (n, m)
    cell = torch.arange(1, cells).expand(count, -1)                          # (n, m)
    channel = torch.rand(count, signals, generator=generator).argsort(1)[:, :many]           # (n, m)
    answer = torch.randint(many, (count,), generator=generator)
    canvases = put(drawn, cell, cells, generator)                            # (n, m, H, W)
    cues = lit(answer, signals, cells) * (many > 1)
    images = pair(_into(canvases, channel, signals), cues)                   # (n, 2 * signals, H, W)
    rows = torch.arange(count)
    return Pictures(images, classes[rows, answer], channel[rows, answer])


def _into(canvases: Tensor, channel: Tensor, signals: int) -> Tensor:
    """Each canvas in its channel, the others empty: (n, m, H, W), (n, m) -> (n, signals, H, W)."""
    images = canvases.new_zeros(len(canvases), signals, *canvases.shape[2:])
    images[torch.arange(len(canvases))[:, None], channel] = canvases
    return images


def train(condition: str, config: Config, seed: int) -> GatedNetwork:
    """A network of that condition, trained on pictures of training digits."""
    torch.manual_seed(seed)
    task, gate = CONDITIONS[condition]
    model = GatedNetwork(config, gate, cells=TASKS[task])
    return fit(model, lambda n, g: examples(task, n, g, signals=config.signals), config, seed)


def evaluate(model: GatedNetwork, condition: str, config: Config) -> dict[str, float]:
    """Figures on pictures of test digits; `ch03_cued_channel.figures` says what they are."""
    task, _ = CONDITIONS[condition]
    generator = torch.Generator().manual_seed(2**31)
    return figures(model, examples(task, config.test_pictures, generator, "test", signals=config.signals))


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train a network of that condition and evaluate it."""
    return evaluate(train(condition, config, seed), condition, config)


EXPERIMENT = Experiment(
    title="No channel to choose: one digit without a cue, and a cue that names a place",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0, 1), steps=4, signals=3, batch=8, test_pictures=16),
    small=Config(seeds=(0, 1), steps=200),
    full=Config(seeds=(0, 1, 2, 3), steps=1000),
)
