"""Your own pictures: any folder with `images/` and `masks/`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from .digits import Split, check_split
from .folder_checks import check_pairs, check_sizes, read_mask

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class FolderSegmentation(Dataset):
    """Pictures with a class for each pixel, from a folder.

        root/images/0001.jpg        any of png, jpg, bmp, tif, webp
        root/masks/0001.png         the same stem; one channel of class ids, grey or palette
        root/classes.txt            may be there: a class name on each line, the first one for id 0
        root/train.txt, test.txt    may be there, both: a stem on each line

    All that can be checked without reading pixels is checked at once, so that training does not stop in the
    second epoch. The values of a mask are checked when it is read, and by `check()` for all.

    Args:
        root: the folder.
        split: "train", "test", or None for everything.
        num_classes: class ids are 0 .. num_classes - 1; may be left out where there is a classes.txt.
        ignore_index: a mask's value that belongs to no class (255 is common), or None.
        size: (H, W) that all are resized to, pictures bilinearly and masks by the nearest pixel; None leaves
            them as they are and refuses sizes that differ.
        test_fraction: where there are no lists, about this part is for testing. On which side a picture falls
            depends on its stem alone: it stays there when others come or go.

    Raises:
        FileNotFoundError: no such folder, no pictures in it, or pictures without a mask and masks without a
            picture (each is named).
        ValueError: sizes that differ, masks in colour, lists that do not fit, no number of classes.
    """

    def __init__(self, root: str | Path, split: Split | None = None, *, num_classes: int | None = None,
                 ignore_index: int | None = None, size: tuple[int, int] | None = None,
                 test_fraction: float = 0.2):
        self.root = Path(root)
        images, masks = (_files(self.root / name) for name in ("images", "masks"))
        check_pairs(images, masks, self.root)
        stems = sorted(images)
        if split is not None:
            check_split(split)
            stems = _split_of(self.root, stems, split, test_fraction)
        self.classes = _class_names(self.root, num_classes)
        self.num_classes, self.ignore_index, self.size = len(self.classes), ignore_index, _checked_size(size)
        self.pairs = [(images[stem], masks[stem]) for stem in stems]
        check_sizes(self.pairs, resized=size is not None)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The picture (3, H, W) float32 in [0, 1], and its mask (H, W) int64.

        Raises:
            ValueError: a value in the mask that is neither a class nor `ignore_index`; the file is named.
        """
        image_path, mask_path = self.pairs[index]
        with Image.open(image_path) as file:
            pixels = torch.from_numpy(np.array(file.convert("RGB")))                          # (H, W, 3)
        image = pixels.permute(2, 0, 1).float() / 255                                         # (3, H, W)
        mask = torch.from_numpy(read_mask(mask_path, self.num_classes, self.ignore_index))    # (H, W)
        if self.size is not None:
            image = F.interpolate(image[None], self.size, mode="bilinear", antialias=True)[0].clamp(0, 1)
            mask = F.interpolate(mask[None, None].double(), self.size, mode="nearest-exact")[0, 0].long()
        return image.contiguous(), mask

    def check(self) -> None:
        """Read every mask once; ValueError names the first with a value that is no class."""
        for _, mask_path in self.pairs:
            read_mask(mask_path, self.num_classes, self.ignore_index)


def _files(folder: Path) -> dict[str, Path]:
    """The pictures of a folder by their stems."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; pictures belong in images/, masks in masks/.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            if path.stem in found:
                raise ValueError(f"{found[path.stem].name} and {path.name} in {folder} have the same stem; "
                                 "pictures and masks are matched by it, so keep one of them.")
            found[path.stem] = path
    return found


def _split_of(root: Path, stems: Sequence[str], split: Split, test_fraction: float) -> list[str]:
    lists = {name: root / f"{name}.txt" for name in ("train", "test")}
    if not any(path.is_file() for path in lists.values()):
        if not 0 < test_fraction < 1:
            raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}.")
        chosen = [stem for stem in stems if (_share(stem) < test_fraction) == (split == "test")]
        if not chosen:
            raise ValueError(f"none of the {len(stems)} pictures fell to the {split} split; change "
                             f"test_fraction ({test_fraction}), or write {root / 'train.txt'} and test.txt.")
        return chosen
    missing = [path.name for path in lists.values() if not path.is_file()]
    if missing:
        raise ValueError(f"{root} has one list of the split but no {missing[0]}; write both or none.")
    listed = {name: path.read_text(encoding="utf-8").split() for name, path in lists.items()}
    unknown = sorted(set(listed["train"] + listed["test"]) - set(stems))
    if unknown:
        raise ValueError(f"train.txt or test.txt in {root} names {len(unknown)} that are not in images/: "
                         f"{', '.join(unknown[:10])}.")
    if both := sorted(set(listed["train"]) & set(listed["test"])):
        raise ValueError(f"{len(both)} are in train.txt and in test.txt of {root}: {', '.join(both[:10])}.")
    return listed[split]


def _share(stem: str) -> float:
    """A number in [0, 1) that is always the same for a stem."""
    return int(hashlib.sha256(stem.encode()).hexdigest()[:8], 16) / 16**8


def _class_names(root: Path, num_classes: int | None) -> list[str]:
    path = root / "classes.txt"
    if not path.is_file():
        if num_classes is None or num_classes < 1:
            raise ValueError(f"give num_classes (got {num_classes}), or write {path}, one class name a line.")
        return [f"class {number}" for number in range(num_classes)]
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if num_classes not in (None, len(names)):
        raise ValueError(f"{path} names {len(names)} classes, but num_classes is {num_classes}.")
    return names


def _checked_size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be (H, W) with both at least 1, got {size}.")
    return size
