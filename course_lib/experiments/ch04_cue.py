"""A cue in one corner says which digits count: what a network cannot see, it cannot obey.

A scene is a strip of 16 x 64 pixels with five to seven digits, each in one of five colours. A square patch of
8 x 8 in one of the corners, the cue, has one of them. The answer is a mask: all pixels of the digits of that
colour. The networks are the same U-Net but for three residual blocks in its neck, on a map of 4 x 16 cells:

convolution            three blocks that convolve. Such a network sees 22 to 25 pixels to each side
dilated convolution    the same, with dilations 2, 4 and 8: from every place the whole strip is in sight
attention              the first block is non-local, and as large; the other two convolve
global mean            the first block adds, to every place, the same: what two layers make of the mean
every digit            no network: all digits are marked. What one gets without looking at the cue

A pixel that is missed costs three times as much as one that is marked in error. Without that, a network in
doubt marks nothing, and its IoU is 0, which says less than the IoU of marking every digit.

**What to make of it.** Within a window's reach of the cue, convolution marks most digits rightly; beyond, it
marks them all. Attention is not the only cure. With dilations the network comes nearly as far, so the trouble
is sight, not convolution. And a mean over all places does at least as well as attention: the cue is one fact,
the same for all who ask, and there is nothing else in a scene that looks like it. Cao et al. (2019) found the
maps of trained non-local blocks nearly the same for all queries, and built on that.

**Where far places look** differs from seed to seed. In seed 0 every digit looks at the cue. In seed 1 a digit
looks there when the cue has *another* colour, and is marked when it finds no such cue; blue alone is looked
up as in seed 0. Both are right about every colour. Seed 2 takes green for blue and blue for green, and does
all else rightly. So a low `cue_mass` does not mean that the cue is not obeyed.

**What was tried.** On 32 x 64 pixels with four colours the picture is the same, but convolution stays at the
level of "every digit" for 2,000 steps before it learns what it can see: after 3,000 steps 0.91, 0.83, 0.57,
0.35 and 0.33 from near to far, and 0.45 in all, one seed. On the strip it begins within 1,000. A peak
learning rate of 0.01 did worse for convolution than 0.005 (0.37 and 0.43, one seed each, in an early trial of
the same arrangement), so 0.005 serves all. Two convolutions a stage, and two thirds more parameters, did not
help it: after 1,500 steps it was still at the level of "every digit", one seed. More steps on the strip were
not tried. They could teach it more about the digits whose cue is in sight, and nothing about the others: no
gradient comes from there. The small run is too short to show what convolution can learn.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from course_lib.attention import NonLocal, record_attention
from course_lib.data import SceneOptions, scenes
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.threads import one_thread
from course_lib.models import UNet
from course_lib.training import fit

CONDITIONS = ("convolution", "dilated convolution", "attention", "global mean", "every digit")
COLORS = ("red", "yellow", "green", "blue", "white")
TEST_SEEDS = 2**31                        # where the seeds of the test scenes begin


@dataclass(frozen=True)
class Config:
    """Scenes, network and budget."""

    seeds: tuple[int, ...]
    steps: int
    train_scenes: int = 4000
    test_scenes: int = 500
    size: tuple[int, int] = (16, 64)      # height and width in pixels
    digits: tuple[int, int] = (5, 7)
    digit_size: tuple[int, int] = (8, 9)
    cue_size: int = 8
    dims: tuple[int, ...] = (8, 16, 48)
    inner: int = 24                       # channels inside a block of the neck that convolves
    batch: int = 16
    learning_rate: float = 0.005
    missed: float = 3.0                   # what a missed pixel costs, where a false one costs 1
    bins: tuple[int, ...] = (0, 8, 16, 24, 32, 48, 64)   # of the distance from the cue, in pixels
    far: int = 32                         # from here on, the plain network has nothing of the cue in sight

    @property
    def options(self) -> SceneOptions:
        """What the scenes hold: digits of five colours, and a patch in one of the corners."""
        return SceneOptions(size=self.size, digits=self.digits, digit_size=self.digit_size, colors=COLORS,
                            cue="random", cue_size=self.cue_size)


class Pictures(NamedTuple):
    """Images (n, 3, H, W); of each pixel (n, H, W): does it count, is it a digit's, how far is the cue."""

    images: Tensor
    targets: Tensor
    digits: Tensor
    distance: Tensor


