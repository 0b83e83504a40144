"""What each head looks at, side by side over the same photo."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.viz.arrays import to_numpy, to_photo
from course_lib.viz.patch_grid import Size
from course_lib.viz.photo import attention_over_photo


def heads_over_photo(photo: Any, weights: Any, query: tuple[int, int] | None = None, *,
                     patch: Size | None = None, stride: Size | None = None,
                     titles: Sequence[str] | None = None, ncols: int = 4, title: str | None = None) -> Figure:
    """One small panel for each head, all on one scale.

    weights  (H, rows, columns): each head's weights of the same query
    titles   a name for each head; without them, "head 0" and so on
    ncols    panels in a row

    `photo`, `query`, `patch` and `stride` as in `attention_over_photo`; the scale counts in multiples of
    uniform. Returns the Figure. Raises ValueError if `weights` is not 3D or titles do not fit.
    """
    maps = to_numpy(weights, "weights")
    if maps.ndim != 3 or maps.shape[0] == 0:
        raise ValueError(f"weights must be (heads, rows, columns), got shape {maps.shape}.")
    titles = titles if titles is not None else [f"head {i}" for i in range(len(maps))]
    if len(titles) != len(maps):
        raise ValueError(f"titles must name each of the {len(maps)} heads, got {len(titles)}.")
    if ncols < 1:
        raise ValueError(f"ncols must be 1 or more, got {ncols}.")

    ncols = min(ncols, len(maps))
    nrows = math.ceil(len(maps) / ncols)
    height, width = to_photo(photo).shape[:2]
    panel = 7.2 / max(ncols, 2)
    tall = nrows * (panel * height / width + 0.36) + (0.4 if title else 0)
    figure = plt.figure(figsize=(panel * ncols + 0.6, tall), layout="constrained")
    grid = figure.subplots(nrows, ncols, squeeze=False)
    brightest = max(float((m * m.size / max(m.sum(), 1e-30)).max()) for m in maps)
    for ax in grid.flat[len(maps):]:
        ax.set_axis_off()
    for name, head, ax in zip(titles, maps, grid.flat):
        attention_over_photo(photo, head, query, patch=patch, stride=stride, vmax=brightest, title=name,
                             colorbar=False, ax=ax)
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    return figure
