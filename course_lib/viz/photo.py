"""Attention where it happens: a map of weights over the photo, the query patch outlined."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from course_lib.viz.arrays import to_map, to_photo
from course_lib.viz.panels import new_axes, outline
from course_lib.viz.patch_grid import PatchGrid, Size
from course_lib.viz.style import KEY, QUERY, WEIGHTS_CMAP

GREY_WEIGHTS = (0.299, 0.587, 0.114)      # ITU-R BT.601 luma
UNITS = {"uniform": "weight, in multiples of uniform", "weight": "weight"}


def attention_over_photo(photo: Any, weights: Any, query: tuple[int, int] | None = None, *,
                         patch: Size | None = None, stride: Size | None = None, top: int = 0,
                         unit: str = "uniform", vmax: float | None = None, title: str | None = None,
                         colorbar: bool = True, ax: Axes | None = None) -> Axes:
    """One query's attention weights over the photo it looks at.

    The photo lies in grey beneath; a weight of 0 darkens it, the largest weight glows.

    photo    (3, H, W), (1, H, W) or (H, W), values in [0, 1]
    weights  (rows, columns), not negative: what the query gives to each patch of the grid
    query    (row, column) of the query in that grid; its patch is outlined in `QUERY`
    patch    side of a patch in pixels, or (height, width). Without it the grid tiles the whole photo
    stride   pixels from one patch to the next; without it patches touch
    top      outline this many best patches in `KEY`, skipping those that overlap the query or a better one
    unit     "uniform": the bar counts in multiples of 1 / (number of patches); "weight": in weights
    vmax     the weight (in `unit`) of the brightest colour; without it, the largest

    Returns the Axes. Raises ValueError if the grid does not fit the photo or an argument is out of its range.
    """
    picture, values = to_photo(photo), to_map(weights, "weights")
    if not (np.isfinite(values).all() and values.min() >= 0):
        raise ValueError(f"weights must be finite and not negative, got {values.min():.3g} to "
                         f"{values.max():.3g}. Are these scores, from before the softmax?")
    if unit not in UNITS:
        raise ValueError(f"unit must be 'uniform' or 'weight', got {unit!r}.")
    grid = PatchGrid.fit(picture.shape[:2], values.shape, patch, stride)
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


def _blend(picture: np.ndarray, glow: np.ndarray) -> np.ndarray:
    grey = picture @ np.array(GREY_WEIGHTS)                                      # (H, W)
    dark, light = np.percentile(grey, (1, 99))
    grey = 0.1 + 0.9 * np.clip((grey - dark) / max(light - dark, 1e-6), 0, 1)[..., None]
    cover = (0.3 + 0.6 * np.sqrt(glow))[..., None]
    return (1 - cover) * grey + cover * colormaps[WEIGHTS_CMAP](glow)[..., :3]


def _bar(ax: Axes, brightest: float, label: str, *, clipped: bool) -> None:
    colours = ScalarMappable(Normalize(0, brightest), WEIGHTS_CMAP)
    bar = ax.figure.colorbar(colours, cax=ax.inset_axes((1.02, 0, 0.03, 1)), label=label,
                             extend="max" if clipped else "neither")
    bar.locator = MaxNLocator(5)
    bar.outline.set_visible(False)
    bar.update_ticks()
