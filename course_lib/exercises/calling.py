"""The calling half of the engine: run an answer on inputs and note what happened. It knows no expected value."""

import io
import sysconfig
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Answer, Case, Inputs
from course_lib.exercises.form import told
from course_lib.exercises.shortcuts import ShortcutUsed, watch_for

_NOT_THE_LEARNERS = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")) + (
    str(Path(__file__).parent.parent),
)
_SLOW = 2.0  # seconds; an answer that takes longer is not called a second time


@dataclass(frozen=True)
class Failure:
    """An exception that the answer raised, and the line of the answer it came from (empty where unknown)."""

    type: str
    message: str
    line: str = ""


@dataclass(frozen=True)
class Kind:
    """What was handed over as an answer, and the words for it.

    Attributes:
        what: "function", "class", "module class", "module" (a built one), or "value" for all that cannot be called.
        name: the class's name, of itself or of what was built from it.
        told: how it is called in a sentence.
    """

    what: str
    name: str
    told: str


def kind_of(answer: Any) -> Kind:
    if isinstance(answer, type):
        return Kind("module class" if issubclass(answer, nn.Module) else "class", answer.__name__, told(answer))
    what = "module" if isinstance(answer, nn.Module) else "function" if callable(answer) else "value"
    return Kind(what, type(answer).__name__, told(answer))


@dataclass(frozen=True)
class Observation:
    """What an answer did with one case.

    Attributes:
        output: What the first call returned, detached; None also when it raised.
        repeat: What a second call on the same inputs returned.
        alone: What a call on the first sample alone returned; None where the case has no batch.
        inputs_after: The inputs as the first call left them.
        gradients: The gradient of a fixed weighted sum of the output with respect to each floating input and
            parameter, None for one that has no influence. Empty where the output has no gradient at all.
        backward_failure: The exception that the gradients ended in, if they did.
        failure: The exception, if there was one. `unattempted` is the stub's own NotImplementedError.
        shortcut: The forbidden function that was called, if any.
    """

    output: Any = None
    repeat: Any = None
    alone: Any = None
    inputs_after: Inputs = field(default_factory=dict)
    gradients: Mapping[str, Tensor | None] = field(default_factory=dict)
    backward_failure: Failure | None = None
    failure: Failure | None = None
    unattempted: bool = False
    shortcut: str | None = None


def observe(
    answer: Answer, case: Case, forbid: tuple[str, ...] = (), *, thorough: bool = True
) -> Observation:
    """Call `answer` on `case` and note what it did.

    Args:
        forbid: Dotted names of functions that must not be called, under whatever name.
        thorough: Also call it a second time, on the first sample alone, and take gradients. Without this only
            `output`, `inputs_after` and the failures are filled in.
    """
    given = {name: _fresh(value, requires_grad=thorough) for name, value in case.inputs.items()}
    with warnings.catch_warnings(), watch_for(forbid) if forbid else nullcontext() as watch:
        warnings.simplefilter("ignore")  # torch's would point into this file
        try:
            call = _prepare(answer, case)
            # Clones, because an in-place operation on a leaf that requires grad raises: it should be seen and named.
            passed = {name: value.clone() if _is_tensor(value) else value for name, value in given.items()}
            start = time.perf_counter()
            output = call(*passed.values())
            again = thorough and time.perf_counter() - start < _SLOW
            with redirect_stdout(io.StringIO()):  # what the answer prints is shown once
                repeat = call(*_fresh_all(case.inputs)) if again else None
                alone = call(*_fresh_all(_first_sample(case))) if again and case.batched else None
        except ShortcutUsed as used:
            return Observation(shortcut=used.name)
        except (
            Exception,
            SystemExit,
        ) as error:  # whatever the learner's code raises is a finding, not our error
            stub = isinstance(error, NotImplementedError) and str(error).startswith("exercise ")
            return Observation(
                failure=failure_of(error), unattempted=stub, shortcut=watch.used if watch else None
            )
    gradients, backward_failure = _gradients(output, given, call) if thorough else ({}, None)
    return Observation(
        output=_detach(output),
        repeat=_detach(repeat),
        alone=_detach(alone),
        inputs_after=_detach(passed),
        gradients=gradients,
        backward_failure=backward_failure,
        shortcut=watch.used if watch else None,
    )


def _prepare(answer: Answer, case: Case) -> Answer:
    """A function as it is; a module class built with the case's arguments and weights, in eval mode."""
    if case.weights is None:
        return answer
    with torch.random.fork_rng(devices=[]):  # drawing the first weights must leave no trace
        torch.default_generator.manual_seed(0)  # and a newborn mistake is recognised by its numbers
        module = answer(**case.config)
    if not case.newborn:
        module.load_state_dict(case.weights)
    return module.eval()


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _fresh(value: Any, requires_grad: bool = False) -> Any:
    if not _is_tensor(value):
        return value
    copy = value.detach().clone()
    return copy.requires_grad_() if requires_grad and copy.is_floating_point() else copy


def _fresh_all(inputs: Inputs) -> list[Any]:
    return [_fresh(value) for value in inputs.values()]


def _first_sample(case: Case) -> Inputs:
    return {name: value[:1] if name in case.batched else value for name, value in case.inputs.items()}


def _detach(value: Any) -> Any:
    if _is_tensor(value):
        return value.detach()
    if isinstance(value, (tuple, list)):
        return type(value)(_detach(item) for item in value) if type(value) in (tuple, list) else value
    if isinstance(value, dict):
        return {key: _detach(item) for key, item in value.items()}
    return value


def _gradients(output: Any, given: Inputs, call: Answer) -> tuple[dict[str, Tensor | None], Failure | None]:
    outputs = output if isinstance(output, (tuple, list)) else (output,)
    loss = sum((_probe(item) * item).sum() for item in outputs if _is_tensor(item) and item.requires_grad)
    if not _is_tensor(loss):
        return {}, None
    leaves = {name: value for name, value in given.items() if _is_tensor(value) and value.requires_grad}
    if isinstance(call, nn.Module):
        leaves.update(call.named_parameters())
    try:
        found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    except RuntimeError as error:
        return {}, failure_of(error)
    return dict(zip(leaves, found, strict=True)), None


def _probe(output: Tensor) -> Tensor:
    """Fixed weights without symmetry: a plain sum would have no gradient through a softmax."""
    return torch.cos(torch.arange(output.numel(), dtype=output.dtype) + 1).reshape(output.shape)


def failure_of(error: BaseException) -> Failure:
    """What is told of an exception, whatever its own `__str__` does."""
    try:
        message = str(error)
    except Exception:
        message = ""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*_NOT_THE_LEARNERS, "<frozen"))
    ]
    return Failure(type(error).__name__, message, (frames[-1].line or "") if frames else "")
