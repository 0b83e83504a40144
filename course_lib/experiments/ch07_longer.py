"""Was the hybrid worse, or only slower? The two networks of `ch07_models` again, with four times the steps.

In `ch07_models` a U-Net with a Transformer in its neck loses to a plain one of the same size on ordinary scenes,
and by a lot, after 800 steps. Here both are trained for 3,200, on the same scenes, with the same seeds and the
same schedule drawn out. Nothing else is changed.

**What to make of it.** Only slower, nearly. The plain network goes from 0.656 to 0.741, the hybrid from 0.418 to
0.723, and its seeds, which lay between 0.24 and 0.55, lie between 0.716 and 0.727. It is still behind in every
seed, by two points, with a spread of less than one. So what looked like an unreliable kind of network was a
training that had been stopped too early for it. Whether the last two points would go with still more steps was
not tried. Nor were windows, gates and scales.
"""

from dataclasses import dataclass, replace

from course_lib.experiments import ch07_models
from course_lib.experiments.ch07_models import trained
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.segmentation_training import evaluate, named

CONDITIONS = ("plain", "hybrid")
TASK = "scenes"


@dataclass(frozen=True)
class Config:
    """How long, and on how much."""

    seeds: tuple[int, ...]
    steps: int
    train_scenes: int = 4000
    test_scenes: int = 500


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train the network of a condition for so many steps, and evaluate it on the test scenes."""
    longer = replace(ch07_models.EXPERIMENT.full, steps_scenes=config.steps, train_scenes=config.train_scenes)
    model = trained(condition, TASK, longer, seed)
    return named(evaluate(model, TASK, count=config.test_scenes), TASK)


EXPERIMENT = Experiment(
    title="A plain U-Net and one with a Transformer in its neck, on scenes, with four times the steps",
    conditions=CONDITIONS,
    measure=measure,
    tiny=Config(seeds=(0, 1), steps=2, train_scenes=16, test_scenes=8),
    small=Config(seeds=(0, 1), steps=200, train_scenes=1000, test_scenes=100),
    full=Config(seeds=(0, 1, 2), steps=3200),
)
