"""The colours of the course and the one call that sets matplotlib to them.

A query is always `QUERY`, a key always `KEY`, and weights always lie on `WEIGHTS_CMAP`. The colours were
chosen with numbers, which the tests repeat: they differ in luminance (so they survive grey print) and stay
apart under simulated protanopia and deuteranopia. Green and cyan do not occur in `WEIGHTS_CMAP`, so an
outlined box shows on any map.
"""

import matplotlib as mpl
from cycler import cycler

PAPER = "#FBF8F1"     # the page: opaque, so a figure reads the same in a light and in a dark theme
INK = "#22223B"       # text and axes
GRID = "#E4DED0"

QUERY = "#009FD1"
KEY = "#1F7A33"
VALUE = "#5B2A86"
MASKED = "#CFC8BA"    # drawn hatched, so that it is told by its pattern too

WEIGHTS_CMAP = "magma"      # 0 is dark, the largest weight is bright; luminance only ever rises
SCORES_CMAP = "PuOr_r"      # diverging: purple is negative, orange positive, white is zero

# For lines that are neither query, key nor value.
CATEGORICAL = ("#22223B", "#E0A030", "#A63D2F", "#5B8DB8", "#65317F")
LINE_STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (8, 3)))

CSS_DPI = 100         # a figure 7 inches wide takes 700 pixels of the page ...
PIXEL_DPI = 150       # ... and holds 1050: sharp on a dense screen, yet small in a stored notebook


def use_style() -> None:
    """Set matplotlib's defaults to the course's look. Call it once, in a notebook's set-up cell."""
    mpl.rcParams.update({
        "figure.figsize": (7.2, 3.6),
        "figure.dpi": CSS_DPI,
        "savefig.dpi": PIXEL_DPI,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "figure.constrained_layout.use": True,
        "font.family": ["DejaVu Sans"],       # ships with matplotlib: the same on every machine
        "mathtext.fontset": "dejavusans",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 10,
        "figure.titlesize": 12,
        "figure.titleweight": "bold",
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "lines.linewidth": 2,
        "lines.solid_capstyle": "round",
        "hatch.color": "#8F8778",
        "hatch.linewidth": 0.8,
        "image.cmap": WEIGHTS_CMAP,
        "image.interpolation": "nearest",     # a pixel is a pixel
        "axes.prop_cycle": cycler(color=CATEGORICAL, linestyle=LINE_STYLES),
        "legend.frameon": False,
    })