@lru_cache(maxsize=2)
def pictures(config: Config, split: str) -> Pictures:
    """All scenes of a split. They are made once, and kept."""
    first, count = (0, config.train_scenes) if split == "train" else (TEST_SEEDS, config.test_scenes)
    made = list(scenes(range(first, first + count), config.options, split=split))
    images, targets, instances = (torch.stack([getattr(scene, name) for scene in made])
                                  for name in ("image", "target_mask", "instances"))
    distance = torch.stack([distance_from(scene.cue.box, config.size) for scene in made])
    return Pictures(images.contiguous(memory_format=torch.channels_last), targets, instances > 0, distance)


def distance_from(box: tuple[int, int, int, int], size: tuple[int, int]) -> Tensor:
    """How far each pixel is from a box: (H, W), 0 in the box.

    The larger of the steps across and the steps up or down. So a square window around a pixel touches the box
    when it reaches as many pixels to each side.
    """
    x0, y0, x1, y1 = box
    y, x = torch.arange(size[0])[:, None], torch.arange(size[1])
    across = torch.maximum(x0 - x, x - (x1 - 1)).clamp(min=0)      # (W,)
    down = torch.maximum(y0 - y, y - (y1 - 1)).clamp(min=0)        # (H, 1)
    return torch.maximum(across, down)                             # (H, W)


