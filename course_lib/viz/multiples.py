"""Many small pictures on one scale."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.viz.arrays import to_picture


def small_multiples(images: Sequence[Any], titles: Sequence[str] | None = None, *, ncols: int | None = None,
                    rows: Sequence[str] | None = None, cmap: str = "gray", vmin: float | None = None,
                    vmax: float | None = None, size: float = 1.0, title: str | None = None) -> Figure:
    """Draw pictures side by side, row by row, all grey pictures on one scale so that they can be compared.

    images      pictures, each (H, W), (1, H, W) or (3, H, W); a tensor (n, C, H, W) is such a sequence, too
    titles      a line above each picture, or above those of the first row
    ncols       pictures in a row; without it, up to 8
    rows        a name for each row, at its left
    vmin, vmax  the values of the first and the last colour; without them, of all pictures together
    size        width of a picture in inches

    Returns the Figure. Raises ValueError if the numbers of pictures, titles and row names do not go together.
    """
    pictures = [to_picture(image, f"images[{i}]") for i, image in enumerate(images)]
    if not pictures:
        raise ValueError("images is empty: there is nothing to draw.")
    ncols = ncols if ncols is not None else min(8, len(pictures))
    if ncols < 1:
        raise ValueError(f"ncols must be 1 or more, got {ncols}.")
    nrows = math.ceil(len(pictures) / ncols)
    if rows is not None and len(rows) != nrows:
        raise ValueError(f"{len(pictures)} pictures, {ncols} in a row, make {nrows} rows; "
                         f"rows has {len(rows)} names.")
    if titles is not None and len(titles) not in (len(pictures), min(ncols, len(pictures))):
        raise ValueError(f"titles must have one for each of the {len(pictures)} pictures or {ncols} columns, "
                         f"got {len(titles)}.")
    low = vmin if vmin is not None else min(p.min() for p in pictures)
    high = vmax if vmax is not None else max(p.max() for p in pictures)

    tallest = max(p.shape[0] / p.shape[1] for p in pictures)
    extra = 0.22 if titles is not None and len(titles) > ncols else 0.06      # inches, a title above each row
    side = 0.1 * max(map(len, rows)) if rows is not None else 0.0
    height = nrows * (size * tallest + extra) + (0.25 if titles is not None else 0) + (0.35 if title else 0)
    figure = plt.figure(figsize=(ncols * (size + 0.06) + side, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    grid = figure.subplots(nrows, ncols, squeeze=False)
    for index, ax in enumerate(grid.flat):
        _bare(ax)
        if index < len(pictures):
            ax.imshow(pictures[index], cmap=cmap, vmin=low, vmax=high)
            if titles is not None and index < len(titles):
                ax.set_title(titles[index], fontsize=9, fontweight="normal", loc="center", pad=3)
    for name, ax in zip(rows or (), grid[:, 0]):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, labelpad=6)
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    return figure


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.patch.set_visible(False)
    for side in ax.spines.values():
        side.set_visible(False)
