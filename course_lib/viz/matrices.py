"""A matrix that can be read: names on the axes, numbers in the cells, hatching where it is masked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator

from course_lib.viz.arrays import to_map
from course_lib.viz.panels import new_axes
from course_lib.viz.style import INK, MASKED, SCORES_CMAP, WEIGHTS_CMAP

MOST_CELLS_WITH_NUMBERS = 144
MOST_NAMES = 24


def matrix(values: Any, *, rows: Sequence[str] | None = None, cols: Sequence[str] | None = None,
           row_axis: str = "queries", col_axis: str = "keys", title: str | None = None, mask: Any = None,
           numbers: bool | None = None, cmap: str = WEIGHTS_CMAP, vmin: float | None = None,
           vmax: float | None = None, colorbar: bool = False, ax: Axes | None = None) -> Axes:
    """Draw a (N, M) matrix: queries down, keys across.

    rows, cols  a name for each row and column; without them, their numbers
    mask        (N, M), True = may attend; False is hatched, and so is -inf in `values`
    numbers     write each value into its cell; without a word, if there are few enough
    cmap        `WEIGHTS_CMAP` from 0 to the largest value, or `SCORES_CMAP`, symmetric about 0
    vmin, vmax  the values of the first and the last colour

    Returns the Axes. Raises ValueError if names or mask do not fit the matrix.
    """
    table = to_map(values, "values")
    allowed = _allowed(table, mask)
    _check_names(rows, table.shape[0], "rows")
    _check_names(cols, table.shape[1], "cols")
    low, high = _limits(table[allowed], cmap, vmin, vmax)
    if ax is None:
        ax = new_axes(*_size(table.shape))

    norm = Normalize(low, high)
    image = ax.imshow(np.where(allowed, table, np.nan), cmap=cmap, norm=norm, aspect="equal")
    ax.grid(False)
    ax.set(xlabel=col_axis, ylabel=row_axis)
    ax.xaxis.set_label_position("top")
    ax.xaxis.tick_top()
    _ticks(ax.xaxis, cols, table.shape[1], rotate=cols is not None and max(map(len, cols)) > 4)
    _ticks(ax.yaxis, rows, table.shape[0])
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    for row, column in np.argwhere(~allowed):
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=MASKED, hatch="////", linewidth=0))
    if numbers or (numbers is None and table.size <= MOST_CELLS_WITH_NUMBERS):
        _write(ax, table, allowed, lambda value: colormaps[cmap](norm(value)))
    if colorbar:
        ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0, 0.04, 1))).outline.set_visible(False)
    if title:
        ax.set_title(title)
    return ax


def _allowed(table: np.ndarray, mask: Any) -> np.ndarray:
    allowed = ~np.isneginf(table)
    if mask is None:
        return allowed
    given = to_map(mask, "mask")
    if given.shape != table.shape:
        raise ValueError(f"mask must have the shape of values, {table.shape}, got {given.shape}.")
    return allowed & (given != 0)


def _check_names(names: Sequence[str] | None, count: int, argument: str) -> None:
    if names is not None and len(names) != count:
        raise ValueError(f"{argument} must name each of the {count} {argument}, got {len(names)} names.")


def _limits(shown: np.ndarray, cmap: str, vmin: float | None, vmax: float | None) -> tuple[float, float]:
    finite = shown[np.isfinite(shown)]
    largest = np.abs(finite).max() if finite.size else 1.0
    if cmap == SCORES_CMAP:
        low, high = -largest, largest
    else:
        low, high = min(0.0, finite.min() if finite.size else 0.0), (finite.max() if finite.size else 1.0)
    low, high = (vmin if vmin is not None else low), (vmax if vmax is not None else high)
    if low > high:
        raise ValueError(f"vmin ({low:g}) must not be above vmax ({high:g}).")
    return low, high if high > low else low + 1.0


def _size(shape: tuple[int, int]) -> tuple[float, float]:
    cell = min(0.55, 4.2 / max(shape))
    return max(2.6, shape[1] * cell + 1.2), max(2.2, shape[0] * cell + 1.0)


def _ticks(axis: Any, names: Sequence[str] | None, count: int, rotate: bool = False) -> None:
    if names is not None and count <= MOST_NAMES:
        axis.set_ticks(range(count), labels=list(names))
        if rotate:
            axis.set_tick_params(rotation=40)
            for label in axis.get_ticklabels():
                label.set(ha="left", rotation_mode="anchor")
    elif count <= 12:
        axis.set_major_locator(FixedLocator(range(count)))
    else:
        axis.set_major_locator(MaxNLocator(8, integer=True))


def _write(ax: Axes, table: np.ndarray, allowed: np.ndarray, colour_of: Any) -> None:
    digits = 2 if np.abs(table[allowed & np.isfinite(table)]).max(initial=0) < 10 else 0
    size = 9 if max(table.shape) <= 8 else 7
    for row, column in np.argwhere(allowed):
        value = table[row, column]
        text = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        colour = _readable_on(colour_of(value))
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def _readable_on(rgba: tuple[float, float, float, float]) -> str:
    """White or ink, whichever stands out more (WCAG 2 relative luminance; they meet at 0.18)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba[:3]]
    return "#FFFFFF" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.2 else INK
