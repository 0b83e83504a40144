"""A 2D array as a small PNG, without pyplot: fast enough for the feedback of an exercise."""

import io
import math
from typing import Any

import numpy as np
from matplotlib import colormaps
from PIL import Image

from course_lib.viz.arrays import to_map
from course_lib.viz.style import WEIGHTS_CMAP

WIDTH = 120                                       # pixels, at least
TALLEST = 600
NAN_COLOURS = ((255, 255, 255), (31, 122, 51))    # a chequerboard that no colour map can look like


def map_png(array: Any, *, vmin: float | None = None, vmax: float | None = None,
            cmap: str = WEIGHTS_CMAP) -> bytes:
    """A 2D array as PNG bytes: each entry a square block of pixels, the picture 120 to 240 pixels wide.

    `array` is (rows, columns): a tensor, array or list. `vmin` and `vmax` are the values of the first and the
    last colour; without them, the smallest and the largest finite entry. NaN is drawn as a green and white
    chequerboard; infinities take the end colours. Give two maps the same limits to compare them.

    An array wider than 120 keeps a pixel for each entry; a column as tall as a tower is drawn narrower.

    Raises ValueError if `array` is not 2D, or if vmin > vmax.
    """
    values = to_map(array, "array")
    finite = values[np.isfinite(values)]
    low = vmin if vmin is not None else (finite.min() if finite.size else 0.0)
    high = vmax if vmax is not None else (finite.max() if finite.size else 1.0)
    if low > high:
        raise ValueError(f"vmin ({low:g}) must not be above vmax ({high:g}).")

    spread = high - low
    if spread > 0:
        level = np.clip((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / spread, 0, 1)
    else:
        level = (values > high).astype(float)         # one value only: draw it as the lowest
    picture = (colormaps[cmap](level)[..., :3] * 255).round().astype(np.uint8)

    block = max(1, min(math.ceil(WIDTH / values.shape[1]), TALLEST // values.shape[0]))
    picture = picture.repeat(block, axis=0).repeat(block, axis=1)
    missing = np.isnan(values).repeat(block, axis=0).repeat(block, axis=1)
    if missing.any():
        row, column = np.indices(missing.shape) // max(1, block // 4)
        chequer = np.array(NAN_COLOURS, dtype=np.uint8)[(row + column) % 2]
        picture[missing] = chequer[missing]

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()
