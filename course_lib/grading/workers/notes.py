"""What a worker reports: what the answer is, what it did with each case, or why it could not be asked.

`of_*` are called by the worker, `read_*` by the parent, which believes nothing: a report that does not fit
the case it is about is a `WireError`. What fits may still be invented. It is only compared, never obeyed.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from course_lib.exercises.calling import Failure, Kind, Observation
from course_lib.exercises.exercise import Case
from course_lib.grading.workers.wire import WireError

_KINDS = ("function", "class", "module class", "module", "value")
_SEEN = (
    "output",
    "repeat",
    "alone",
    "inputs_after",
    "gradients",
    "backward_failure",
    "failure",
    "unattempted",
    "shortcut",
)


@dataclass(frozen=True)
class Broken:
    """The learner's own cells did not run as far as the answer. `cell` is "helper N", "answer" or "name"."""

    cell: str
    failure: Failure


def of_kind(kind: Kind) -> dict[str, Any]:
    return {"report": "kind", "what": kind.what, "name": kind.name, "told": kind.told}


def of_broken(cell: str, failure: Failure) -> dict[str, Any]:
    return {"report": "broken", "cell": cell, "failure": _of_failure(failure)}


def of_case(number: int, seen: Observation) -> dict[str, Any]:
    report = {"report": "case", "number": number, **{name: getattr(seen, name) for name in _SEEN}}
    report["inputs_after"], report["gradients"] = dict(seen.inputs_after), dict(seen.gradients)
    report["failure"], report["backward_failure"] = map(_of_failure, (seen.failure, seen.backward_failure))
    return report


def read_start(report: Any) -> Kind | Broken:
    """The first report: what the answer is, or why there is none."""
    if type(report) is dict and report.get("report") == "broken":
        _expect(report, "report", "cell", "failure")
        failure = _read_failure(report["failure"])
        if failure is None:
            raise WireError("a broken cell is reported without its exception")
        return Broken(_text(report["cell"], 40), failure)
    _expect(report, "report", "what", "name", "told")
    if report["report"] != "kind" or report["what"] not in _KINDS:
        raise WireError("the first report does not say what the answer is")
    return Kind(report["what"], _text(report["name"], 80), _text(report["told"], 200))


def read_case(report: Any, number: int, case: Case) -> Observation:
    """The report on case `number`, with all that the judge relies on checked against the case."""
    _expect(report, "report", "number", *_SEEN)
    if report["report"] != "case" or type(report["number"]) is not int or report["number"] != number:
        raise WireError(f"a report on case {number} was due, and another one came")
    seen = {name: report[name] for name in _SEEN}
    seen["failure"], seen["backward_failure"] = map(
        _read_failure, (seen["failure"], seen["backward_failure"])
    )
    if type(seen["unattempted"]) is not bool:
        raise WireError("a report does not say whether the exercise was attempted")
    if seen["shortcut"] is not None:
        seen["shortcut"] = _text(seen["shortcut"], 200)
    if not (seen["failure"] or seen["shortcut"]):
        _check_inputs(seen["inputs_after"], case)
        _check_gradients(seen["gradients"], case)
    return Observation(**seen)


def _check_inputs(after: Any, case: Case) -> None:
    if type(after) is not dict or set(after) != set(case.inputs):
        raise WireError("a report does not tell what became of the inputs")


def _check_gradients(gradients: Any, case: Case) -> None:
    if type(gradients) is not dict:
        raise WireError("a report does not tell the gradients")
    known = {**(case.weights or {}), **case.inputs}
    for name, gradient in gradients.items():
        if gradient is None:
            continue
        if not isinstance(gradient, Tensor):
            raise WireError("a gradient is not a tensor")
        origin = known.get(name)
        # A newborn module has parameters of its own making, of which the case knows nothing.
        if isinstance(origin, Tensor) and not case.newborn and gradient.shape != origin.shape:
            raise WireError(f"the gradient of {name} has another shape than {name}")


def _of_failure(failure: Failure | None) -> dict[str, str] | None:
    return failure and {"type": failure.type, "message": failure.message, "line": failure.line}


def _read_failure(report: Any) -> Failure | None:
    if report is None:
        return None
    _expect(report, "type", "message", "line")
    return Failure(_text(report["type"], 80), _text(report["message"], 2000), _text(report["line"], 400))


def _expect(report: Any, *names: str) -> None:
    if type(report) is not dict or set(report) != set(names):
        raise WireError("a report does not have the fields that were agreed on")


def _text(value: Any, limit: int) -> str:
    if type(value) is not str:
        raise WireError("a report has something else where text belongs")
    return value[:limit]
