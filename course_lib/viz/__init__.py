"""The visual language of the course.

    style       use_style, and the colours: QUERY, KEY, VALUE, MASKED, WEIGHTS_CMAP, SCORES_CMAP, CATEGORICAL
    show        show(figure, alt=...): publish a figure with the words that say what is in it
    photo       attention_over_photo: one query's weights over the photo
    heads       heads_over_photo: the same for each head, side by side
    matrices    matrix: weights or scores with readable ticks
    multiples   small_multiples: many small pictures on one scale
    curves      curves: several seeds, mean and spread
    maps        map_png: a 2D array as PNG bytes within milliseconds
    panels      outline: a box that shows on any background

A function that draws one panel takes `ax=None` and returns the Axes it drew on; one that draws many returns
the Figure. `show` takes either.
"""

from course_lib.viz.curves import curves
from course_lib.viz.heads import heads_over_photo
from course_lib.viz.maps import map_png
from course_lib.viz.matrices import matrix
from course_lib.viz.multiples import small_multiples
from course_lib.viz.panels import outline
from course_lib.viz.photo import attention_over_photo
from course_lib.viz.show import show
from course_lib.viz.style import (
    CATEGORICAL,
    INK,
    KEY,
    MASKED,
    PAPER,
    QUERY,
    SCORES_CMAP,
    VALUE,
    WEIGHTS_CMAP,
    use_style,
)

__all__ = [
    "CATEGORICAL", "INK", "KEY", "MASKED", "PAPER", "QUERY", "SCORES_CMAP", "VALUE", "WEIGHTS_CMAP",
    "attention_over_photo", "curves", "heads_over_photo", "map_png", "matrix", "outline", "show",
    "small_multiples", "use_style",
]
