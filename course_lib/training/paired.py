"""Two models on the same test images: their difference, and how sure of it these images make us."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor


def paired_difference(
    a: Tensor | Sequence[float], b: Tensor | Sequence[float], *, seed: int = 0, confidence: float = 0.95,
    resamples: int = 9999,
) -> tuple[float, float, float]:
    """Mean of a - b over pairs, and its bootstrap interval (Efron 1987: BCa, bias-corrected and accelerated).

    a[i] and b[i] are two models' figures of one test image. Images are drawn with both figures, so that what
    makes an image hard for both cancels. The interval is about other test images of the same kind, for these
    two trained models: it knows nothing of what another seed of the training would have given.

    Args:
        a, b: (n,) each, n >= 2, finite. An image that has no figure (NaN) must be left out of both.
        seed: of the resampling; the same seed gives the same interval.
        confidence: how often such intervals hold the truth, in (0, 1).
        resamples: how many times n images are drawn, at least 100.

    Returns:
        (difference, low, high); above 0, a is better. Where all differences are equal, low and high are too.

    Raises:
        ValueError: a and b of other shapes, fewer than two pairs, NaN, a number out of range.
    """
    from scipy.stats import bootstrap  # a slow import

    first, second = (_figures(name, x) for name, x in {"a": a, "b": b}.items())
    if len(first) != len(second):
        raise ValueError(f"a and b must be figures of the same images, got {len(first)} and {len(second)}.")
    if len(first) < 2:
        raise ValueError(f"a and b must have at least two images, got {len(first)}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}.")
    if resamples < 100:
        raise ValueError(f"resamples must be at least 100, got {resamples}.")
    differences = first - second
    mean = float(differences.mean())
    if np.ptp(differences) <= 1e-12 * max(1.0, abs(mean)):  # BCa divides by their spread
        return mean, mean, mean
    interval = bootstrap(
        (first, second), lambda x, y, axis: (x - y).mean(axis), paired=True, method="BCa",
        confidence_level=confidence, n_resamples=resamples, batch=max(1, 2 ** 22 // len(first)),
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return mean, float(interval.low), float(interval.high)


def _figures(name: str, x: Tensor | Sequence[float]) -> np.ndarray:
    x = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must have shape (n,), a figure for each image, got {x.shape}.")
    if not np.isfinite(x).all():
        bad = [int(i) for i in np.flatnonzero(~np.isfinite(x))]
        raise ValueError(f"{name} must be finite, got {x[bad[0]]} at image {bad[0]} ({len(bad)} in all). "
                         "Leave such images out of both.")
    return x
