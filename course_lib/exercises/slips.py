"""Slips that do not depend on the exercise: nothing returned, a wrong shape, an input changed in place ..."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises.calling import Observation
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.finding import Finding
from course_lib.exercises.stumbles import explain_failure


def slip_before_calling(exercise: Exercise, answer: Any) -> Finding | None:
    """An answer that is not what `check` can call."""
    name = exercise.signature.split("(")[0]
    if isinstance(answer, nn.Module) and exercise.wants_module:
        return Finding("an instance, not the class", f"`check` got a built module, a `{type(answer).__name__}`.",
                       f"Hand over the class itself, without parentheses: `check(\"{exercise.id}\", {name})`.")
    if exercise.wants_module and not (isinstance(answer, type) and issubclass(answer, nn.Module)):
        return Finding("not a module", f"This exercise asks for an `nn.Module` class; `check` got {_a(answer)}.",
                       f"Write `class {name}(nn.Module)` and hand over the class.")
    if isinstance(answer, type) and not exercise.wants_module:
        return Finding("a class, not a function", f"`check` got the class `{answer.__name__}`.",
                       f"This exercise asks for a function: `def {exercise.signature}`.")
    if not callable(answer):
        return Finding("a result, not the function", f"`check` got {_a(answer)}, not a function.",
                       f"Hand over the function itself, without calling it: `check(\"{exercise.id}\", {name})`.")
    return None


def slip_in_conduct(case: Case, got: Observation) -> Finding | None:
    """Something the answer did that is wrong whatever it returned."""
    if got.shortcut:
        return Finding("shortcut", f"`{got.shortcut}` was called. It is closed here: it does what you are asked to write.",
                       "Build it from smaller operations. You may use the library's version everywhere else.")
    if got.failure:
        return explain_failure(got.failure)
    if got.backward_failure:
        return Finding("backward failed", "Your values can be computed, but the backward pass stopped.",
                       "An operation with a trailing underscore, such as `sub_` or `exp_`, overwrote what the gradient "
                       "needs. Use the ones without.")
    changed = [name for name, value in case.inputs.items()
               if isinstance(value, Tensor) and not _identical(value, got.inputs_after[name])]
    if changed:
        return Finding("input changed in place", f"After the call, `{changed[0]}` held other values than before it.",
                       "An operation with a trailing underscore, `x += ...` or `x[...] = ...` writes into the caller's "
                       "tensor. Make a new one: `x = x + ...`, `masked_fill` without the underscore, or `clone()` first.")
    if got.repeat is not None and not _identical(got.output, got.repeat):
        return Finding("two calls, two results", "Two calls on the same inputs gave different results.",
                       "Is something random left in (dropout in eval mode, random weights made inside `forward`), or "
                       "does the function keep something between calls?")
    return None


def slip_in_output(got: Any, want: Any) -> Finding | None:
    """The form of what came back: nothing, not a tensor, another shape, dtype or device, NaN."""
    if got is None:
        return Finding("nothing returned", "Your function returned `None`.", "Does every path end in a `return`?")
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            return Finding("wrong number of results", f"{len(want)} results are expected, in a tuple. You returned "
                           f"{_a(got)}.", "Compare the last line with the signature on the card.")
        return next((slip for pair in zip(got, want, strict=True) if (slip := slip_in_output(*pair))), None)
    if not isinstance(want, Tensor):
        return None
    if isinstance(got, (tuple, list)):
        return Finding("several results", f"You returned {_a(got)}; one tensor of shape {_shape(want)} is expected.",
                       "Return one tensor alone. `torch.stack` or `torch.cat` makes one of several; a comma at the end "
                       "of the `return` line makes a tuple.")
    if not isinstance(got, Tensor):
        return Finding("not a tensor", f"You returned {_a(got)}; a `torch.Tensor` of shape {_shape(want)} is expected.",
                       "Stay in torch from the first line to the last: `.item()`, `.tolist()` and `.numpy()` leave it.")
    return _wrong_shape(got, want) or _wrong_kind(got, want) or _not_a_number(got, want)


def slip_in_gradient(got: Observation, want: Observation) -> Finding | None:
    """The values are right, but learning would not reach what it should."""
    spoilt = [name for name, gradient in want.gradients.items() if gradient is not None and gradient.isfinite().all()
              and got.gradients.get(name) is not None and not got.gradients[name].isfinite().all()]
    if spoilt:
        return Finding("NaN in the gradient", f"Your answer is right, but the gradient of `{spoilt[0]}` holds NaN or infinity. "
                       "One training step would ruin the network.",
                       "Keep the NaN from arising, or take it out of the weights. Filling the finished answer leaves it in the gradient.")
    cut = [name for name, gradient in want.gradients.items()
           if gradient is not None and got.gradients.get(name) is None]
    if not cut:
        return None
    names = ", ".join(f"`{name}`" for name in cut)
    return Finding("gradient cut", f"The values are right, but no gradient flows back to {names}: it could not be learned.",
                   "Look for `.detach()`, `.data`, `.item()`, `torch.no_grad()`, a trip through numpy, or a tensor "
                   "rebuilt with `torch.tensor(...)`.")


def _wrong_shape(got: Tensor, want: Tensor) -> Finding | None:
    if got.shape == want.shape:
        return None
    shows = f"Your result has shape {_shape(got)}; {_shape(want)} is expected."
    if got.numel() == want.numel() and sorted(got.shape) == sorted(want.shape) and got.dim() == want.dim():
        return Finding("axes in another order", shows, "The sizes are right, their order is not: a `transpose` or "
                       "`permute` is missing or one too many. Write the shape of every tensor beside its line.")
    if got.squeeze().shape == want.squeeze().shape:
        return Finding("an axis of size 1", shows, "An axis of size 1 is too many or missing: look for `keepdim`, "
                       "`unsqueeze`, `squeeze` and for indexing with a number.")
    if got.dim() < want.dim():
        return Finding("an axis lost", shows, "An axis was summed, averaged or indexed away. Does it work on inputs "
                       "with more leading axes? Count axes from the end: `dim=-1`, `transpose(-2, -1)`.")
    return Finding("wrong shape", shows, "Write the shape of every tensor beside its line, and find the first line "
                   "where it is not what you meant.")


def _wrong_kind(got: Tensor, want: Tensor) -> Finding | None:
    if got.dtype != want.dtype:
        return Finding("wrong dtype", f"Your result is `{got.dtype}`; `{want.dtype}` is expected.",
                       "A result has the dtype of its inputs. Look for a comparison, an integer, a numpy array "
                       "(float64) or a conversion on the way.")
    if got.device != want.device:
        return Finding("wrong device", f"Your result lies on `{got.device}`, the inputs on `{want.device}`.",
                       "Make new tensors where the inputs are: `torch.zeros(..., device=x.device)`, `torch.zeros_like(x)`.")
    return None


def _not_a_number(got: Tensor, want: Tensor) -> Finding | None:
    if not got.is_floating_point() or not (got.isfinite() < want.isfinite()).any():
        return None
    bad = got[got.isfinite() < want.isfinite()]
    if bad.isnan().any():
        return Finding("NaN", f"{int(bad.isnan().sum())} of {got.numel()} numbers are NaN: not a number.",
                       "NaN comes from 0/0, from inf - inf and from inf/inf. Which row does it stand in, and what is "
                       "special about that row's input?")
    return Finding("infinity", f"{bad.numel()} of {got.numel()} numbers are infinite.",
                   "`exp` of anything over 88 overflows float32, and so does a division by zero.")


def _identical(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and torch.allclose(a.to(b.dtype), b, rtol=1e-5, atol=1e-7, equal_nan=True)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(_identical(x, y) for x, y in zip(a, b, strict=True))
    return isinstance(a, Tensor) == isinstance(b, Tensor)   # other things are judged by their type, in slip_in_output


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


def _a(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {_shape(value)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a `{type(value).__name__}`"
