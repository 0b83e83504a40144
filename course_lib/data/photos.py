"""Real photographs that come inside the wheels of scikit-image and scikit-learn: the network is never used.

The files are opened where the wheels put them. `skimage.data`'s own functions fetch a missing file from the
network when `pooch` is installed, which is why they are not called.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import as_file, files

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


@dataclass(frozen=True)
class Photo:
    """Where a photograph lies, what it shows and whom to thank for it."""

    package: str
    file: str
    shows: str
    credit: str


_SK = "skimage.data"
_SKLEARN = "sklearn.datasets.images"
_MIDDLEBURY = "Middlebury 2014 stereo benchmark (Scharstein et al., GCPR 2014), as shipped by scikit-image"

PHOTOS: dict[str, Photo] = {
    "astronaut": Photo(_SK, "astronaut.png", "Eileen Collins, portrait", "NASA, public domain"),
    "brick": Photo(_SK, "brick.png", "a brick wall, grey", "CC0Textures, CC0"),
    "camera": Photo(_SK, "camera.png", "a photographer on a lawn, grey", "Lav Varshney, CC0"),
    "cat": Photo(_SK, "chelsea.png", "Chelsea the cat, close up", "Stefan van der Walt, CC0"),
    "china": Photo(_SKLEARN, "china.jpg", "a pagoda above a lake", "danielbuechele on Flickr, CC BY 2.0"),
    "clock": Photo(_SK, "clock_motion.png", "a clock in motion, grey", "S. van der Walt, public domain"),
    "coffee": Photo(_SK, "coffee.png", "a cup of coffee on a wooden table", "Rachel Michetti, CC0"),
    "coins": Photo(_SK, "coins.png", "Greek coins, grey", "Brooklyn Museum, no known restrictions"),
    "flower": Photo(_SKLEARN, "flower.jpg", "a dahlia", "vultilion on Flickr, CC BY 2.0"),
    "grass": Photo(_SK, "grass.png", "grass, grey", "linolafett on DeviantArt, CC0"),
    "gravel": Photo(_SK, "gravel.png", "gravel, grey", "CC0Textures, CC0"),
    "hubble": Photo(_SK, "hubble_deep_field.jpg", "galaxies, the eXtreme Deep Field", "NASA, public domain"),
    "moon": Photo(_SK, "moon.png", "the surface of the moon, grey", "as shipped by scikit-image"),
    "motorcycle_left": Photo(_SK, "motorcycle_left.png", "a motorcycle, left eye", _MIDDLEBURY),
    "motorcycle_right": Photo(_SK, "motorcycle_right.png", "a motorcycle, right eye", _MIDDLEBURY),
    "page": Photo(_SK, "page.png", "a printed page, unevenly lit, grey", "as shipped by scikit-image"),
    "retina": Photo(_SK, "retina.jpg", "the back of a human eye", "Mikael Haggstrom, CC0"),
    "rocket": Photo(_SK, "rocket.jpg", "a Falcon 9 taking off", "SpaceX, public domain"),
    "tissue": Photo(_SK, "ihc.png", "glands of the colon, stained", "CMMI, no known restrictions"),
}


def photo_names() -> tuple[str, ...]:
    """The names that `photo` knows, in alphabetical order."""
    return tuple(sorted(PHOTOS))


def photo(name: str, *, size: tuple[int, int] | None = None, max_side: int | None = None,
          gray: bool = False) -> Tensor:
    """A bundled photograph.

    Args:
        name: one of `photo_names()`.
        size: (H, W) to cut and resize to; the largest centred part of that shape, so nothing is squashed.
        max_side: shrink, with its proportions kept, until the longer side has at most this many pixels.
        gray: turn a colour photograph into one channel (luma of BT.601).

    Returns:
        (C, H, W) float32 in [0, 1]; C is 1 for a grey photograph, else 3. The tensor is the caller's own.

    Raises:
        ValueError: an unknown name (the nearest ones are named), both `size` and `max_side`, or one below 1.
    """
    if name not in PHOTOS:
        near = get_close_matches(name, PHOTOS, n=3, cutoff=0.5) or photo_names()
        raise ValueError(f"no photo is called {name!r}. The nearest names are: {', '.join(near)}.")
    if size is not None and max_side is not None:
        raise ValueError(f"give size or max_side, not both; got size={size} and max_side={max_side}.")
    entry = PHOTOS[name]
    with as_file(files(entry.package) / entry.file) as path, Image.open(path) as file:
        keep_gray = file.mode == "L"
        pixels = np.array(file.convert("L" if keep_gray or gray else "RGB"))       # PIL's L is BT.601 luma
    image = torch.from_numpy(pixels).reshape(*pixels.shape[:2], -1)                # (H, W, C)
    image = image.permute(2, 0, 1).contiguous().float() / 255                      # (C, H, W)
    if size is not None:
        return _resize(_centre_cut(image, *_check_size(size)), *size)
    if max_side is not None:
        return _shrink(image, max_side)
    return image


def stereo_motorcycle() -> tuple[Tensor, Tensor, Tensor]:
    """The two eyes' views of a motorcycle and how far each left pixel has moved in the right one.

    Returns:
        left, right: (3, 500, 741) float32 in [0, 1].
        disparity: (500, 741) float32, in pixels; NaN where it was not measured. What `left` shows at (y, x),
            `right` shows at (y, x - disparity). Scharstein et al. (GCPR 2014).
    """
    with as_file(files(_SK) / "motorcycle_disp.npz") as path, np.load(path) as file:
        disparity = torch.from_numpy(file["arr_0"].astype(np.float32))
    disparity[~disparity.isfinite()] = torch.nan
    return photo("motorcycle_left"), photo("motorcycle_right"), disparity


def _check_size(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be (H, W) with both at least 1, got {size}.")
    return size


def _centre_cut(image: Tensor, height: int, width: int) -> Tensor:
    """The largest centred part of (C, H, W) whose sides are as height to width."""
    full_h, full_w = image.shape[1:]
    cut_h = min(full_h, max(1, round(full_w * height / width)))
    cut_w = min(full_w, max(1, round(full_h * width / height)))
    top, left = (full_h - cut_h) // 2, (full_w - cut_w) // 2
    return image[:, top:top + cut_h, left:left + cut_w]


def _shrink(image: Tensor, max_side: int) -> Tensor:
    if max_side < 1:
        raise ValueError(f"max_side must be at least 1, got {max_side}.")
    factor = max_side / max(image.shape[1:])
    if factor >= 1:
        return image
    return _resize(image, *(max(1, round(side * factor)) for side in image.shape[1:]))


def _resize(image: Tensor, height: int, width: int) -> Tensor:
    resized = F.interpolate(image[None], (height, width), mode="bilinear", antialias=True)
    return resized[0].clamp(0, 1)
