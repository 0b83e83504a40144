"""What every drawing function needs: an axes to draw on, and a box that shows on any background."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from course_lib.viz.style import QUERY


def new_axes(width: float, height: float) -> Axes:
    """The axes of a new figure of that many inches."""
    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


def outline(ax: Axes, top: float, left: float, height: float, width: float, *, color: str = QUERY,
            linewidth: float = 2.5) -> None:
    """Outline a box of pixels on a picture, cased in white and dark so that it shows on any photo and any map.

    The box is in the pixels of the picture: its top left corner and its size. `color` is `QUERY` or `KEY`, mostly.
    `linewidth` is in points; on a small panel it shrinks, so that the line never fills the box.
    """
    panel = ax.get_position().width * ax.figure.get_figure(root=True).get_figwidth() * 72       # points, about
    across = panel * width / abs(ax.get_xlim()[1] - ax.get_xlim()[0])
    linewidth = min(linewidth, max(0.8, across / 10))
    box = Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=linewidth, joinstyle="miter")
    box.set_path_effects([Stroke(linewidth=2.2 * linewidth, foreground="#111111"),
                          Stroke(linewidth=1.7 * linewidth, foreground="#FFFFFF"), Normal()])
    ax.add_patch(box)
