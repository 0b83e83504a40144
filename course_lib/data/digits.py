"""scikit-learn's 1,797 handwritten digits, split once and for all by index.

The set is the test part of *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak, UCI, 1998): 8x8
pixels, 17 grey levels. The split is stratified: of the images of each class, in the order in which they are
stored, every fifth (the 5th, 10th, ...) is for testing. That gives 1,442 training and 355 test digits, 34 to
36 of each class. No image occurs twice in the set. The same people wrote on both sides of the split, so
accuracy is a little higher here than it would be on strangers' handwriting.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Split = Literal["train", "test"]


def digits(split: Split = "train") -> tuple[Tensor, Tensor]:
    """The handwritten digits of one split, in the order of their indices.

    Args:
        split: "train" (1,442 digits) or "test" (355 digits).

    Returns:
        images: (n, 1, 8, 8) float32 in [0, 1], ink is bright.
        labels: (n,) int64, the digit written.
        Both are the caller's own: changing them changes nobody else's.

    Raises:
        ValueError: the split is neither "train" nor "test".
    """
    indices = digit_indices(split)
    levels, labels = digit_levels()
    images = torch.from_numpy(levels[indices].astype(np.float32) / 16)   # (n, 8, 8)
    return images[:, None], torch.from_numpy(labels[indices])            # fancy indexing has copied both


def digit_indices(split: Split) -> np.ndarray:
    """The indices of a split's digits within scikit-learn's 1,797: (n,) int64, ascending.

    Raises:
        ValueError: the split is neither "train" nor "test".
    """
    check_split(split)
    _, labels = digit_levels()
    in_test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        in_test[np.flatnonzero(labels == digit)[4::5]] = True
    return np.flatnonzero(in_test if split == "test" else ~in_test)


def check_split(split: str) -> None:
    """Raise ValueError unless `split` is "train" or "test"."""
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}.")


@lru_cache(maxsize=1)
def digit_levels() -> tuple[np.ndarray, np.ndarray]:
    """All digits, read-only: levels (1797, 8, 8) uint8, 0..16; labels (1797,) int64."""
    from sklearn.datasets import load_digits                    # a slow import, and photographs do without it
    bunch = load_digits()
    levels, labels = bunch.images.astype(np.uint8), bunch.target.astype(np.int64)
    levels.flags.writeable = labels.flags.writeable = False     # cached: nobody may change them
    return levels, labels
