"""Exceptions that an answer ends in, explained: what Python or PyTorch said, where, and what to do about it."""

import re

from course_lib.exercises.calling import Failure
from course_lib.exercises.finding import Finding

# (what the exception's type and message match, what to do). The first that matches is told.
_ADVICE = (
    (
        r"(batch1 must|Expected size for first two dimensions of batch2)",
        (
            "A matrix product needs (..., a, b) @ (..., b, c). Write both shapes down; is a `.transpose(-2,"
            " -1)` missing?"
        ),
    ),
    (
        r"must match the size of tensor|not broadcastable|shape mismatch",
        (
            "Two tensors that are added, multiplied or compared need equal sizes, or 1, on each axis from the"
            " right. Write both shapes one under the other, aligned at the right."
        ),
    ),
    (
        r"Sizes of tensors must match except",
        (
            "`torch.cat` joins along the axis `dim`, and on all others the sizes must be equal. Is it the axis"
            " you mean? If so, `expand` repeats an axis of size 1."
        ),
    ),
    (
        r"Tensors must have same number of dimensions",
        "`torch.cat` joins tensors of equally many axes. Write both shapes down; `unsqueeze` or `[None]` adds one.",
    ),
    (r"mask \[.*\] at index|shape of the mask", "`scores[~mask]` does not broadcast. `masked_fill` does."),
    (
        r"shape '.*' is invalid for input",
        "A reshape must keep the number of elements. Multiply the sizes on both sides.",
    ),
    (
        r"view size is not compatible",
        "After a transpose the memory is no longer in order, and `view` refuses. Use `reshape`.",
    ),
    (
        r"return_types\.(max|min)",
        "`max` with a `dim` gives values and places. Take `.values`, or use `amax`.",
    ),
    (
        r"UnboundLocalError|referenced before assignment|not associated with a value",
        "This name is used before the line that sets it. Which line must come first?",
    ),
    (r"NameError", "This name is not defined inside your function. A typo, or a variable of another cell?"),
    (
        r"must be tuple of ints|'float' object cannot be interpreted as an integer|got float|float found",
        "`/` makes a float, and sizes are whole numbers: `//`.",
    ),
    (
        r"Boolean value of Tensor",
        "`if`, `not`, `and`, `or` want one yes or no. For tensors: `is not None`, `~`, `&`, `|`.",
    ),
    (
        r"bad operand type for unary ~|unary.*NoneType|NoneType.*unary",
        "`mask` is None in some stages. Ask `if mask is not None` first.",
    ),
    (
        (
            r"Negation, the `-` operator, on a bool|Subtraction, the `-` operator, with (a|two)"
            r" bool|bitwise_not|~.*(float|Float)"
        ),
        "Keep the mask boolean and turn it over with `~`.",
    ),
    (
        r"NoneType",
        (
            "Something is None here. `mask` is None in some stages: ask `if mask is not None` first. Or does"
            " a helper of yours end without a `return`?"
        ),
    ),
    (
        r"values to unpack",
        "Count names and axes. With any number of leading axes, read sizes as `x.shape[-1]`.",
    ),
    (
        r"same dtype|expected (scalar type|m1 and m2)|result type .* can't be cast",
        "One side is whole numbers or float64, the other is not. Turn it: `.to(q.dtype)`, or `.float()`.",
    ),
    (r"before Module\.__init__", "`super().__init__()` comes first in the constructor."),
    (
        r'missing the required "forward"',
        "Is `forward` spelled right, and indented to stand inside the class?",
    ),
    (
        r"numpy\(\) on Tensor that requires grad|detach\(\)\.numpy",
        (
            "Stay in torch, from the first line to the last. Do not follow the message: `detach()` would cut"
            " the gradient."
        ),
    ),
    (r"RecursionError", "Your function calls itself without end. Did a helper get the name of the exercise?"),
    (
        r"loading state_dict",
        (
            "The check loads the reference's weights, so each parameter needs the name and the shape that the"
            " card asks for. Where does your constructor get its sizes from?"
        ),
    ),
    (
        r"not enough memory|DefaultCPUAllocator|MemoryError",
        (
            "Your code asked for more memory than there is. Which line makes the largest tensor, "
            "and what is its shape?"
        ),
    ),
    (r"SystemExit", "`exit()` ends the program. Use `return`."),
)


def explain_failure(failure: Failure) -> Finding:
    """The exception as a finding; the line is quoted where it is the learner's own."""
    unlike = re.findall(
        r"size mismatch for (\S+): .*?torch\.Size\((\[.*?\])\).*?torch\.Size\((\[.*?\])\)", failure.message
    )
    if "loading state_dict" in failure.message and unlike:
        name, needed, made = unlike[0]
        shows = f"Your constructor makes `{name}` of shape {made}. Here it should be {needed}."
        return Finding("parameters of another shape", shows, _advice(failure))
    shows = f"Your code stopped with {failure.type}: {failure.message.strip()[:400] or '(no message)'}"
    shows += f"\nat this line: `{failure.line}`" if failure.line else ""
    return Finding(f"raised {failure.type}", shows, _advice(failure))


def _advice(failure: Failure) -> str:
    sizes = re.search(r"\((\d+)x(\d+) and (\d+)x(\d+)\)", failure.message)
    if sizes:
        a, b, c, d = sizes.groups()
        turned = " Transposing the second would make them equal." if b == d else ""
        return f"You multiply ({a}, {b}) by ({c}, {d}). The inner sizes {b} and {c} must be equal.{turned}"
    floats = r"^(reshape|view|expand|unflatten)\(\) takes|tuple of ints,? ?but (got|found).* float"
    if re.search(floats, failure.message):
        return "Sizes are whole numbers. Did a `/` make a float? `//` does not."
    if failure.type == "TypeError" and "positional argument" in failure.message and not failure.line:
        return (
            "The function takes another number of arguments than it gets. Compare your `def` line with the"
            " card."
        )
    if failure.type == "TypeError" and "argument" in failure.message:
        return "A function in this line gets too few arguments, or the wrong ones. Does it need a `dim`?"
    said = f"{failure.type}: {failure.message}"
    return next(
        (advice for pattern, advice in _ADVICE if re.search(pattern, said)),
        "Run the function yourself in a new cell on a small tensor, and print the shape before the line that"
        " stops.",
    )
