"""Curves of several seeds: the mean, the spread, and each curve's name at its end."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_lib.viz.arrays import to_numpy
from course_lib.viz.panels import new_axes
from course_lib.viz.style import CATEGORICAL, LINE_STYLES

SPREADS = {"min-max": "smallest to largest", "sd": "\N{PLUS-MINUS SIGN} one standard deviation"}
NAME_HEIGHT = 13.0      # points


def curves(series: Mapping[str, tuple[Any, Any]], *, xlabel: str, ylabel: str, title: str | None = None,
           spread: str = "min-max", logx: bool = False, logy: bool = False, ax: Axes | None = None) -> Axes:
    """Draw a mean line and a band for each series, with its name at the line's end instead of in a legend.

    series  name -> (x, runs): x of shape (N,), runs of shape (R, N), a row for each seed, or (N,) for one run
    spread  what the band is: "min-max" over the seeds, or "sd", one standard deviation (n - 1) to each side
    logx, logy  logarithmic axes

    Lines differ in colour and in dashes, so they survive grey print. Under the x axis stands how many seeds
    there are and what the band is. Returns the Axes. Raises ValueError if shapes do not go together or there
    are more series than can be told apart.
    """
    if not series:
        raise ValueError("series is empty: there is nothing to draw.")
    if len(series) > len(CATEGORICAL):
        raise ValueError(f"{len(CATEGORICAL)} series can be told apart, got {len(series)}. Draw two plots.")
    if spread not in SPREADS:
        raise ValueError(f"spread must be 'min-max' or 'sd', got {spread!r}.")
    checked = {name: _checked(name, x, runs) for name, (x, runs) in series.items()}

    ax = ax if ax is not None else new_axes(7.2, 3.6)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
    ends = []
    for (name, (x, runs)), colour, dashes in zip(checked.items(), CATEGORICAL, LINE_STYLES):
        mean = runs.mean(axis=0)
        if len(runs) > 1:
            ax.fill_between(x, *_band(runs, mean, spread), color=colour, alpha=0.16, linewidth=0)
        ax.plot(x, mean, color=colour, linestyle=dashes, label=name)
        ends.append((x[-1], mean[-1], name, colour))
    ax.margins(x=0.02)
    _name_at_end(ax, ends)
    if title:
        ax.set_title(title)
    counts = sorted({len(runs) for _, runs in checked.values()})
    if counts[-1] > 1:
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        ax.set_xlabel(f"{xlabel}\nline: mean of {seeds} seeds; band: {SPREADS[spread]}")
    return ax


def _checked(name: str, x: Any, runs: Any) -> tuple[np.ndarray, np.ndarray]:
    x, runs = to_numpy(x, f"x of {name!r}"), np.atleast_2d(to_numpy(runs, f"runs of {name!r}"))
    if x.ndim != 1 or runs.ndim != 2 or x.size == 0 or runs.shape[1] != x.size:
        raise ValueError(f"series {name!r} needs x of shape (N,) and runs of shape (R, N), "
                         f"got {x.shape} and {runs.shape}.")
    return x, runs


def _band(runs: np.ndarray, mean: np.ndarray, spread: str) -> tuple[np.ndarray, np.ndarray]:
    if spread == "min-max":
        return runs.min(axis=0), runs.max(axis=0)
    deviation = runs.std(axis=0, ddof=1)
    return mean - deviation, mean + deviation


def _name_at_end(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names beside the last points, pushed apart where they would overlap, their order kept."""
    ax.figure.canvas.draw()                                       # limits and size are known only now
    points_per_pixel = 72 / ax.figure.dpi
    height = ax.get_window_extent().height * points_per_pixel
    to_axes = ax.transData - ax.transAxes
    ends = sorted(ends, key=lambda end: to_axes.transform(end[:2])[1])
    natural = [to_axes.transform(end[:2])[1] * height for end in ends]
    placed: list[float] = []
    for at in natural:                                            # upwards, away from the one below
        placed.append(max(at, placed[-1] + NAME_HEIGHT) if placed else at)
    ceiling = height
    for i in reversed(range(len(placed))):                        # and back down from the top of the axes
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - NAME_HEIGHT
    for (x, y, name, colour), at, target in zip(ends, natural, placed):
        ax.annotate(name, (x, y), xytext=(7, target - at), textcoords="offset points", color=colour,
                    fontweight="bold", fontsize=9, va="center", annotation_clip=False)
