"""Slips that do not depend on the exercise: an input changed in place, two results for two calls, a gradient cut ..."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises.calling import Kind, Observation
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.finding import Finding
from course_lib.exercises.stumbles import explain_failure


def slip_before_calling(exercise: Exercise, kind: Kind) -> Finding | None:
    """An answer that is not what `check` can call."""
    name = exercise.signature.split("(")[0]
    if kind.what == "module" and exercise.wants_module:
        return Finding(
            "an instance, not the class",
            f"What you handed over is a built module, a `{kind.name}`.",
            f'Hand over the class itself, without parentheses: `check("{exercise.id}", {name})`.',
        )
    if exercise.wants_module and kind.what != "module class":
        return Finding(
            "not a module",
            f"This exercise asks for an `nn.Module` class; what you handed over is {kind.told}.",
            f"Write `class {name}(nn.Module)` and hand over the class.",
        )
    if kind.what in ("class", "module class") and not exercise.wants_module:
        return Finding(
            "a class, not a function",
            f"What you handed over is the class `{kind.name}`.",
            f"This exercise asks for a function: `def {exercise.signature}`.",
        )
    if kind.what == "value":
        return Finding(
            "a result, not the function",
            f"What you handed over is {kind.told}, not a function.",
            f'Hand over the function itself, without calling it: `check("{exercise.id}", {name})`.',
        )
    return None


def slip_in_conduct(case: Case, got: Observation) -> Finding | None:
    """Something the answer did that is wrong whatever it returned."""
    if got.shortcut:
        return Finding(
            "shortcut",
            f"`{got.shortcut}` was called. It is closed here: it does what you are asked to write.",
            "Build it from smaller operations. You may use the library's version everywhere else.",
        )
    if got.failure:
        return explain_failure(got.failure)
    if got.backward_failure:
        return Finding(
            "backward failed",
            "Your values can be computed, but the backward pass stopped.",
            "`x += ...`, or an operation with a trailing underscore such as `exp_`, overwrote what the gradient "
            "needs. Write `x = x + ...`, and use the operations without underscore.",
        )
    changed = [
        name
        for name, value in case.inputs.items()
        if isinstance(value, Tensor) and not _identical(value, got.inputs_after[name])
    ]
    if changed:
        return Finding(
            "input changed in place",
            f"After the call, `{changed[0]}` held other values than before it.",
            "An operation with a trailing underscore, `x += ...` or `x[...] = ...` writes into the caller's "
            "tensor. Make a new one: `x = x + ...`, `masked_fill` without the underscore, or `clone()`"
            " first.",
        )
    # PyTorch may sum in another order where a gradient is asked for, as it is in the first call alone.
    if got.repeat is not None and not _identical(got.output, got.repeat, slack=1e-5):
        return Finding(
            "two calls, two results",
            "Two calls on the same inputs gave different results.",
            "Is something random left in (dropout in eval mode, random weights made inside `forward`), or "
            "does the function keep something between calls?",
        )
    return None


def slip_in_gradient(got: Observation, want: Observation) -> Finding | None:
    """The values are right, but learning would not reach what it should."""
    spoilt = [
        name
        for name, gradient in want.gradients.items()
        if gradient is not None
        and gradient.isfinite().all()
        and got.gradients.get(name) is not None
        and not got.gradients[name].isfinite().all()
    ]
    if spoilt:
        return Finding(
            "NaN in the gradient",
            f"Your answer is right, but the gradient of `{spoilt[0]}` holds NaN or infinity. "
            "One training step would ruin the network.",
            "Keep the NaN from arising, or take it out of the weights. Filling the finished answer leaves it"
            " in the gradient.",
        )
    cut = [
        name
        for name, gradient in want.gradients.items()
        if gradient is not None and got.gradients.get(name) is None
    ]
    if cut:
        names = ", ".join(f"`{name}`" for name in cut)
        return Finding(
            "gradient cut",
            f"The values are right, but no gradient flows back to {names}: it could not be learned.",
            "Look for `.detach()`, `.data`, `.item()`, `torch.no_grad()`, a trip through numpy, or a tensor "
            "rebuilt with `torch.tensor(...)`.",
        )
    still = [
        name
        for name, gradient in want.gradients.items()
        if gradient is not None and gradient.abs().max() > 1e-3 and not got.gradients[name].any()
    ]
    if not still:
        return None
    names = ", ".join(f"`{name}`" for name in still)
    return Finding(
        "gradient zero",
        f"The values are right, but the gradient of {names} is zero everywhere: it does not move.",
        "What it is multiplied with is zero. Of two layers in a row only one may start at zero, the last.",
    )


def _identical(a: Any, b: Any, slack: float = 0.0) -> bool:
    """Equal but for rounding; `slack` is what may be lost besides, as a share of the largest number."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        largest = float(b.double().abs().nan_to_num(0, 0, 0).max()) if slack and b.numel() else 0.0
        tolerance = {"rtol": 1e-5, "atol": 1e-7 + slack * largest}
        return a.shape == b.shape and torch.allclose(a.to(b.dtype), b, **tolerance, equal_nan=True)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(_identical(x, y, slack) for x, y in zip(a, b, strict=True))
    return isinstance(a, Tensor) == isinstance(
        b, Tensor
    )  # other things are judged by their type, in slip_in_output
