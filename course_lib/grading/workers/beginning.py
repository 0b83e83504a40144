"""The first steps of a worker: from the fork to the learner's code."""

import os
import sys
import tempfile
from contextlib import suppress
from types import ModuleType
from typing import Any, NoReturn

from course_lib.grading.workers import worker
from course_lib.grading.workers.confine import enter
from course_lib.grading.workers.limits import Limits, impose
from course_lib.grading.workers.walls import Walls

_RESULT, _JOB = 3, 4  # where a worker finds its pipes


def begin(
    job: int,
    result: int,
    out: int,
    lesson: ModuleType,
    walls: Walls,
    limits: Limits,
    scratch: str | None,
    size: int,
    others: int,
) -> None:
    """Go behind `walls`, read the job from a pipe, do it. `job`, `result` and `out` are open files."""
    os.setsid()
    place = enter(walls, scratch, limits.file_size)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file in (job, result, out):
        os.set_blocking(file, True)
    result, job = (os.dup(file) if file <= _JOB else file for file in (result, job))
    for file, number in ((nothing, 0), (out, 1), (out, 2), (result, _RESULT), (job, _JOB)):
        os.dup2(file, number, inheritable=number < _RESULT)
    os.closerange(_JOB + 1, 65536)
    jobs = open(_JOB, "rb", closefd=False)
    work = worker.load(jobs)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    tempfile.tempdir = place
    os.environ.update(HOME=place, TMPDIR=place, MPLCONFIGDIR=place, XDG_CACHE_HOME=place, COURSE_WORK=place)
    impose(limits, size, others)
    worker.work(work, lesson, _write, lambda: worker.load(jobs))
    sys.stdout.flush()


class no_return:
    """In a forked child: whatever happens, end here and never run the server's code on."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> NoReturn:
        if error is not None:
            with suppress(BaseException):
                os.write(2, f"the worker could not start: {kind.__name__}: {error}\n".encode())
        os._exit(0 if error is None else 70)


def _write(data: bytes) -> None:
    sys.stdout.flush()
    view = memoryview(data)
    while view:
        view = view[os.write(_RESULT, view) :]
