"""Where does a ViT look? Attention maps and rollout, scored against the digit's mask.

A scene has one digit among clutter: fragments of other digits, as bright as it is. A ViT with a class token
names the digit. Three maps say from where the class token has its answer: its row of weights in the last
layer, the mean of its rows in all layers, and its row of the rollout; the mean over heads each time. What
falls on the class token itself is left out, and the rest sums to 1.

**Scores.** `_mass` is the share of a map that falls on the digit's mask, a patch's weight spread evenly over
its pixels. A uniform map's share is the mask's own, `area`; no map of patches can pass `most`. `_hit` is how
often the patch with the largest weight has ink of the digit; of a patch drawn at random, `chance`. `_blank`
is the share on patches without any ink; of a uniform map, `blank`. `_effect` is the correlation, over a
scene's patches, of the map with what the network itself says: how far the log-odds of the right class fall
when the patch is painted over.

**Where rollout misleads.** It multiplies weights, and leaves out what is done with the tokens they fetch. In
"last layer silenced" the trained network's last attention adds zeros to every token. All weights, and so all
maps, are those of before, to the last bit. But what they claim no longer happens: the class token hears only
what the layers before have told it. In "untrained" nothing was learned at all: its maps still hit the digit about half of the time, for
ink stands out to random weights, too. So a map that hits is no proof that a network has learned to look.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.attention.record import record_attention
from course_lib.attention.rollout import rollout
from course_lib.data.scene_options import SceneOptions
from course_lib.data.scenes import scenes
from course_lib.experiments.digit_training import accuracy, train
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.threads import one_thread
from course_lib.models.vit import VisionTransformer

MEAN, SPREAD = 0.1, 0.27              # of the scenes' pixels, about
PAPER = -MEAN / SPREAD
MAPS = ("last", "mean", "rollout")
CONDITIONS = ("trained", "last layer silenced", "untrained")


@dataclass(frozen=True)
class Config:
    """Scenes, network and budget."""

    seeds: tuple[int, ...]
    steps: int
    side: int = 24
    patch: int = 4
    clutter: int = 3
    depth: int = 3
    train_scenes: int = 20000
    test_scenes: int = 300
    painted_over: int = 100           # scenes of which each patch is painted over


@lru_cache(maxsize=4)
def pictures(count: int, config: Config, split: str) -> tuple[Tensor, Tensor, Tensor]:
    """Scenes of a split: standardized images (n, 1, H, W), classes (n,), masks of the digit (n, H, W)."""
    options = SceneOptions(size=(config.side, config.side), digits=1, digit_size=8, colors=None,
                           clutter=config.clutter)
    images, labels, masks = scenes(count, options, split=split).stack("image", "label", "target_mask")
    return (images - MEAN) / SPREAD, labels, masks


@lru_cache(maxsize=1)
def _weights(config: Config, seed: int) -> dict[str, Tensor]:
    """The state dict of a trained network. Kept: two conditions begin with the same."""
    images, labels, _ = pictures(config.train_scenes, config, "train")
    model = _make(config, seed)
    train(model, images, labels, steps=config.steps, seed=seed, augment=None, lr=0.002)
    return model.state_dict()


def _make(config: Config, seed: int) -> VisionTransformer:
    torch.manual_seed(seed)
    return VisionTransformer(img_size=config.side, patch_size=config.patch, in_chans=1, num_classes=10,
                             embed_dim=64, depth=config.depth, num_heads=4, mlp_ratio=2.0)


def make(condition: str, config: Config, seed: int) -> VisionTransformer:
    """A network of that condition, in `eval()`."""
    model = _make(config, seed).eval()
    if condition != "untrained":
        model.load_state_dict(_weights(config, seed))
    if condition == "last layer silenced":
        silence(model)
    return model


@torch.no_grad()
def silence(model: VisionTransformer) -> None:
    """Let the last layer's attention add zeros, in place. Its weights stay what they were."""
    model.blocks[-1].attn.proj.weight.zero_()
    model.blocks[-1].attn.proj.bias.zero_()


