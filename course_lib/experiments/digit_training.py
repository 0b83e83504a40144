"""What chapter 5's experiments share: the digits, the recipe, a small ViT and a CNN of its size.

**Recipe.** 1,000 steps of 64 digits where nothing else is said, AdamW with a peak learning rate of 0.003,
label smoothing 0.1, and the rest as `fit` has it. It was chosen for the ViT among a dozen short trials, on
142 digits held out of the training digits; the CNN takes it as it stands. The trials printed the accuracy on
the test digits, too, so that of the ViT may be a digit or two better than it would be on fresh ones. What
mattered most: pixels with a mean of 0 (0.96 without), and 0.003 for a learning rate in place of 0.002.

**Augmentation.** Each digit is moved by up to half a pixel, turned by up to 10 degrees and scaled by up to
10 %, anew each time it is drawn. Nothing is mirrored, and no digit of the test split lends a pixel.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.utils.data import TensorDataset

from course_lib.data.digits import digits
from course_lib.experiments.threads import one_thread
from course_lib.models.vit import VisionTransformer
from course_lib.training.fit import fit
from course_lib.training.history import History

SIZE = 8
MEAN, SPREAD = 0.305, 0.376           # of the training digits' pixels
PAPER = -MEAN / SPREAD                # a pixel without ink
HELD_OUT = 142                        # of the 1,442 training digits, to choose by

Labelled = tuple[Tensor, Tensor]      # images (n, 1, 8, 8), labels (n,)


def standardized(images: Tensor) -> Tensor:
    """Grey levels of digits, [0, 1], with a mean of about 0 and a spread of about 1."""
    return (images - MEAN) / SPREAD


def labelled_digits() -> tuple[Labelled, Labelled, Labelled]:
    """Standardized digits to train on (1,300), to choose by (142) and to test on (355)."""
    images, labels = digits("train")
    order = torch.randperm(len(images), generator=Generator().manual_seed(0))
    held_out, rest = order[:HELD_OUT], order[HELD_OUT:]
    images = standardized(images)
    tested, classes = digits("test")
    return (images[rest], labels[rest]), (images[held_out], labels[held_out]), (standardized(tested), classes)


def augment(images: Tensor, labels: Tensor, generator: Generator) -> Labelled:
    """Each digit moved, turned and scaled a little, as a batch for `fit`."""
    return moved(images, generator), labels


def moved(images: Tensor, generator: Generator, *, shift: float = 0.5, degrees: float = 10.0,
          scale: float = 0.1) -> Tensor:
    """Standardized images, each shifted by up to `shift` of a digit's pixels, turned and scaled at random."""
    angle, size, right, down = 2 * torch.rand(4, len(images), generator=generator) - 1          # each (n,)
    angle, size = math.radians(degrees) * angle, 1 + scale * size
    right, down = (2 * shift / SIZE * way for way in (right, down))          # affine_grid spans -1 .. 1
    cos, sin = angle.cos() / size, angle.sin() / size
    rows = torch.stack([cos, -sin, right, sin, cos, down], 1).view(-1, 2, 3)                    # (n, 2, 3)
    return sampled(images, rows)


def sampled(images: Tensor, rows: Tensor) -> Tensor:
    """Standardized images (n, 1, H, W) under affine maps (n, 2, 3), with paper around them."""
    grid = F.affine_grid(rows, list(images.shape), align_corners=False)      # (n, H, W, 2)
    return F.grid_sample(images - PAPER, grid, align_corners=False) + PAPER


def make_vit(outputs: int = 10, **options: Any) -> VisionTransformer:
    """A ViT of two blocks for digits: 16 patches of 2 x 2, 64 channels, the mean of the patches."""
    usual = {"img_size": SIZE, "patch_size": 2, "embed_dim": 64, "depth": 2, "num_heads": 4, "mlp_ratio": 2.0,
             "class_token": False, "global_pool": "avg"}
    return VisionTransformer(in_chans=1, num_classes=outputs, **(usual | options))


class SmallCNN(nn.Sequential):
    """Three convolutions with batch norm and a mean over all places: (B, 1, H, W) -> (B, outputs)."""

    def __init__(self, outputs: int = 10, widths: tuple[int, int] = (32, 72)) -> None:
        few, many = widths
        super().__init__(
            *_convolution(1, few), *_convolution(few, many), nn.MaxPool2d(2), *_convolution(many, many),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(many, outputs))


def _convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


@one_thread()
def train(model: nn.Module, inputs: Tensor, targets: Tensor, *, steps: int, seed: int = 0,
          augment: Callable[..., Labelled] | None = augment, loss: Callable[..., Tensor] | None = None,
          progress: bool = False, **options: Any) -> History:
    """Train a model by the recipe, in place, on the CPU; it comes back in `eval()`."""
    smoothing = {"label_smoothing": 0.1} if loss is None else {}
    return fit(model, TensorDataset(inputs, targets), steps=steps, seed=seed, augment=augment, loss=loss,
               device="cpu", progress=progress, **({"lr": 0.003, **smoothing} | options))


@one_thread()
@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of right classes."""
    return (model(images).argmax(1) == labels).double().mean().item()


def count_parameters(model: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
