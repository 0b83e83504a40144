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
            linewidth: float = 2.4) -> None:
    """Outline a box of pixels on a picture, cased in white so that it shows on any photo and any map.

    The box is in the pixels of the picture: its top left corner and its size. `color` is mostly `QUERY` or
    `KEY`. `linewidth` is in points; around a small box it shrinks, so that what is in the box stays to be
    seen.
    """
    panel = ax.get_position().width * ax.figure.get_figure(root=True).get_figwidth() * 72   # points, about
    point = abs(ax.get_xlim()[1] - ax.get_xlim()[0]) / panel                               # in picture pixels
    linewidth = min(linewidth, max(1.3, width / point / 8))
    out = 0.5 * linewidth * point                        # the line runs around the box, not over its rim
    box = Rectangle((left - out, top - out), width + 2 * out, height + 2 * out, fill=False, edgecolor=color,
                    linewidth=linewidth, joinstyle="miter", clip_on=False)
    box.set_path_effects([Stroke(linewidth=linewidth + 1.6, foreground="#FFFFFF"), Normal()])
    ax.add_patch(box)
