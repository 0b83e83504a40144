"""Run an answer behind the walls and bring back what it did, for the judge.

    with Workers() as workers:
        outcome = workers.run(program, cases, forbid=exercise.forbid)
        verdict = judge_by(exercise, RecordedWitness(outcome), seed=seed, hidden=True)

One `Workers` runs one answer at a time; several work side by side. Needs `fork`, so not on Windows itself.
"""

import hashlib
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from course_lib.exercises.exercise import Case, Exercise
from course_lib.grading.workers import folders
from course_lib.grading.workers.channel import Closed, receive, send
from course_lib.grading.workers.conversation import converse
from course_lib.grading.workers.launch import launch
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.listener import Listener
from course_lib.grading.workers.outcome import Outcome, Program, cases_of
from course_lib.grading.workers.parcel import pack
from course_lib.grading.workers.walls import ALL
from course_lib.grading.workers.worker import Job

_DEFAULT = Limits()


def run_answer(
    workers: "Workers", program: Program, exercise: Exercise, seed: int, limits: Limits | None = None
) -> Outcome:
    """Run all stages of `exercise`, the hidden ones in silence."""
    hidden = frozenset(stage.name for stage in exercise.stages if stage.hidden)
    return workers.run(
        program,
        cases_of(exercise, seed),
        forbid=exercise.forbid,
        hidden=hidden,
        limits=limits or workers.limits,
    )


class Workers:
    """A server and the worker that it has at the moment.

    Args:
        hide: Folders that workers must not see, such as the submissions, beside the instructor's own. Needed
            only where they lie in a folder that Python or the course is installed in.
        limits: For what is run without limits of its own.
        walls: Which to try: all of them, in the order of `ALL`, where nothing is said. `()` does without any.
    """

    def __init__(self, *, hide: tuple[Path, ...] = (), limits: Limits = _DEFAULT, walls: Collection[str] = ALL):
        self.limits, self._hide, self._asked = limits, tuple(hide), tuple(walls)
        self.walls: list[str] = []  # a sentence each, once a server runs
        self._server = None

    def __enter__(self) -> "Workers":
        self._start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def run(
        self,
        program: Program,
        cases: Mapping[str, Case],
        *,
        forbid: tuple[str, ...] = (),
        hidden: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> Outcome:
        """Run one answer on `cases`, last on those named in `hidden`, without keeping what is printed then.

        Raises `RuntimeError` if the setup cell fails: no learner's fault.
        """
        limits = limits or self.limits
        job = Job(
            program.helpers,
            program.answer,
            program.name,
            tuple(case for name, case in cases.items() if name not in hidden),
            bool(hidden & set(cases)),
            forbid,
        )
        cases = dict(sorted(cases.items(), key=lambda each: each[0] in hidden))
        parcels = [pack(job), *([pack(tuple(cases.values())[len(job.cases) :])] if job.more else [])]
        if self._server is None or self._server.poll() is not None or not self._base.exists():
            self._start()
        try:
            lesson = self._prepare(program.setup, forbid)
        except Closed:  # lost since the last answer
            self._start()
            lesson = self._prepare(program.setup, forbid)
        try:
            return self._run(parcels, lesson, Listener(cases, len(job.cases), limits), limits)
        except (Closed, TimeoutError):
            self.close()  # the next answer gets a new server
            return Outcome(
                None,
                {},
                stopped="died",
                told="The process that runs the answers ended, and with it this one.",
            )

    def close(self) -> None:
        """End the server; it ends what it has started."""
        if self._server is not None:
            self._server = None
            self._started.close()

    def _start(self) -> None:
        self.close()
        started = self._started = launch(self._hide, self._asked)
        self._server, self._channel, self._base = started.process, started.channel, started.base
        self.walls, self._private, self._prepared = started.walls, started.in_view, set()

    def _prepare(self, setup: str, forbid: tuple[str, ...]) -> str:
        key = hashlib.sha256(setup.encode()).hexdigest()
        if not {key, *forbid} <= self._prepared:
            send(self._channel, {"prepare": {"key": key, "source": setup, "forbid": forbid}})
            failed = receive(self._channel)[0]["prepared"]
            if failed:
                raise RuntimeError(
                    f"the lesson's setup cell stopped with {failed['type']}: {failed['message']}"
                )
            self._prepared |= {key, *forbid}
        return key

    def _run(self, parcels: list[bytes], lesson: str, listener: Listener, limits: Limits) -> Outcome:
        scratch = None if self._private else tempfile.mkdtemp(dir=self._base)
        start = time.monotonic()
        fork = {"lesson": lesson, "limits": asdict(limits), "scratch": scratch}
        ended = converse(self._channel, fork, parcels, listener, start + limits.seconds)
        if scratch:
            folders.remove(Path(scratch))
        return listener.outcome(ended, time.monotonic() - start)
