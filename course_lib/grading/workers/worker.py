"""The process that runs one answer: the learner's cells, then the answer on every case, a report after each.

It holds what the answer is called with and nothing that it is judged by.
"""

import linecache
import pickle
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import torch

from course_lib.exercises.calling import Failure, Observation, failure_of, kind_of, observe
from course_lib.exercises.exercise import Case
from course_lib.grading.workers import disarm as disarming
from course_lib.grading.workers import notes
from course_lib.grading.workers.wire import WireError, encode, restore

# The name that a submission's code finds itself under. Not "__main__", so that what stands under
# `if __name__ == "__main__":` runs in the notebook, and not when it is graded.
MODULE = "submission"


@dataclass(frozen=True)
class Job:
    """What one worker does.

    Attributes:
        helpers: The learner's own cells before the answer, in their order.
        answer: The cell that defines `name`.
        cases: What the answer is called with first.
        more: Whether cases of hidden stages follow, once all of these are reported.
        forbid: Dotted names of functions that must not be called.
    """

    helpers: tuple[str, ...]
    answer: str
    name: str
    cases: tuple[Case, ...]
    more: bool
    forbid: tuple[str, ...]


def work(
    job: Job, lesson: ModuleType, report: Callable[[bytes], None], more: Callable[[], tuple[Case, ...]] = tuple
) -> None:
    """Run `job` in the namespace of `lesson`, whose setup cell has run; hand a frame a report to `report`.

    `more` gets the hidden stages' cases: until the open ones are reported they are not in this process.
    """
    random.seed(0)
    np.random.seed(0)
    torch.default_generator.manual_seed(0)
    sys.modules["__main__"] = sys.modules[MODULE] = lesson
    out_of_reach()
    namespace = vars(lesson)
    broken = None
    for number, (cell, source) in enumerate(
        [*((f"helper {i}", s) for i, s in enumerate(job.helpers, 1)), ("answer", job.answer)]
    ):
        if cell == "answer":
            namespace.pop(job.name, None)  # the lesson's import of it, or an older one, is no answer
        failure = run_cell(source, f"<cell {number + 1}>", namespace)
        if failure:
            where = "The answer's cell" if cell == "answer" else f"Cell {number + 1} before the answer"
            print(f"[{where} stopped with {failure.type}: {failure.message}]")
            broken = notes.of_broken(cell, failure)  # of several the last: it is nearest to the answer
    if job.name not in namespace:
        missing = Failure("NameError", f"no cell defines `{job.name}`")
        report(encode(broken or notes.of_broken("name", missing)))
        return
    answer = namespace[job.name]
    report(encode(notes.of_kind(kind_of(answer))))
    disarming.disarm(job.forbid)
    for number, case in enumerate(job.cases):
        report(_frame(number, _observe(answer, case, job.forbid)))
    for number, case in enumerate(more() if job.more else (), len(job.cases)):
        report(_frame(number, _observe(answer, case, job.forbid)))


def run_cell(source: str, file: str, namespace: dict[str, Any]) -> Failure | None:
    """Run a cell as a notebook would, without its magic. Returns the exception it ended in."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        exec(compile(source, file, "exec", dont_inherit=True), namespace)
    except SyntaxError as error:  # of this cell, or of what it compiles
        line = (error.text or "").strip() if error.filename == file else ""
        return Failure(type(error).__name__, str(error), line or failure_of(error).line)
    except BaseException as error:  # exit() too: it ends the cell
        return failure_of(error)
    return None


def _observe(answer: Any, case: Case, forbid: tuple[str, ...]) -> Observation:
    try:
        return observe(answer, case, forbid)
    except BaseException as error:  # a result that raises when it is looked at
        return Observation(failure=failure_of(error))


def _frame(number: int, seen: Observation) -> bytes:
    try:
        return encode(notes.of_case(number, seen))
    except (WireError, MemoryError, RuntimeError) as error:
        return encode(notes.of_case(number, Observation(failure=Failure(type(error).__name__, str(error)))))


def warm_up(forbid: tuple[str, ...]) -> None:
    """Import and start what the first call of an answer would, once here and not in each worker."""
    disarming.prepare(forbid)
    np.random.seed(0)  # NumPy imports its generators when they are first asked for
    torch.broadcast_shapes((1,), (2,))  # imports sympy, which takes a second
    # Where there is another device than the CPU, gradients before a fork make those after it impossible.
    observe(lambda x: x.exp(), Case({"x": torch.ones(2)}), forbid, thorough=sys.platform.startswith("linux"))


def load(stream: BinaryIO) -> Any:
    """A `Job`, or the cases that follow: the parent's own pickle, for this direction is trusted."""
    return _Unpickler(stream).load()


class _Unpickler(pickle.Unpickler):
    """Finds what is out of reach by now."""

    def find_class(self, module: str, name: str) -> Any:
        return restore if (module, name) == (restore.__module__, "restore") else super().find_class(module, name)


def out_of_reach() -> None:
    """Forget where this package's modules are: code that runs from here on cannot exchange their parts by name.

    It cannot import them anew either where their folder is not in view. What it can do is search the memory or the
    stack for them, and that shows in its words.
    """
    package = __name__.rpartition(".")[0]
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]
    above, _, last = package.rpartition(".")
    vars(sys.modules[above]).pop(last, None)


def stand_in(name: str, offers: Mapping[str, Any]) -> None:
    """Put a module in the place of one that must not be loaded here."""
    module = ModuleType(name, "Stands in for a module that does not exist in a worker.")
    vars(module).update(offers)
    sys.modules[name] = module