@one_thread()
@torch.no_grad()
def class_maps(model: VisionTransformer, images: Tensor) -> dict[str, Tensor]:
    """What the class token looks at: for each name in MAPS (n, N) over the patches, rows sum to 1."""
    with record_attention(model) as maps:
        model(images)
    layers = list(maps.values())                                             # depth x (n, H, 1 + N, 1 + N)
    rows = {"last": layers[-1].mean(1), "mean": torch.stack(layers).mean((0, 2)), "rollout": rollout(layers)}
    patches = {name: found[:, 0, 1:] for name, found in rows.items()}        # (n, N)
    return {name: found / found.sum(1, keepdim=True) for name, found in patches.items()}


@one_thread()
@torch.no_grad()
def effects(model: VisionTransformer, images: Tensor, labels: Tensor) -> Tensor:
    """How far the log-odds of the right class fall when a patch becomes paper: (n, N)."""
    rows, columns = model.grid
    height, width = model.patch_embed.patch_size
    before, found = log_odds(model(images), labels), []
    for row in range(0, rows * height, height):
        for column in range(0, columns * width, width):
            painted = images.clone()
            painted[..., row:row + height, column:column + width] = PAPER
            found.append(before - log_odds(model(painted), labels))
    return torch.stack(found, 1)                                             # (n, N)


def log_odds(logits: Tensor, labels: Tensor) -> Tensor:
    """Of the right class against all others: (n, classes), (n,) -> (n,)."""
    right = F.one_hot(labels, logits.shape[1]).bool()
    return logits[right] - logits.masked_fill(right, -torch.inf).logsumexp(1)


def score(maps: dict[str, Tensor], images: Tensor, masks: Tensor, patch: int) -> dict[str, float]:
    """Scores of maps (n, N) against masks (n, H, W), as this file's first lines tell."""
    cover = F.avg_pool2d(masks[:, None].float(), patch).flatten(1)           # (n, N): share of a patch
    ink = F.max_pool2d((images > PAPER + 0.01).float(), patch).flatten(1)    # (n, N): 1 or 0
    found = {"area": cover.mean().item(), "most": cover.amax(1).mean().item(),
             "blank": (1 - ink).mean().item(), "chance": (cover > 0).double().mean().item()}
    for name, weights in maps.items():
        largest = weights.argmax(1, keepdim=True)
        found[f"{name}_mass"] = (weights * cover).sum(1).mean().item()
        found[f"{name}_hit"] = (cover.gather(1, largest) > 0).double().mean().item()
        found[f"{name}_blank"] = (weights * (1 - ink)).sum(1).mean().item()
    return found


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's, of each row with its like, the mean over rows: (n, N), (n, N)."""
    one, other = (t - t.mean(1, keepdim=True) for t in (one, other))
    return F.cosine_similarity(one, other, dim=1).mean().item()


def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Accuracy on scenes of test digits, and the scores of three maps."""
    model = make(condition, config, seed)
    images, labels, masks = pictures(config.test_scenes, config, "test")
    maps = class_maps(model, images)
    found = {"accuracy": accuracy(model, images, labels)} | score(maps, images, masks, config.patch)
    some = slice(config.painted_over)
    effect = effects(model, images[some], labels[some])
    return found | {f"{name}_effect": correlation(maps[name][some], effect) for name in MAPS}


EXPERIMENT = Experiment(
    title="Where does the class token look? Attention, rollout and the digit's mask",
    conditions=CONDITIONS,
    measure=measure,
    tiny=Config(seeds=(0,), steps=3, train_scenes=40, test_scenes=12, painted_over=4),
    small=Config(seeds=(0, 1), steps=400, side=16, train_scenes=6000),
    full=Config(seeds=(0, 1, 2), steps=2000),
)
