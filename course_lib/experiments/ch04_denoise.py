"""Noise taken off pieces of photos: a blur, non-local means in matrix form, and scikit-image's.

Six pieces of 48 x 96 pixels, grey values from 0 to 1, with Gaussian noise of a tenth. Every method has
settings, and every one finds its own on two other pieces, with noise of another seed. With those it goes
through the six. So no method sees what it is judged by, but for "blur, best width": its width is the best for
each picture, found with the clean one at hand, which nobody has.

    noisy                   as it came
    blur                    a Gaussian filter
    blur, best width        the same, told the truth
    non-local means         each pixel is averaged with all others (Buades, Coll and Morel 2005)
    non-local means, near   with those of a square around it
    scikit-image            `denoise_nl_means`, also with a square

All forms of non-local means are told how strong the noise is: it makes two patches that are truly equal
differ by twice its variance, which is taken off before they are compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from statistics import mean
from typing import Any

import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means
from torch import Tensor

from course_lib.attention import attend_with_scores
from course_lib.data import photo
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.threads import one_thread

PIECES = {                                  # name: photo, top, left
    "page": ("page", 60, 140), "brick": ("brick", 220, 200), "coins": ("coins", 120, 140),
    "pagoda": ("china", 180, 270), "grass": ("grass", 220, 200), "cat": ("cat", 60, 180),
}
TUNING_PIECES = ("coffee", 100, 200), ("camera", 100, 180)
TUNING_SEED = 2**31


@dataclass(frozen=True)
class Config:
    """Pieces, noise, and the settings that are tried."""

    seeds: tuple[int, ...]
    pieces: tuple[str, ...] = tuple(PIECES)
    size: tuple[int, int] = (48, 96)
    noise: float = 0.1                      # standard deviation
    widths: tuple[float, ...] = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0)
    sides: tuple[int, ...] = (3, 5, 7, 9)   # of a patch, in pixels
    strengths: tuple[float, ...] = (0.3, 0.4, 0.6, 0.8, 1.0, 1.2)  # h in units of the noise
    reaches: tuple[int, ...] = (6, 11)      # half the side of the square that is searched


def non_local_means(image: Tensor, *, h: float, side: int = 5, noise: float = 0.0,
                    reach: int | None = None) -> Tensor:
    """y_i = sum_j softmax_j(-|P_i - P_j|^2 / h^2) x_j (Buades, Coll and Morel 2005).

    Args:
        image: (H, W) grey values x.
        h: how alike is alike enough, in grey values.
        side: of the patches P_j around the pixels, odd. Distances are means over a patch.
        noise: standard deviation of the noise; twice its square is taken off the distances.
        reach: how far a pixel looks in each direction; None for the whole image.

    Returns:
        (H, W). It holds (H * W)^2 numbers on the way.
    """
    patches = patches_of(image, side)                                        # (N, side * side)
    distance = torch.cdist(patches, patches).square() / side**2              # (N, N)
    distance = (distance - 2 * noise**2).clamp_min(0)
    mask = None if reach is None else neighbours(image.shape, reach)
    return attend_with_scores(-distance / h**2, image.reshape(-1, 1), mask=mask).view_as(image)


def patches_of(image: Tensor, side: int) -> Tensor:
    """The patch around every pixel, mirrored at the edges: (H, W) -> (H * W, side * side)."""
    return F.unfold(F.pad(image[None, None], (side // 2,) * 4, mode="reflect"), side)[0].T


def neighbours(size: tuple[int, int], reach: int) -> Tensor:
    """Which pixels lie in the square around which: (H * W, H * W) bool."""
    height, width = size
    near = [(torch.arange(n)[:, None] - torch.arange(n)).abs() <= reach for n in (height, width)]
    return torch.kron(*near)                # row and column of a pixel are near, both


def scikit_image(image: Tensor, *, h: float, side: int, noise: float, reach: int) -> Tensor:
    """scikit-image's non-local means, for the same arguments."""
    return torch.from_numpy(denoise_nl_means(image.numpy(), h=h, patch_size=side, sigma=noise,
                                             patch_distance=reach, fast_mode=False))


def blur(image: Tensor, *, width: float) -> Tensor:
    """A Gaussian filter of that standard deviation in pixels."""
    return torch.from_numpy(gaussian_filter(image.numpy(), width, mode="mirror"))


def decibels(image: Tensor, clean: Tensor) -> float:
    """Peak signal-to-noise ratio, for values from 0 to 1: 10 more is a tenth of the squared error."""
    return -10 * (image.double() - clean.double()).square().mean().log10().item()


CONDITIONS: dict[str, tuple[Callable[..., Tensor], tuple[str, ...]]] = {   # what it calls, what is tried
    "noisy": (lambda image: image, ()),
    "blur": (blur, ("width",)),
    "blur, best width": (blur, ("width",)),
    "non-local means": (non_local_means, ("h", "side")),
    "non-local means, near": (non_local_means, ("h", "side", "reach")),
    "scikit-image": (scikit_image, ("h", "side", "reach")),
}


def settings(condition: str, config: Config) -> list[dict[str, Any]]:
    """All settings of a method that are tried."""
    _, tried = CONDITIONS[condition]
    values = {"width": config.widths, "h": [config.noise * s for s in config.strengths],
              "side": config.sides, "reach": config.reaches}
    told = {"noise": config.noise} if "h" in tried else {}
    return [dict(zip(tried, some)) | told for some in product(*(values[name] for name in tried))]


def best(condition: str, config: Config, pairs: Sequence[tuple[Tensor, Tensor]]) -> Mapping[str, Any]:
    """The settings with the most decibels, on average over pairs of a noisy and a clean piece."""
    method, _ = CONDITIONS[condition]
    return max(settings(condition, config),
               key=lambda some: mean(decibels(method(noisy, **some), clean) for noisy, clean in pairs))


@lru_cache(maxsize=16)
def tuned(condition: str, config: Config) -> Mapping[str, Any]:
    """The settings that are best on the pieces kept for that."""
    pairs = [noisy_and_clean(*piece, config, TUNING_SEED + i) for i, piece in enumerate(TUNING_PIECES)]
    return best(condition, config, pairs)


def noisy_and_clean(name: str, top: int, left: int, config: Config, seed: int) -> tuple[Tensor, Tensor]:
    """A piece of a photo with noise and without, both (H, W)."""
    height, width = config.size
    clean = photo(name, gray=True)[0, top:top + height, left:left + width].contiguous()
    noise = torch.randn(config.size, generator=torch.Generator().manual_seed(seed))
    return clean + config.noise * noise, clean


@one_thread()
def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """Decibels on each piece, and their mean."""
    method, _ = CONDITIONS[condition]
    found = {}
    for piece in config.pieces:
        noisy, clean = noisy_and_clean(*PIECES[piece], config, seed)
        told = condition.endswith("best width")
        chosen = best(condition, config, [(noisy, clean)]) if told else tuned(condition, config)
        found[piece] = decibels(method(noisy, **chosen), clean)
    return found | {"mean": mean(found.values())}


EXPERIMENT = Experiment(
    title="Noise taken off pieces of photos: a blur, and non-local means",
    conditions=tuple(CONDITIONS),
    measure=measure,
    tiny=Config(seeds=(0, 1), size=(16, 24), widths=(0.5, 1.0), sides=(3,), strengths=(0.6,), reaches=(4,)),
    small=Config(seeds=(0, 1), pieces=("page", "cat"), size=(40, 64), sides=(5,), strengths=(0.6, 0.8)),
    full=Config(seeds=(0, 1, 2)),
)
