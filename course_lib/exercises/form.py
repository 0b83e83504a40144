"""The form of an output: nothing returned, not a tensor, another shape, dtype or device, NaN."""

from typing import Any

from torch import Tensor

from course_lib.exercises.finding import Finding


def slip_in_output(got: Any, want: Any) -> Finding | None:
    """The form of what came back: nothing, not a tensor, another shape, dtype or device, NaN."""
    if got is None:
        return Finding(
            "nothing returned", "Your function returned `None`.", "Does every path end in a `return`?"
        )
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            return Finding(
                "wrong number of results",
                f"{len(want)} results are expected, in a tuple. You returned {told(got)}.",
                "Compare the last line with the signature on the card.",
            )
        return next((slip for pair in zip(got, want, strict=True) if (slip := slip_in_output(*pair))), None)
    if not isinstance(want, Tensor):
        return None
    if isinstance(got, (tuple, list)):
        return Finding(
            "several results",
            f"You returned {told(got)}; one tensor of shape {_shape(want)} is expected.",
            "Return one tensor alone. `torch.stack` or `torch.cat` makes one of several; a comma at the end "
            "of the `return` line makes a tuple.",
        )
    if not isinstance(got, Tensor):
        return Finding(
            "not a tensor",
            f"You returned {told(got)}; a `torch.Tensor` of shape {_shape(want)} is expected.",
            "Stay in torch from the first line to the last: `.item()`, `.tolist()` and `.numpy()` leave it.",
        )
    return _wrong_shape(got, want) or _wrong_kind(got, want) or _not_a_number(got, want)


def told(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {_shape(value)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a `{type(value).__name__}`"


def _wrong_shape(got: Tensor, want: Tensor) -> Finding | None:
    if got.shape == want.shape:
        return None
    shows = f"Your result has shape {_shape(got)}; {_shape(want)} is expected."
    if got.numel() == want.numel() and sorted(got.shape) == sorted(want.shape) and got.dim() == want.dim():
        return Finding(
            "axes in another order",
            shows,
            "The sizes are right, their order is not: a `transpose` or "
            "`permute` is missing or one too many. Write the shape of every tensor beside its line.",
        )
    if got.squeeze().shape == want.squeeze().shape:
        return Finding(
            "an axis of size 1",
            shows,
            "An axis of size 1 is too many or missing: look for `keepdim`, "
            "`unsqueeze`, `squeeze` and for indexing with a number.",
        )
    if got.dim() < want.dim():
        return Finding(
            "an axis lost",
            shows,
            "An axis was summed, averaged or indexed away. Does it work on inputs "
            "with more leading axes? Count axes from the end: `dim=-1`, `transpose(-2, -1)`.",
        )
    return Finding(
        "wrong shape",
        shows,
        "Write the shape of every tensor beside its line, and find the first line "
        "where it is not what you meant.",
    )


def _wrong_kind(got: Tensor, want: Tensor) -> Finding | None:
    if got.dtype != want.dtype:
        return Finding(
            "wrong dtype",
            f"Your result is `{got.dtype}`; `{want.dtype}` is expected.",
            "A result has the dtype of its inputs. Look for a comparison, an integer, a numpy array "
            "(float64) or a conversion on the way.",
        )
    if got.device != want.device:
        return Finding(
            "wrong device",
            f"Your result lies on `{got.device}`, the inputs on `{want.device}`.",
            "Make new tensors where the inputs are: `torch.zeros(..., device=x.device)`,"
            " `torch.zeros_like(x)`.",
        )
    return None


def _not_a_number(got: Tensor, want: Tensor) -> Finding | None:
    if not got.is_floating_point() or not (got.isfinite() < want.isfinite()).any():
        return None
    bad = got[got.isfinite() < want.isfinite()]
    if bad.isnan().any():
        return Finding(
            "NaN",
            f"{int(bad.isnan().sum())} of {got.numel()} numbers are NaN: not a number.",
            "NaN comes from 0/0, from inf - inf and from inf/inf. Which row does it stand in, and what is "
            "special about that row's input?",
        )
    return Finding(
        "infinity",
        f"{bad.numel()} of {got.numel()} numbers are infinite.",
        "`exp` of anything over 88 overflows float32, and so does a division by zero.",
    )


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
