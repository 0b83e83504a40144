"""Eight ways to look at a cluttered canvas with one digit, and what each of them costs.

A canvas of 48 x 60 holds one digit of 10 to 12 pixels and fragments of others, as bright as the digit. Seven
ways share one network, `Looker`, with the same parameters. Its one half rates 320 places from every third
pixel of every third row; the other tells what a window of 13 x 13 pixels shows. They differ in a line:

    uniform              the mean over all windows
    soft                 the expectation under a softmax over places
    gate                 a sum over all windows, each through a sigmoid of its own
    hard                 one window, drawn; learned by the score function with a running baseline
    hard, no baseline    the same with the bare reward
    hard, 0 or 1         as hard, with the reward of Mnih et al. 2014: 1 for a right class, 0 for a wrong one
    hard, Gumbel         one window, drawn; learned by straight-through Gumbel-softmax

Otherwise the reward is the probability that the right class was given. It is what the reward of 0 or 1
would be on average if the answer were drawn from the prediction: as bounded, and with less chance in it.
Its logarithm, the log-likelihood of Xu et al. 2015 and Ba et al. 2015, was tried with one seed: in 3000
steps it got as far (.90 against .88 in accuracy), but it starts slowly, for a bold wrong guess at a digit
costs more than knowing nothing about a blank window.

The eighth is the recurrent model of Mnih et al. 2014 with an overview of every fourth pixel of every
fourth row, two glimpses of 8 x 8, a learned baseline and a bonus on the policy's entropy. It reads a tenth
of the pixels. Its steps are cheap, and it gets three times as many as the others: their budgets are equal,
its is not.

Gumbel-softmax reads all windows while it learns, for its gradient asks what the places that were not drawn
would have shown. `pixels` counts what is read to classify, at test time.

**The variance is exact.** What each of 320 places would have earned can be asked, and the variance of the
one-draw estimate is a sum over places (enumeration.py). It is that of the gradient with respect to the
scores, added up over places, on 64 canvases at ten moments of the training.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention import (
    RunningBaseline, baseline_loss, draw_place, glimpse_pixels, gumbel_softmax, soft_location, surrogate_loss,
)
from course_lib.data import SceneOptions, scenes
from course_lib.experiments.enumeration import gradient_variance
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.threads import one_thread
from course_lib.models import Looker, RecurrentGlimpse
from course_lib.models.looker import overview

DRAWN = ("hard", "hard, no baseline", "hard, 0 or 1")               # learned by the score function
HARD = (*DRAWN, "hard, Gumbel")
ONE_LOOK = ("uniform", "soft", "gate", *HARD)
PROBE = 64                            # canvases on which the gradient's variance is computed


@dataclass(frozen=True)
class Config:
    """Canvases, network and budget."""

    seeds: tuple[int, ...]
    steps: int
    train_scenes: int = 20000
    test_scenes: int = 1000
    size: tuple[int, int] = (48, 60)
    digit_size: tuple[int, int] = (10, 12)
    clutter: int = 5
    stride: int = 3                   # of the overview
    window: int = 13
    dim: int = 64
    batch: int = 64
    learning_rate: float = 0.003      # the peak of a one-cycle schedule
    recurrent_stride: int = 4
    recurrent_window: int = 8
    recurrent_glimpses: int = 2
    recurrent_steps: int = 3          # times as many steps as the others
    entropy_bonus: float = 0.03       # of the recurrent model

    @property
    def options(self) -> SceneOptions:
        return SceneOptions(size=self.size, digits=1, digit_size=self.digit_size, colors=None,
                            clutter=self.clutter)


class Canvases(NamedTuple):
    """Many scenes: images (n, 1, H, W) of uint8, classes (n,), digits' boxes (n, 4) as x0, y0, x1, y1."""

    images: Tensor
    labels: Tensor
    boxes: Tensor

    def pick(self, index: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Images as floats in [0, 1], and labels."""
        return self.images[index].float() / 255, self.labels[index]


@lru_cache(maxsize=2)
def canvases(config: Config, split: str) -> Canvases:
    """The scenes of the configuration, the same for every seed."""
    count = config.train_scenes if split == "train" else config.test_scenes
    images, labels, boxes = scenes(count, config.options, split=split).stack("image", "label", "boxes")
    return Canvases((images * 255).round().to(torch.uint8), labels, torch.cat(boxes))


class Seen(NamedTuple):
    """What a way of looking gives: logits (B, 10), weights (B, 1, h, w), log-probability (B,) or None."""

    logits: Tensor
    weights: Tensor
    log_prob: Tensor | None = None


def look(model: Looker, image: Tensor, way: str, generator: torch.Generator | None = None) -> Seen:
    """Classify images in that way. In `eval()` hard attention takes the likeliest place, unless it learns."""
    scores = model.scores(image)                                             # (B, 1, h, w)
    if way in HARD:
        return _look_hard(model, image, scores, way, generator)
    features = model.features(image)                                         # (B, dim, h, w)
    if way == "uniform":
        weights = torch.full_like(scores, 1 / scores[0].numel())
        seen = features.mean((2, 3))
    elif way == "soft":
        seen, weights = soft_location(features, scores)
    else:
        weights = scores.sigmoid()
        seen = (features * weights).sum((2, 3))
    return Seen(model.classifier(seen), weights)


def _look_hard(model: Looker, image: Tensor, scores: Tensor, way: str,
               generator: torch.Generator | None) -> Seen:
    log_prob, flat = None, scores.flatten(1)                                 # (B, K)
    if model.training and way == "hard, Gumbel":
        drawn = gumbel_softmax(flat, generator=generator)                    # (B, K)
        seen = torch.einsum("bk,bck->bc", drawn, model.features(image).flatten(2))
        return Seen(model.classifier(seen), drawn.view_as(scores))
    if model.training:
        place, log_prob = draw_place(flat, generator=generator)              # (B,), (B,)
    else:
        place = flat.argmax(-1)
    weights = F.one_hot(place, flat.shape[1]).to(scores).view_as(scores)
    return Seen(model.classifier(model.features_at(image, place)), weights, log_prob)


def make_model(way: str, config: Config) -> Looker | RecurrentGlimpse:
    if way in ONE_LOOK:
        return Looker(10, stride=config.stride, size=config.window, dim=config.dim)
    grid = tuple(side // config.recurrent_stride for side in config.size)
    return RecurrentGlimpse(10, grid, size=config.recurrent_window, num_glimpses=config.recurrent_glimpses,
                            dim=config.dim, stride=config.recurrent_stride)


class Trained(NamedTuple):
    """A model, and along its training the variance of its gradient: at its own baseline, and without one."""

    model: Looker | RecurrentGlimpse
    variance: Tensor                  # (moments,); empty where the gradient is not the score function's
    bare_variance: Tensor


@one_thread()
def train(way: str, config: Config, seed: int) -> Trained:
    """A model that has learned to look in that way."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model, data = make_model(way, config), canvases(config, "train")
    steps = config.steps * (1 if way in ONE_LOOK else config.recurrent_steps)
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps)
    running, variances = RunningBaseline(), []
    for step in range(steps):
        if way in DRAWN and step % max(1, steps // 10) == 0:
            variances.append(_variances(model, data, way, _baseline(way, running)))
        image, label = data.pick(torch.randint(len(data.labels), (config.batch,), generator=generator))
        if way in ONE_LOOK:
            loss = _loss(model, image, label, way, running, generator)
        else:
            loss = _recurrent_loss(model, image, label, config.entropy_bonus, generator)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
    return Trained(model.eval(), *torch.tensor(variances).view(-1, 2).unbind(1))


def _loss(model: Looker, image: Tensor, label: Tensor, way: str, running: RunningBaseline,
          generator: torch.Generator) -> Tensor:
    seen = look(model, image, way, generator)
    loss = F.cross_entropy(seen.logits, label)
    if seen.log_prob is None:
        return loss
    reward = reward_of(seen.logits, label, way)                              # (B,)
    loss = loss + surrogate_loss(seen.log_prob, reward, _baseline(way, running))
    running.update(reward)
    return loss


def _baseline(way: str, running: RunningBaseline) -> Tensor | float:
    return 0.0 if way == "hard, no baseline" else running()


def reward_of(logits: Tensor, label: Tensor, way: str) -> Tensor:
    """What a look has earned, in [0, 1]: (B,), no gradient."""
    if way in ("hard, 0 or 1", "recurrent"):
        return (logits.argmax(-1) == label).to(logits.dtype)
    return F.cross_entropy(logits, label, reduction="none").detach().neg().exp()


def _recurrent_loss(model: RecurrentGlimpse, image: Tensor, label: Tensor, entropy_bonus: float,
                    generator: torch.Generator) -> Tensor:
    looks = model(image, generator=generator)
    reward = reward_of(looks.logits, label, "recurrent")                     # (B,)
    entropy = torch.distributions.Categorical(logits=looks.scores).entropy().sum(1).mean()
    return (F.cross_entropy(looks.logits, label) + surrogate_loss(looks.log_probs, reward, looks.baselines)
            + baseline_loss(looks.baselines, reward) - entropy_bonus * entropy)


@torch.no_grad()
def _variances(model: Looker, data: Canvases, way: str, baseline: Tensor | float) -> tuple[float, float]:
    """The variance of one draw's gradient at that baseline and at none, mean over the probe."""
    image, label = data.pick(slice(PROBE))
    every = model.classifier(model.features(image).flatten(2).mT)            # (B, K, classes)
    labels = label.repeat_interleave(every.shape[1])                         # (B * K,)
    reward = reward_of(every.flatten(0, 1), labels, way).view(every.shape[:2])         # had it looked there
    scores = model.scores(image).flatten(1)                                  # (B, K)
    return tuple(gradient_variance(scores, reward, b).mean().item() for b in (baseline, 0.0))


@one_thread()
@torch.no_grad()
def evaluate(model: Looker | RecurrentGlimpse, way: str, config: Config) -> dict[str, float]:
    """Figures on test scenes.

    accuracy     share of scenes whose digit is named rightly
    pixels       share of a canvas's pixels that are read to name it
    on_digit     how much of the digit's box the window shows that is attended to, expectation over places
    mass         sum of the weights over all places
    parameters   how many the model has
    """
    data = canvases(config, "test")
    image, label = data.pick(slice(None))
    if way in ONE_LOOK:
        parts = [look(model, part, way) for part in image.split(250)]
        logits, weights = (torch.cat([part[i] for part in parts]) for i in (0, 1))
        mass = weights.flatten(1).sum(1)                                     # (B,)
        centres = model.centres(image).expand(len(image), -1, -1)            # (B, K, 2)
        shown = covered(centres, data.boxes, config.size, config.window)     # (B, K)
        on_digit = (weights.flatten(1) * shown).sum(1) / mass
        pixels = _pixels(model, centres, weights, config) if way in HARD else torch.ones(())
    else:
        looks = model(image)
        logits, mass = looks.logits, torch.ones(())
        on_digit = covered(looks.centres, data.boxes, config.size, config.recurrent_window).mean(1)
        pixels = looks.pixels / image[0, 0].numel()
    return {
        "accuracy": (logits.argmax(-1) == label).float().mean().item(),
        "pixels": pixels.mean().item(),
        "on_digit": on_digit.mean().item(),
        "mass": mass.mean().item(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def covered(centres: Tensor, boxes: Tensor, size: tuple[int, int], window: int) -> Tensor:
    """How much of its sample's box, (B, 4), a square window around each centre, (B, K, 2), shows: (B, K)."""
    centre = (centres + 1) / 2 * torch.tensor(size)                          # pixels from the edge, (B, K, 2)
    low, high = boxes[:, None, [1, 0]], boxes[:, None, [3, 2]]               # (B, 1, 2): y, x
    overlap = torch.minimum(centre + window / 2, high) - torch.maximum(centre - window / 2, low)
    return (overlap.clamp(min=0) / (high - low)).prod(-1)


def _pixels(model: Looker, centres: Tensor, weights: Tensor, config: Config) -> Tensor:
    """The share that the overview and the one window read together: (B,)."""
    place = weights.flatten(1).argmax(1)                                     # (B,)
    centre = centres[torch.arange(len(place)), place]                        # (B, 2)
    read = glimpse_pixels(centre, config.size, config.window)                # (B, H, W)
    overview(read[:, None], model.stride)[:] = True
    return read.float().mean((1, 2))


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Train a model to look in that way and evaluate it.

    Besides evaluate's figures, for those that learn by the score function:
    variance        of the gradient that one draw gives, mean over ten moments of the training
    variance_bare   the same at the same moments, had there been no baseline
    """
    trained = train(condition, config, seed)
    figures = evaluate(trained.model, condition, config)
    if len(trained.variance):
        figures["variance"] = trained.variance.mean().item()
        figures["variance_bare"] = trained.bare_variance.mean().item()
    return figures


EXPERIMENT = Experiment(
    title="Eight ways to look at a cluttered canvas",
    conditions=(*ONE_LOOK, "recurrent"),
    measure=measure,
    tiny=Config(seeds=(0, 1), steps=3, train_scenes=64, test_scenes=32, size=(24, 36), clutter=1, dim=8,
                batch=8),
    small=Config(seeds=(0, 1), steps=600, train_scenes=6000, test_scenes=500, size=(24, 48), clutter=2),
    full=Config(seeds=(0, 1, 2), steps=3000),
)
