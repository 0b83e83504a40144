"""A wrong result beside the expected one: as maps on one colour scale, and as numbers where they are few."""

import base64
from typing import Any

from torch import Tensor

from course_lib.exercises.markup import GREY
from course_lib.viz import map_png

_FEW = 64  # a result with at most this many numbers is also written out


def maps_side_by_side(got: Any, want: Any, axes: tuple[str, str]) -> str:
    """HTML with both maps, rows and columns named by `axes`; empty where there is nothing to compare."""
    got, want = _as_maps(got, want)
    if got is None or want is None or want.shape[0] < 2:
        return ""
    finite = want.nan_to_num(0, 0, 0)
    limits = {"vmin": float(finite.min()), "vmax": float(finite.max())}
    rows, columns = axes
    figures = "".join(
        f'<figure style="margin:.5em 1.5em .2em 0"><img alt="{caption}: a map of {rows} by {columns}"'
        f' style="height:9em;image-rendering:pixelated;border:1px solid {GREY}"'
        f' src="data:image/png;base64,{base64.b64encode(map_png(data.numpy(), **limits)).decode()}">'
        f'<figcaption style="font-size:.9em">{caption} {tuple(data.shape)}</figcaption></figure>'
        for caption, data in (("yours", got), ("expected", want))
    )
    note = f"rows: {rows}, columns: {columns}, one sample, one colour scale"
    return (
        f'<div style="display:flex;flex-wrap:wrap">{figures}</div>'
        f'<div style="font-size:.9em;opacity:.75">{note}</div>'
    )


def numbers_one_above_the_other(got: Any, want: Any) -> list[str]:
    """Both results as a block of numbers; none where there is nothing to compare or there are too many."""
    got, want = _as_maps(got, want)
    if got is None or want is None or max(got.numel(), want.numel()) > _FEW:
        return []
    return [f"```yours\n{_digits(got)}\nexpected\n{_digits(want)}```"]


def _as_maps(got: Any, want: Any) -> tuple[Tensor | None, Tensor | None]:
    """The last two axes of both, at the place on the leading axes where they differ most, or at the first."""
    got, want = _as_stack(got), _as_stack(want)
    if got is None or want is None or got.shape != want.shape:
        return (None if got is None else got[0]), (None if want is None else want[0])
    worst = int((got - want).abs().nan_to_num(float("inf")).amax((1, 2)).argmax())
    return got[worst], want[worst]


def _as_stack(output: Any) -> Tensor | None:
    """A stack of maps, (n, rows, columns); None for what has no numbers to show."""
    if not isinstance(output, Tensor) or output.dim() == 0 or output.numel() == 0:
        return None
    output = output.detach().float().cpu()
    return output.reshape(-1, *output.shape[-2:]) if output.dim() > 1 else output[None, None]


def _digits(data: Tensor) -> str:
    return "\n".join(" ".join(f"{value:8.3f}" for value in row) for row in data.tolist())