class Convolve(nn.Module):
    """A residual block (He et al. 2016, fig. 5): narrower, a 3x3 convolution, wider again."""

    def __init__(self, dim: int, inner: int, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(dim, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(inner), nn.ReLU(), nn.Conv2d(inner, dim, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class AddMean(nn.Module):
    """A residual block that tells every place the same: what two layers make of the mean over all places."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(dim, inner, 1), nn.ReLU(), nn.Conv2d(inner, dim, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x.mean((2, 3), keepdim=True))         # (B, C, h, w) + (B, C, 1, 1)


def make_neck(condition: str, dim: int, inner: int) -> nn.Sequential:
    """Three residual blocks, (B, dim, h, w) -> (B, dim, h, w). The first is what the condition says."""
    if condition == "dilated convolution":
        # Steps of 2, 4 and 8 in one direction add up to every even number up to 14, and the 3x3 convolutions
        # around the neck fill the gaps. No way across the map leads over its border, where there are zeros.
        return nn.Sequential(*(Convolve(dim, inner, dilation) for dilation in (2, 4, 8)))
    parameters = sum(p.numel() for p in Convolve(dim, inner).parameters())
    first = {
        "convolution": lambda: Convolve(dim, inner),
        "attention": lambda: NonLocal(dim, round(parameters / (4 * dim)), norm=True),
        "global mean": lambda: AddMean(dim, round(parameters / (2 * dim))),
    }
    return nn.Sequential(first[condition](), Convolve(dim, inner), Convolve(dim, inner))


def make_model(condition: str, config: Config) -> UNet:
    """The network of a condition: (B, 3, H, W) -> (B, 1, H, W), above 0 where a pixel is thought to count."""
    return UNet(3, 1, config.dims, make_neck(condition, config.dims[-1], config.inner))


@one_thread()
def train(condition: str, config: Config, seed: int) -> UNet:
    """A network of that condition, trained on scenes of training digits."""
    torch.manual_seed(seed)
    model = make_model(condition, config).to(memory_format=torch.channels_last)     # twice as fast
    drawn = pictures(config, "train")
    data = TensorDataset(drawn.images, drawn.targets[:, None].float())
    loss = partial(F.binary_cross_entropy_with_logits, pos_weight=torch.tensor(config.missed))
    fit(model, data, steps=config.steps, batch_size=config.batch, loss=loss, lr=config.learning_rate,
        seed=seed, device="cpu", progress=False)
    return model


@one_thread()
@torch.no_grad()
def mark(model: nn.Module, images: Tensor) -> Tensor:
    """Which pixels a network marks: (n, 3, H, W) -> (n, H, W) bool."""
    return torch.cat([model(some)[:, 0] > 0 for some in images.split(100)])


def iou(marked: Tensor, targets: Tensor, where: Tensor | None = None) -> float:
    """Intersection over union of two masks, pooled: over all pixels of all images, or those of `where`."""
    both, either = marked & targets, marked | targets
    if where is not None:
        both, either = both & where, either & where
    return both.sum().item() / max(1, either.sum().item())


def figures(marked: Tensor, test: Pictures, bins: tuple[int, ...]) -> dict[str, float]:
    """How well pixels are marked, (n, H, W) bool.

    iou       pooled over all pixels of all test images
    iou_a_b   the same over the pixels of digits that are a to b - 1 pixels from the cue
    """
    found = {"iou": iou(marked, test.targets)}
    for near, far in zip(bins, bins[1:]):
        ring = test.digits & (test.distance >= near) & (test.distance < far)
        found[f"iou_{near}_{far}"] = iou(marked, test.targets, ring)
    return found


@one_thread()
@torch.no_grad()
def map_figures(model: UNet, test: Pictures, far: int) -> dict[str, float]:
    """Where far places look. The queries are the cells of the neck's map, a cell as often as it has pixels.

    cue_mass, cue_hit               of pixels that count, `far` pixels or more from the cue: what part of
                                    their map lies on the cue's cells, and how often its largest weight does
    cue_mass_other, cue_hit_other   the same of pixels of digits that do not count
    cue_uniform                     the part that a uniform map has there
    """
    with record_attention(model) as maps:
        weights = torch.cat([_weights(model, maps, some) for some in test.images.split(100)])   # (n, N, N)
    cue = F.max_pool2d((test.distance == 0).float(), model.stride).flatten(1)                    # (n, N)
    mass = (weights @ cue[..., None])[..., 0]                                                    # (n, N)
    hit = cue.gather(1, weights.argmax(-1))                                                      # (n, N)
    found = {"cue_uniform": cue.mean().item()}
    is_far = test.distance >= far
    for suffix, who in (("", test.targets & is_far), ("_other", test.digits & ~test.targets & is_far)):
        times = F.avg_pool2d(who.float(), model.stride).flatten(1)                               # (n, N)
        for name, value in (("cue_mass", mass), ("cue_hit", hit)):
            found[name + suffix] = ((times * value).sum() / times.sum()).item()
    return found


def _weights(model: UNet, maps: dict[str, Tensor], images: Tensor) -> Tensor:
    maps.clear()
    model(images)
    weights, = maps.values()
    return weights.flatten(0, -3)                                  # (B, N, N)


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train a network of that condition and evaluate it. "every digit" marks all digits, with no network."""
    test = pictures(config, "test")
    if condition == "every digit":
        return figures(test.digits, test, config.bins)
    model = train(condition, config, seed)
    found = figures(mark(model, test.images), test, config.bins)
    found["parameters"] = sum(p.numel() for p in model.parameters())
    return found | (map_figures(model, test, config.far) if condition == "attention" else {})


EXPERIMENT = Experiment(
    title="A cue in one corner says which digits count: convolution against attention in the neck of a U-Net",
    conditions=CONDITIONS,
    measure=measure,
    tiny=Config(seeds=(0, 1), steps=2, train_scenes=8, test_scenes=8, batch=4),
    small=Config(seeds=(0, 1), steps=400, train_scenes=2000, test_scenes=200, learning_rate=0.008),
    full=Config(seeds=(0, 1, 2), steps=1500),
)
