"""Attention in each place of one U-Net, alone and together, at equal parameters: what is each worth?

A U-Net of three resolutions, whose smallest map goes through a residual branch of two convolutions (the
neck). A condition adds attention to it, and takes channels away until the parameters are the same again:

none                       the U-Net as it is
position, channel          DANet's heads between the two convolutions of the neck (Fu et al. 2019)
position and channel       both, summed
criss-cross                rows and columns, twice, at the same place (Huang et al. 2019)
gates                      an attention gate on each skip (Oktay et al. 2018)
scales                     each resolution of the decoder predicts, each pixel weighs them (Chen et al. 2016)
all                        position and channel, gates, and scales

Two tasks: in "scenes" each pixel gets the class of its digit, and what stands near says nearly all; in "cue"
a patch in one corner says which digits count, and may be 56 pixels away (see `segmentation_training`).

**What to make of it: the cue.** The plain network marks every digit it can see no cue for: IoU of the
foreground 0.35. Position attention 0.96, with channel attention beside it 0.96, criss-cross 0.95, each in all
three seeds. Channel attention alone 0.73 (0.54 to 0.83): its products are sums over all places, and so carry
the cue's colour everywhere. Gates and scales look at what is near, and are worth next to nothing here (0.38
and 0.33). All together are worse, 0.81, than position attention by itself: parts do not add up.

**What to make of it: the scenes.** Of 21 differences to the plain network of the same seed, 17 have an
interval without 0, and yet channel attention, criss-cross and gates each have intervals wholly above and
wholly below 0 among their three seeds. The interval knows of other test images. It knows nothing of another
training, and that is what decides here: over three seeds, position +0.060 with a standard error of 0.036,
criss-cross +0.058 (0.042), scales +0.063 (0.057), gates +0.007 (0.038). None of these is two standard errors
from 0. Who is shown seed 2 alone reads that gates are worth 0.116 of mean IoU; in seeds 0 and 1 they cost
0.052 and 0.022. Choosing the best of five looks by test images instead of validation images would have gained
nothing: in the scenes the last is the best of all of them, in every training.

How a network begins weighs more than what is in its neck. Plain and channel begin with the same weights, as
nothing else is drawn; so do position, position and channel, and criss-cross. Within such a group mean IoU
lies within 0.026 in each seed. From seed to seed it moves by up to 0.17 in the first, 0.10 in the second.

**Averages.** By the means over seeds "scales" wins the scenes by every average, by image only by 0.002.
Further down they disagree: "all" is above the plain network by class (0.519 and 0.507) and the last of the
eight by image (0.369 and 0.391). In seed 1 the winner is scales by class, channel by image, all by global.
Global IoU, most of it background, puts all eight within 0.03. On the cue all averages agree.

**What was tried.** Before the recording, one seed each, in validation scenes: without a neck the same number
of parameters gave less (0.61 mean IoU against 0.65, at 60,000 parameters), and with a fourth resolution
instead, 0.41; so the plain network has convolutions in its neck. After 800 steps instead of 600 it had 0.68.
The learning rate, 0.005, is that of the tasks' recipe; no other was tried, for any condition. 600 steps are
few: most networks still gain between the fourth look and the last, and how fast a training gets going may be
much of what is seen in the scenes.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_lib.attention import (
    AttentionGate,
    ChannelAttention,
    CrissCrossAttention,
    DualAttention,
    ScaleFusion,
    SelfAttention2d,
    record_attention,
)
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.segmentation_training import TASKS, TOLERANCE, labels, logits, pictures, train
from course_lib.experiments.threads import one_thread
from course_lib.models import Neck, UNet, matching_width, parameters_of
from course_lib.models.unet import Stage
from course_lib.training import boundary_f1, image_ious, iou, paired_difference

PLAIN = "none"
CONDITIONS = (PLAIN, "position", "channel", "position and channel", "criss-cross", "gates", "scales", "all")
AVERAGES = ("class", "image", "global")


@dataclass(frozen=True)
class Config:
    """Networks and budget."""

    seeds: tuple[int, ...]
    scenes_steps: int
    cue_steps: int
    train_scenes: int = 4000
    test_scenes: int = 500
    looks: int = 5                        # evaluations on the way, on as many scenes as the next number says
    looked_at: int = 200
    width: float = 12                     # of the plain network; it fixes the number of parameters of all
    embed_dim: int = 32                   # channels in the neck
    batch: int = 16
    learning_rate: float = 0.005


def make_model(condition: str, task: str, config: Config, width: float | None = None) -> UNet:
    """The network of a condition for a task. Without a width, as wide as parameters allow."""
    if width is None:
        width = fitting_width(condition, task, config)
    dim, dims = config.embed_dim, [round(width * 2**level) for level in range(3)]
    between = {
        "position": lambda: SelfAttention2d(dim),
        "channel": lambda: ChannelAttention(dim),
        "position and channel": lambda: DualAttention(dim),
        "all": lambda: DualAttention(dim),
        "criss-cross": lambda: CrissCrossAttention(dim, loops=2),
    }.get(condition, nn.Identity)
    neck = Neck(dims[-1], dim, nn.Sequential(Stage(dim, dim), between(), Stage(dim, dim)))
    return UNet(TASKS[task].in_chans, TASKS[task].out_chans, dims, neck,
                gate=AttentionGate if condition in ("gates", "all") else None,
                head=ScaleFusion if condition in ("scales", "all") else None)


@lru_cache(maxsize=None)
def fitting_width(condition: str, task: str, config: Config) -> float:
    """The width at which a condition has as many parameters as the plain network, within 5 %."""
    if condition == PLAIN:
        return config.width
    with torch.random.fork_rng([]):       # making networks draws their weights
        return matching_width(lambda width: make_model(condition, task, config, width),
                              parameters_of(make_model(PLAIN, task, config, config.width)))


class Outcome(NamedTuple):
    """What a trained network gave: labels of the test scenes (n, H, W), and figures of its own."""

    predicted: Tensor
    found: dict[str, float]


@lru_cache(maxsize=4)                     # the plain network of a seed is trained once for all conditions
def outcome(condition: str, task: str, config: Config, seed: int) -> Outcome:
    """Train a network of that condition and let it answer."""
    torch.manual_seed(seed)
    model = make_model(condition, task, config)
    steps = getattr(config, f"{task}_steps")
    history = train(model, task, steps=steps, seed=seed, count=config.train_scenes, batch_size=config.batch,
                    lr=config.learning_rate, evaluate=partial(on_the_way, task=task, config=config),
                    evaluate_every=max(1, steps // config.looks))
    found = {f"{name}_{number}": value for number, (_, seen) in enumerate(history.evaluations, start=1)
             for name, value in seen.items()}
    asked = pictures(task, "test", config.test_scenes)
    found |= {"parameters": parameters_of(model)} | inside(model, asked.images[:50])
    return Outcome(labels(logits(model, asked.images)), found)


def on_the_way(model: nn.Module, task: str, config: Config) -> dict[str, float]:
    """Mean IoU in the first validation and test scenes."""
    found = {}
    for split in ("validation", "test"):
        asked = pictures(task, split, config.looked_at)
        found[split] = mean_iou(labels(logits(model, asked.images)), asked.targets, task)
    return found


def mean_iou(predicted: Tensor, target: Tensor, task: str, average: str = "class") -> float:
    """Mean IoU with the background as a class like others."""
    return float(iou(predicted, target, TASKS[task].num_classes, average=average))


def inside(model: nn.Module, images: Tensor) -> dict[str, float]:
    """What training made of the attention in the neck, where there is any.

    gamma, beta   the factors of position or criss-cross and of channel attention; 0 at birth
    channel_self  mean weight that a channel gives itself. 1: channel attention multiplies, and does no more
    """
    found = {name.rpartition(".")[2]: parameter.item() for name, parameter in model.named_parameters()
             if name.endswith((".gamma", ".beta"))}
    if "beta" in found:
        with record_attention(model) as maps:
            logits(model, images)
        # Beside another head it has a name of its own.
        weights, = (one for name, one in maps.items() if "channel" in name or name == "neck.body.1")
        found["channel_self"] = weights.diagonal(dim1=-2, dim2=-1).mean().item()
    return found


def scores(predicted: Tensor, target: Tensor, task: str) -> dict[str, float]:
    """How good labels are, (n, H, W) int64 both.

    iou_class, iou_image, iou_global   mean IoU by each average, the background with the classes
    iou_foreground                     as iou_class, without the background
    boundary_f1                        within a pixel, pooled for each class, without the background
    """
    classes = TASKS[task].num_classes
    found = {f"iou_{average}": mean_iou(predicted, target, task, average) for average in AVERAGES}
    found["iou_foreground"] = float(iou(predicted, target, classes, background=False))
    found["boundary_f1"] = float(boundary_f1(predicted, target, classes, tolerance=TOLERANCE,
                                             background=False))
    return found


def against_plain(predicted: Tensor, plain: Tensor, target: Tensor, task: str) -> dict[str, float]:
    """Mean over test images of the difference in an image's mean IoU, and its bootstrap interval (95 %)."""
    mine, others = (image_ious(labels_, target, TASKS[task].num_classes) for labels_ in (predicted, plain))
    return dict(zip(("difference", "low", "high"), paired_difference(mine, others, seed=0)))


@one_thread()
def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train a network of that condition for each task; compare it with the plain one of the same seed."""
    found: dict[str, float] = {}
    for task in TASKS:
        target = pictures(task, "test", config.test_scenes).targets
        predicted, own = outcome(condition, task, config, seed)
        told = scores(predicted, target, task) | own
        if condition != PLAIN:
            told |= against_plain(predicted, outcome(PLAIN, task, config, seed).predicted, target, task)
        found |= {f"{task}_{name}": value for name, value in told.items()}
    return found


EXPERIMENT = Experiment(
    title="Attention in each place of a U-Net, alone and together, at equal parameters",
    conditions=CONDITIONS,
    measure=measure,
    tiny=Config(seeds=(0, 1), scenes_steps=5, cue_steps=5, train_scenes=16, test_scenes=8, looked_at=4,
                batch=4),
    small=Config(seeds=(0, 1), scenes_steps=150, cue_steps=200, train_scenes=1000, test_scenes=100,
                 looked_at=50),
    full=Config(seeds=(0, 1, 2), scenes_steps=600, cue_steps=1200),
)
