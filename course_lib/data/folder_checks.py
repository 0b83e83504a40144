"""What can be wrong with a folder of pictures and masks, and how its owner is told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from PIL import Image

_SHOWN = 10      # names in a message; how many more there are is said


def check_pairs(images: Mapping[str, Path], masks: Mapping[str, Path], root: Path) -> None:
    """Raise FileNotFoundError unless there are pictures and each has a mask and each mask a picture."""
    if not images:
        raise FileNotFoundError(f"there are no pictures in {root / 'images'}.")
    lonely_images, lonely_masks = sorted(set(images) - set(masks)), sorted(set(masks) - set(images))
    parts = []
    if lonely_images:
        hints = (_with_hint(images[stem].name, stem, lonely_masks, masks) for stem in lonely_images[:_SHOWN])
        parts.append(f"no mask for {_count(lonely_images)}: " + ", ".join(hints))
    if lonely_masks:
        parts.append(f"no picture for {_count(lonely_masks, 'mask')}: "
                     + ", ".join(masks[stem].name for stem in lonely_masks[:_SHOWN]))
    if parts:
        raise FileNotFoundError(f"in {root}: {'; '.join(parts)}. A picture and its mask have the same stem.")


def check_sizes(pairs: Sequence[tuple[Path, Path]], resized: bool) -> None:
    """Raise ValueError where a mask and its picture, or, unless resized, two pictures differ in size."""
    sizes, wrong = {}, []
    for image_path, mask_path in pairs:
        size, mask_size = _size(image_path), _size(mask_path)
        sizes[image_path.name] = size
        if size != mask_size:
            wrong.append(f"{image_path.name} is {_times(size)}, its mask {_times(mask_size)}")
    if wrong:
        raise ValueError(f"a mask must be as large as its picture (height x width): {_listed(wrong)}.")
    if resized or len(set(sizes.values())) <= 1:
        return
    usual = Counter(sizes.values()).most_common(1)[0][0]
    others = [f"{name} is {_times(size)}" for name, size in sizes.items() if size != usual]
    raise ValueError(f"sizes differ (height x width): most are {_times(usual)}, but {_listed(others)}. "
                     f"Give size=(H, W), say size={usual}, to resize them all.")


def read_mask(path: Path, num_classes: int, ignore_index: int | None) -> np.ndarray:
    """A mask's class ids, (H, W) int64: the indices of a palette, or the values of one grey channel.

    Raises:
        ValueError: a mask in colour, or a value that is no class.
    """
    with Image.open(path) as file:
        if file.mode not in ("1", "L", "P", "I", "I;16"):
            raise ValueError(f"{path} is a picture in colour (mode {file.mode}); a mask holds class ids in "
                             "one channel. Save it as a palette or grey PNG whose values are 0, 1, 2, ...")
        ids = np.array(file).astype(np.int64)
    bad = sorted(set(np.unique(ids).tolist()) - set(range(num_classes)) - {ignore_index})
    if bad:
        hint = " 255 often means 'ignore': give ignore_index=255." if bad == [255] else ""
        raise ValueError(f"{path} has the value{'s' * (len(bad) > 1)} {', '.join(map(str, bad[:_SHOWN]))}, "
                         f"and the {num_classes} classes are 0 .. {num_classes - 1}.{hint}")
    return ids


def _size(path: Path) -> tuple[int, int]:
    """(H, W), from the file's header alone."""
    with Image.open(path) as file:
        return file.height, file.width


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _with_hint(name: str, stem: str, free: Sequence[str], masks: Mapping[str, Path]) -> str:
    near = get_close_matches(stem, free, n=1, cutoff=0.6)
    return f"{name} (is it {masks[near[0]].name}?)" if near else name


def _count(names: Sequence[str], what: str = "picture") -> str:
    return f"{len(names)} {what}{'s' * (len(names) != 1)}"


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - _SHOWN
    return "; ".join(parts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
