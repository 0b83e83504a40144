"""What can be said of probabilities of foreground: at one threshold, at all, and as probabilities."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.calibration import calibration_curve
from torch import Tensor

BINS = 10                                             # of the reliability diagram, equally wide
THRESHOLDS = (0.001, 0.002, 0.005, *(step / 100 for step in range(1, 100)), 0.995, 0.998, 0.999)


def iou_at(probability: Tensor, target: Tensor, thresholds: Sequence[float]) -> list[float]:
    """IoU of the foreground at each threshold, pooled over all pixels; a pixel above it is marked.

    Args:
        probability: (...) in [0, 1].
        target: (...) bool.
        thresholds: ascending, in [0, 1].
    """
    edges = torch.tensor(thresholds, dtype=probability.dtype)
    below = torch.bucketize(probability, edges)       # how many thresholds a pixel is above
    counts = [torch.bincount(below[pixels], minlength=len(edges) + 1) for pixels in (target, ~target)]
    true, false = (count.flip(0).cumsum(0).flip(0)[1:] for count in counts)     # above each threshold
    return (true / (target.sum() + false).clamp(min=1)).tolist()


def best_threshold(probability: Tensor, target: Tensor) -> float:
    """The one of THRESHOLDS with the highest IoU; the middle one where several have it."""
    found = iou_at(probability, target, THRESHOLDS)
    best = [threshold for threshold, iou in zip(THRESHOLDS, found) if iou == max(found)]
    return best[len(best) // 2]


def reliability(probability: Tensor, target: Tensor) -> dict[str, float]:
    """Of each of ten bins of the probability, bin_0 ... bin_9: what was said and what came true.

    bin_i_share      part of all pixels
    bin_i_predicted  their mean probability; the bin's middle where no pixel is in it
    bin_i_true       part of them that is foreground; the bin's middle where no pixel is in it
    """
    said, came = probability.flatten().numpy(), target.flatten().numpy()
    bins = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], said)          # as calibration_curve has them
    shares = np.bincount(bins, minlength=BINS) / len(said)
    true, predicted = map(iter, calibration_curve(came, said, n_bins=BINS))  # of bins that hold a pixel
    found: dict[str, float] = {}
    for number, share in enumerate(shares.tolist()):
        middle = (number + 0.5) / BINS
        found[f"bin_{number}_share"] = share
        found[f"bin_{number}_predicted"] = float(next(predicted)) if share else middle
        found[f"bin_{number}_true"] = float(next(true)) if share else middle
    return found


def calibration_error(bins: dict[str, float]) -> float:
    """Expected calibration error of what `reliability` found: sum over bins of share * |true - predicted|.

    Nearly all pixels of rare foreground are easy background, and they make the error small: see `promised`.
    """
    return sum(bins[f"bin_{i}_share"] * abs(bins[f"bin_{i}_true"] - bins[f"bin_{i}_predicted"])
               for i in range(BINS))


def promised(probability: Tensor, target: Tensor) -> float:
    """Foreground pixels that the probabilities add up to, for each that there is: 1 for calibrated ones."""
    return (probability.double().sum() / target.sum().clamp(min=1)).item()
