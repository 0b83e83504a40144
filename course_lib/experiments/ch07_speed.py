"""How long the five networks of `ch07_models` take for one picture, as pictures grow.

The networks are those of the task "scenes", with the weights they are born with: what they cost does not
depend on what they have learned. One picture at a time, one thread, no gradients; the median of several runs,
after one that does not count. A seed is a repetition of it all.

On a picture of side s the neck's map has (s / 4)^2 places. In the hybrid each looks at all, so that its
attention costs 16 times as much when the side doubles; in windows of 4 x 4 it costs 4 times as much, like all
that is done by convolutions.
"""

import time
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from course_lib.experiments.ch07_models import CONDITIONS, make_model
from course_lib.experiments.ch07_models import EXPERIMENT as MODELS
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.segmentation_training import TASKS
from course_lib.experiments.threads import one_thread


@dataclass(frozen=True)
class Config:
    """Pictures and runs."""

    seeds: tuple[int, ...]
    sides: tuple[int, ...] = (64, 128, 256, 512)      # of the square pictures, in pixels
    shrink: int = 1                                   # pictures are that much smaller than their figure says
    runs: int = 7


@one_thread()
@torch.no_grad()
def seconds_a_run(model: nn.Module, image: Tensor, runs: int) -> float:
    """The median of some runs, in seconds. One more goes before them and does not count."""
    taken = []
    for _ in range(1 + runs):
        start = time.perf_counter()
        model(image)
        taken.append(time.perf_counter() - start)
    return median(taken[1:])


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Milliseconds a picture, for each side: ms_64, ms_128, ... The seed makes weights and pictures."""
    torch.manual_seed(seed)
    model = make_model(condition, "scenes", MODELS.full).eval()
    model.to(memory_format=torch.channels_last)
    found = {}
    for side in config.sides:
        pixels = side // config.shrink
        image = torch.rand(1, TASKS["scenes"].in_chans, pixels, pixels)
        image = image.contiguous(memory_format=torch.channels_last)
        found[f"ms_{side}"] = 1000 * seconds_a_run(model, image, config.runs)
    return found


EXPERIMENT = Experiment(
    title="Milliseconds a picture, of U-Nets of one size with and without attention, as pictures grow",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0, 1), shrink=16, runs=1),
    small=Config(seeds=(0, 1), sides=(64, 128, 256), runs=3),
    full=Config(seeds=(0, 1, 2)),
)
