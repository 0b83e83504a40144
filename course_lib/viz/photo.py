"""Attention where it happens: a map of weights over the photo, the query patch outlined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from PIL import Image

from course_lib.viz.arrays import to_map, to_photo
from course_lib.viz.panels import new_axes, outline
from course_lib.viz.style import KEY, QUERY, WEIGHTS_CMAP

GREY_WEIGHTS = (0.299, 0.587, 0.114)      # ITU-R BT.601 luma
UNITS = {"uniform": "weight, in multiples of uniform", "weight": "weight"}


def attention_over_photo(photo: Any, weights: Any, query: tuple[int, int] | None = None, *,
                         patch: int | tuple[int, int] | None = None, stride: int | tuple[int, int] | None = None,
                         top: int = 0, unit: str = "uniform", vmax: float | None = None, title: str | None = None,
                         colorbar: bool = True, ax: Axes | None = None) -> Axes:
    """One query's attention weights over the photo it looks at.

    The photo lies in grey beneath; a weight of 0 darkens it, the largest weight glows.

    photo    (3, H, W), (1, H, W) or (H, W), values in [0, 1]
    weights  (rows, columns), not negative: what the query gives to each patch of the grid
    query    (row, column) of the query in that grid; its patch is outlined in `QUERY`
    patch    side of a patch in pixels, or (height, width). Without it the grid tiles the whole photo
    stride   pixels from one patch to the next; without it patches touch
    top      outline this many best patches in `KEY`, skipping those that overlap the query or a better one
    unit     "uniform": the bar counts in multiples of 1 / (number of patches); "weight": in the weights themselves
    vmax     the weight (in `unit`) of the brightest colour; without it, the largest

    Returns the Axes. Raises ValueError if the grid does not fit the photo or an argument is out of its range.
    """
    picture, values = to_photo(photo), to_map(weights, "weights")
    if not (np.isfinite(values).all() and values.min() >= 0):
        raise ValueError(f"weights must be finite and not negative, got {values.min():.3g} to {values.max():.3g}. "
                         "Are these scores, from before the softmax?")
    if unit not in UNITS:
        raise ValueError(f"unit must be 'uniform' or 'weight', got {unit!r}.")
    grid = PatchGrid.on(picture.shape[:2], values.shape, patch, stride)
    if query is not None:
        query = grid.checked(query)
    if unit == "uniform":
        values = values * values.size / max(values.sum(), 1e-30)
    brightest = vmax if vmax is not None else max(values.max(), 1e-30)
    if not brightest > 0:
        raise ValueError(f"vmax must be above 0, got {vmax}.")

    height, width = picture.shape[:2]
    ax = ax if ax is not None else new_axes(5.2, 5.2 * height / width)
    glow = grid.over_photo(np.clip(values / brightest, 0, 1))                    # (H, W)
    ax.imshow(_blend(picture, glow), extent=(0, width, height, 0), interpolation="bilinear")
    ax.set_axis_off()
    for place in grid.best(values, top, query):
        outline(ax, *grid.box(place), color=KEY, linewidth=1.6)
    if query is not None:
        outline(ax, *grid.box(query), color=QUERY)
    if title:
        ax.set_title(title)
    if colorbar:
        _bar(ax, brightest, UNITS[unit], clipped=values.max() > brightest * (1 + 1e-9))
    return ax


@dataclass(frozen=True)
class PatchGrid:
    """Where the patches of a grid lie on a photo. Sizes are (height, width); patch (r, c) starts at (r, c) * stride."""

    photo: tuple[int, int]
    shape: tuple[int, int]
    patch: tuple[float, float]
    stride: tuple[float, float]

    @classmethod
    def on(cls, photo: tuple[int, int], shape: tuple[int, int], patch: int | tuple[int, int] | None,
           stride: int | tuple[int, int] | None) -> "PatchGrid":
        if patch is None:
            if stride is not None:
                raise ValueError("stride needs patch: say how large a patch is, too.")
            sides = (photo[0] / shape[0], photo[1] / shape[1])
            return cls(photo, shape, sides, sides)
        patch = _pair(patch, "patch")
        stride = _pair(stride, "stride") if stride is not None else patch
        needed = tuple((n - 1) * s + p for n, s, p in zip(shape, stride, patch))
        if needed[0] > photo[0] or needed[1] > photo[1]:
            raise ValueError(f"A {shape[0]} x {shape[1]} grid of {patch[0]} x {patch[1]} patches, {stride[0]} x {stride[1]} apart, "
                             f"needs a photo of {needed[0]} x {needed[1]} pixels; this one has {photo[0]} x {photo[1]}.")
        return cls(photo, shape, patch, stride)

    def checked(self, place: tuple[int, int]) -> tuple[int, int]:
        row, column = place
        if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
            raise ValueError(f"query {place} is not in the {self.shape[0]} x {self.shape[1]} grid of weights; "
                             f"rows go to {self.shape[0] - 1}, columns to {self.shape[1] - 1}.")
        return int(row), int(column)

    def box(self, place: tuple[int, int]) -> tuple[float, float, float, float]:
        """top, left, height, width in pixels."""
        return place[0] * self.stride[0], place[1] * self.stride[1], *self.patch

    def best(self, values: np.ndarray, count: int, query: tuple[int, int] | None) -> list[tuple[int, int]]:
        taken = [query] if query is not None else []
        found: list[tuple[int, int]] = []
        for flat in np.argsort(-values, axis=None, kind="stable"):
            if len(found) == count:
                break
            place = divmod(int(flat), self.shape[1])
            if not any(self._overlap(place, other) for other in taken):
                taken.append(place)
                found.append(place)
        return found

    def _overlap(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        return all(abs(a[i] - b[i]) * self.stride[i] < self.patch[i] for i in (0, 1))

    def over_photo(self, values: np.ndarray) -> np.ndarray:
        """(rows, columns) -> (H, W): each value around the middle of its patch; the rim takes the nearest patch's value.

        Patches that overlap sample a smooth map, so theirs is drawn smooth; patches side by side stay squares.
        """
        smooth = self.stride[0] < self.patch[0] or self.stride[1] < self.patch[1]
        start = [(p - s) / 2 for p, s in zip(self.patch, self.stride)]
        low = [max(0, round(a)) for a in start]
        high = [min(side, round(a + n * s)) for side, a, n, s in zip(self.photo, start, self.shape, self.stride)]
        image = Image.fromarray(values.astype(np.float32))
        kind = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        inner = np.asarray(image.resize((high[1] - low[1], high[0] - low[0]), kind)).clip(0, 1)
        return np.pad(inner, [(a, side - b) for a, b, side in zip(low, high, self.photo)], mode="edge")


def _blend(picture: np.ndarray, glow: np.ndarray) -> np.ndarray:
    grey = picture @ np.array(GREY_WEIGHTS)                                      # (H, W)
    dark, light = np.percentile(grey, (1, 99))
    grey = 0.1 + 0.9 * np.clip((grey - dark) / max(light - dark, 1e-6), 0, 1)[..., None]
    cover = (0.3 + 0.6 * np.sqrt(glow))[..., None]
    return (1 - cover) * grey + cover * colormaps[WEIGHTS_CMAP](glow)[..., :3]


def _bar(ax: Axes, brightest: float, label: str, *, clipped: bool) -> None:
    bar = ax.figure.colorbar(ScalarMappable(Normalize(0, brightest), WEIGHTS_CMAP), cax=ax.inset_axes((1.02, 0, 0.03, 1)),
                             extend="max" if clipped else "neither", label=label)
    bar.locator = MaxNLocator(5)
    bar.outline.set_visible(False)
    bar.update_ticks()


def _pair(size: int | tuple[int, int], name: str) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"{name} must be a number of pixels or (height, width), 1 or more, got {size!r}.")
    return pair
