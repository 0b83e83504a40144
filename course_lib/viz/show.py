"""Publish a figure together with the words that say what is to be seen in it."""

import html
import io
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from course_lib.viz.style import CSS_DPI, INK, KEY, PAPER, PIXEL_DPI, QUERY

MARGIN = 0.1            # inches of paper around what is drawn
SHORTEST_ALT = 20       # characters; below that it is a title, not a description
LARGE = 150_000         # bytes; above that a figure is stored in 256 colours

KEPT = (PAPER, INK, QUERY, KEY, "#FFFFFF")     # colours that mean something stay exactly what they are

# Hidden from the eye but not from a screen reader; inline, since `jp-sr-only` is known to JupyterLab alone.
HIDDEN = ("position:absolute;width:1px;height:1px;margin:-1px;padding:0;overflow:hidden;"
          "clip:rect(0,0,0,0);white-space:nowrap;border:0")


def show(figure: Figure | Axes, *, alt: str) -> None:
    """Show a figure in the notebook, with `alt` for those who do not see it, and close it.

    `figure` is a Figure, or the Axes of one (what the one-panel functions of `course_lib.viz` return). `alt`
    says in a sentence or two what is to be seen. It goes three ways: into the output's metadata (nbconvert
    reads it), as its plain text, and as a visually hidden element, since JupyterLab (4.6) does not read the
    metadata. Outside IPython `alt` is printed.

    The PNG depends on the figure alone: no date, no version. Raises ValueError if `alt` says too little.
    """
    if not isinstance(alt, str) or len(alt.strip()) < SHORTEST_ALT:
        raise ValueError(f"alt must say what is to be seen, in {SHORTEST_ALT} letters or more, got {alt!r}.")
    alt = " ".join(alt.split())
    figure = figure.get_figure(root=True) if isinstance(figure, Axes) else figure
    try:
        display = _ipython_display()
        if display is None:
            print(f"[figure] {alt}")
            return
        png, width, height = to_png(figure)
        size = {"alt": alt, "width": width, "height": height}
        display({"image/png": png, "text/plain": alt}, metadata={"image/png": size}, raw=True)
        hidden = f'<div class="jp-sr-only" style="{HIDDEN}">Figure: {html.escape(alt)}</div>'
        display({"text/html": hidden, "text/plain": ""}, raw=True)
    finally:
        plt.close(figure)


def to_png(figure: Figure) -> tuple[bytes, int, int]:
    """The figure as PNG bytes, and the width and height in CSS pixels at which to show it."""
    buffer = io.BytesIO()
    # Cut to what is drawn, with a margin: a title that stands out of a figure with equal axes is not cut off.
    figure.savefig(buffer, format="png", dpi=PIXEL_DPI, facecolor=PAPER, metadata={"Software": None},
                   bbox_inches="tight", pad_inches=MARGIN)
    if buffer.tell() > LARGE:                                    # a photo; its noise is what costs
        buffer = _in_256_colours(buffer)
    width, height = (round(pixels * CSS_DPI / PIXEL_DPI) for pixels in Image.open(buffer).size)
    return buffer.getvalue(), width, height


def _in_256_colours(buffer: io.BytesIO) -> io.BytesIO:
    """The same picture on a palette of its own.

    Pillow gives the most palette to the most frequent colours, which would leave the glow of a map a few
    steps. So the palette is chosen on a picture that holds each colour as often as the square root of its
    count.
    """
    picture = Image.open(buffer).convert("RGB")
    colours, counts = np.unique(np.asarray(picture).reshape(-1, 3) >> 2, axis=0, return_counts=True)
    colours = colours << 2 | colours >> 4                         # 6 bits back to 8
    sample = np.repeat(colours, np.ceil(np.sqrt(counts)).astype(int), axis=0)
    chosen = Image.fromarray(sample[None]).quantize(256 - len(KEPT)).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * level) for colour in KEPT for level in to_rgb(colour)] + chosen)
    smaller = io.BytesIO()
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(smaller, format="PNG", optimize=True)
    return smaller


def _ipython_display() -> Any:
    """IPython's display, or None when no IPython is running."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    return display if get_ipython() is not None else None
