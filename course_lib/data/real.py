"""Real data sets, when the learner has them: torchvision's, as tensors. The network is never used here."""

from difflib import get_close_matches
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib.paths import data_dir

from .digits import Split, check_split
from .real_sets import REAL_SETS, RealSet

VOC_IGNORE = 255      # pixels on the outline of an object, which count for no class


class DataNotFound(FileNotFoundError):
    """A real data set is not on this machine, or not complete. The message says which command fetches it."""


def real_sets() -> tuple[RealSet, ...]:
    """The data sets that `real_set` and `download` know, smallest first."""
    return tuple(sorted(REAL_SETS.values(), key=lambda one: one.megabytes))


def real_set(name: str, split: Split = "train") -> "RealDataset":
    """A real data set that has been fetched before.

    Args:
        name: "fashion_mnist", "cifar10", "oxford_pets" or "voc_segmentation".
        split: "train" or "test"; VOC's "test" is its validation set, as its test labels were never published.

    Returns:
        A data set of pairs (image, target). image: (C, H, W) float32 in [0, 1]. target: for the first two the
        class, an int; for pets (H, W) int64 with 0 the animal, 1 the background, 2 the rim between; for VOC
        (H, W) int64 with 0 the background, 1 to 20 the classes, 255 to be ignored.

    Raises:
        ValueError: an unknown name or split.
        DataNotFound: the set is not there, or a file of it is missing or damaged.
    """
    entry = find(name)
    check_split(split)
    folder = folder_of(entry)
    if not folder.is_dir():
        raise DataNotFound(f"{entry.title} is not in {folder}. `course data {name}` fetches it: "
                           f"{size_of(entry)}.")
    try:
        return RealDataset(entry, entry.open(folder, split == "train", False), split)
    except (RuntimeError, OSError) as error:
        raise DataNotFound(f"{entry.title} in {folder} is not complete ({error}). Remove that folder; "
                           f"`course data {name}` fetches it again: {size_of(entry)}.") from error


class RealDataset(Dataset):
    """torchvision's data set `source` with pictures and targets as tensors; `classes` where it names them."""

    def __init__(self, entry: RealSet, source: Dataset, split: Split):
        self.entry, self.source, self.split = entry, source, split

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[Tensor, int | Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.entry.title} ({self.split}) has {len(self)} pictures, not {index}.")
        picture, target = self.source[index % len(self)]
        if self.entry.name == "oxford_pets":
            return _image(picture), _label_map(target) - 1             # stored as 1, 2, 3
        if self.entry.name == "voc_segmentation":
            return _image(picture), _label_map(target)
        return _image(picture), int(target)


def find(name: str) -> RealSet:
    """The entry of a data set; ValueError with the nearest names for one that is unknown."""
    if name not in REAL_SETS:
        near = get_close_matches(name, REAL_SETS, n=2, cutoff=0.4) or REAL_SETS
        raise ValueError(f"no data set is called {name!r}. The nearest names are: {', '.join(near)}.")
    return REAL_SETS[name]


def folder_of(entry: RealSet) -> Path:
    """Where a data set lies once it is complete: in `data_dir()`, under its name."""
    return data_dir() / entry.name


def size_of(entry: RealSet) -> str:
    """How much is fetched, in words: "31 MB", "2.0 GB"."""
    return f"{entry.megabytes} MB" if entry.megabytes < 1000 else f"{entry.megabytes / 1000:.1f} GB"


def _image(picture) -> Tensor:
    values = torch.from_numpy(np.array(picture))                       # (H, W) or (H, W, 3), uint8
    values = values[..., None] if values.ndim == 2 else values
    return values.permute(2, 0, 1).contiguous().float() / 255          # (C, H, W)


def _label_map(mask) -> Tensor:
    return torch.from_numpy(np.array(mask).astype(np.int64))           # palette index, not colour
