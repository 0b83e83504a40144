"""Run an answer behind the walls and bring back what it did, for the judge.

    with Workers() as workers:
        outcome = workers.run(program, cases, forbid=exercise.forbid)
        verdict = judge_by(exercise, RecordedWitness(outcome), seed=seed, hidden=True)

One `Workers` runs one answer at a time; several of them work side by side. Needs `fork`, so not on Windows itself.
"""

import hashlib
import io
import os
import pickle
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from course_lib.exercises.calling import Failure, Kind, Observation
from course_lib.exercises.exercise import Case, Exercise, Stage, draw_case
from course_lib.grading import wire
from course_lib.grading.channel import Closed, receive, send
from course_lib.grading.limits import Limits
from course_lib.grading.notes import Broken, read_case, read_start
from course_lib.grading.view import hidden, needed
from course_lib.grading.worker import Job

_PATIENCE = 60.0  # seconds that the server itself may take: importing torch, running a setup cell, ending a worker
_TOLD = {
    "time": "The time for this exercise, {seconds:g} s, was over.",
    "memory": "The program was ended by the system: it asked for more memory than there is, or crashed.",
    "died": "The program ended before its answer was checked to the end.",
    "flooded": "The program printed more than can be kept, and was ended.",
    "garbled": "What came back was not a result: {detail}.",
}


@dataclass(frozen=True)
class Program:
    """What is run of one submission for one exercise, as source.

    Attributes:
        setup: The lesson's setup cell, the released one. It runs once for all, and is trusted.
        helpers: The learner's own cells before the answer, in their order.
        answer: The cell that defines `name`.
    """

    setup: str
    helpers: tuple[str, ...]
    answer: str
    name: str


@dataclass(frozen=True)
class Outcome:
    """What a worker brought back.

    Attributes:
        kind: What the answer is; None where it could not be asked.
        seen: What it did with each case, by the case's name, as far as the worker came.
        broken: The learner's own cell that stopped before there was an answer.
        stopped: "" or why the worker did not come to its end: "time", "memory", "died", "flooded", "garbled".
        told: The same in a sentence.
        printed: The beginning of what was printed, helper cells included, hidden stages not.
        seconds: By the clock on the wall.
    """

    kind: Kind | None
    seen: Mapping[str, Observation]
    broken: Broken | None = None
    stopped: str = ""
    told: str = ""
    printed: str = ""
    seconds: float = 0.0


class RecordedWitness:
    """Tells the judge what a worker saw. A case that the worker did not come to is a failure with the reason."""

    def __init__(self, outcome: Outcome):
        if outcome.kind is None:
            raise ValueError(f"there is no answer to judge: {outcome.told or outcome.broken}")
        self.kind, self._outcome = outcome.kind, outcome

    def saw(self, stage: Stage, case: Case, *, thorough: bool = True) -> Observation:
        """`thorough` is ignored: the worker was."""
        missing = Observation(failure=Failure("Stopped", self._outcome.told or "this case was not run"))
        return self._outcome.seen.get(stage.name, missing)


def cases_of(exercise: Exercise, seed: int, *, hidden: bool = True) -> dict[str, Case]:
    """What an answer is called with when it is graded: a case a stage, by the stage's name."""
    stages = exercise.stages if hidden else exercise.visible_stages()
    return {stage.name: draw_case(exercise, stage, seed) for stage in stages}


def run_answer(
    workers: "Workers", program: Program, exercise: Exercise, seed: int, limits: Limits | None = None
) -> Outcome:
    """Run all stages of `exercise`, the hidden ones in silence."""
    quiet = frozenset(stage.name for stage in exercise.stages if stage.hidden)
    return workers.run(
        program, cases_of(exercise, seed), forbid=exercise.forbid, quiet=quiet, limits=limits or workers.limits
    )


class Workers:
    """A server and the worker that it has at the moment.

    Args:
        hide: Folders that workers must not see, such as the submissions, beside the instructor's own. Needed only
            where they lie in a folder that Python or the course is installed in.
        limits: For what is run without limits of its own.
        namespaces: False does without the walls that need them, as on a system that has none.
    """

    def __init__(self, *, hide: tuple[Path, ...] = (), limits: Limits = Limits(), namespaces: bool = True):
        self.limits, self._hide, self._namespaces = limits, tuple(hide), namespaces
        self.walls: list[str] = []
        self._server: subprocess.Popen | None = None

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
        quiet: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> Outcome:
        """Run one answer on `cases`; those named in `quiet` without keeping what is printed.

        Raises `RuntimeError` if the setup cell fails: no learner's fault.
        """
        limits = limits or self.limits
        job = Job(program.helpers, program.answer, program.name, tuple(cases.values()),
                  frozenset(i for i, name in enumerate(cases) if name in quiet), forbid)  # fmt: skip
        data = pack_job(job)
        if self._server is None or self._server.poll() is not None:
            self._start()
        lesson = self._prepare(program.setup, forbid)
        try:
            return self._run(data, lesson, cases, limits)
        except (Closed, TimeoutError):
            self.close()  # the next answer gets a new server
            return Outcome(None, {}, stopped="died", told="The process that runs the answers ended, and with it this one.")

    def close(self) -> None:
        """End the server; it ends what it has started."""
        if self._server is None:
            return
        self._channel.close()
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None
        shutil.rmtree(self._base, ignore_errors=True)

    def _start(self) -> None:
        if not hasattr(os, "fork"):
            raise RuntimeError("grading needs `fork`: run it on Linux or macOS, or on Windows inside WSL")
        self.close()
        self._base = Path(tempfile.mkdtemp(prefix="course-grade-"))
        self._base.chmod(0o711)
        (self._base / "root").mkdir()
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_PATIENCE)
        with theirs:
            command = [sys.executable, "-m", "course_lib.grading.server", str(theirs.fileno())]
            self._server = subprocess.Popen(
                command, cwd=Path(__file__).parents[2], env=_environment(self._base), pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        view, hide = needed(), [*hidden(), *map(str, self._hide)]
        send(self._channel, {"view": view, "hidden": hide, "base": str(self._base / "root"),
                             "namespaces": self._namespaces})  # fmt: skip
        hello, _ = receive(self._channel)
        self.walls, self._private, self._prepared = hello["walls"], hello["private"], set()

    def _prepare(self, setup: str, forbid: tuple[str, ...]) -> str:
        key = hashlib.sha256(setup.encode()).hexdigest()
        if not {key, *forbid} <= self._prepared:
            send(self._channel, {"prepare": {"key": key, "source": setup, "forbid": forbid}})
            failed = receive(self._channel)[0]["prepared"]
            if failed:
                raise RuntimeError(f"the lesson's setup cell stopped with {failed['type']}: {failed['message']}")
            self._prepared |= {key, *forbid}
        return key

    def _run(self, data: bytes, lesson: str, cases: Mapping[str, Case], limits: Limits) -> Outcome:
        scratch = None if self._private else tempfile.mkdtemp(dir=self._base)
        (job, give), (take, result), (hear, out) = os.pipe(), os.pipe(), os.pipe()
        listener = _Listener(cases, limits)
        start = time.monotonic()
        try:
            send(self._channel, {"fork": {"lesson": lesson, "limits": asdict(limits), "scratch": scratch}},
                 (job, result, out))  # fmt: skip
            for file in (job, result, out):
                os.close(file)
            ended = self._listen(listener, data, give, take, hear, start + limits.seconds)
            if ended is None:
                send(self._channel, {"kill": True})
                ended = receive(self._channel)[0]["ended"]
            listener.drain(take, hear)
        finally:
            for file in (give, take, hear):
                with suppress(OSError):
                    os.close(file)
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)
        return listener.outcome(ended, time.monotonic() - start)

    def _listen(
        self, listener: "_Listener", data: bytes, give: int, take: int, hear: int, deadline: float
    ) -> dict[str, Any] | None:
        """Until the last report, the end of the worker (returned), or the deadline. Waits for no end-of-file."""
        rest = memoryview(data)
        for file in (give, take, hear):
            os.set_blocking(file, False)
        with selectors.DefaultSelector() as ears:
            ears.register(give, selectors.EVENT_WRITE)
            for file in (take, hear, self._channel):
                ears.register(file, selectors.EVENT_READ)
            while not listener.done:
                left = deadline - time.monotonic()
                if left <= 0:
                    listener.stop("time")
                    break
                for key, _ in ears.select(left):
                    if key.fileobj is self._channel:
                        return receive(self._channel)[0]["ended"]
                    if key.fd == give:
                        with suppress(BlockingIOError):
                            try:
                                rest = rest[os.write(give, rest) :]
                            except BrokenPipeError:
                                rest = rest[:0]
                        if not rest:
                            ears.unregister(give)
                            os.close(give)
                    elif not listener.read(key.fd, printed=key.fd == hear):
                        ears.unregister(key.fd)
        return None


@dataclass
class _Listener:
    """Makes observations of what arrives; stops at the first thing that is not as agreed."""

    cases: Mapping[str, Case]
    limits: Limits
    kind: Kind | None = None
    broken: Broken | None = None
    seen: dict[str, Observation] = field(default_factory=dict)
    stopped: str = ""
    detail: str = ""
    done: bool = False

    def __post_init__(self) -> None:
        self._frames = wire.FrameReader()
        self._printed, self._heard = bytearray(), 0

    def stop(self, why: str, detail: str = "") -> None:
        self.stopped, self.detail, self.done = why, detail, True

    def read(self, file: int, *, printed: bool) -> bool:
        """Read what is there. Returns False at the end of the file."""
        try:
            data = os.read(file, 1 << 16)
        except BlockingIOError:
            return True
        if printed:
            self._heard += len(data)
            self._printed += data[: max(0, 4 * self.limits.printed - len(self._printed))]
            if self._heard > self.limits.flood and not self.done:
                self.stop("flooded")
        elif data and not self.done:
            self._report(data)
        return bool(data)

    def drain(self, take: int, hear: int) -> None:
        """What a worker that has ended left in its pipes; no more than a pipe holds, for another may still write."""
        for file, printed in ((hear, True), (take, False)):
            for _ in range(32):
                if not select.select([file], [], [], 0)[0] or not self.read(file, printed=printed):
                    break

    def _report(self, data: bytes) -> None:
        try:
            for report in self._frames.feed(data):
                if self.kind is None:
                    start = read_start(report)
                    if isinstance(start, Broken):
                        self.broken, self.done = start, True
                        return
                    self.kind = start
                else:
                    name, case = list(self.cases.items())[len(self.seen)]
                    self.seen[name] = read_case(report, len(self.seen), case)
                if len(self.seen) == len(self.cases):
                    self.done = True
                    return
        except wire.WireError as error:
            self.stop("garbled", str(error))

    def outcome(self, ended: dict[str, Any], seconds: float) -> Outcome:
        if not self.done:
            signaled = ended["code"] < 0 or ended["code"] > 128
            number = -ended["code"] if ended["code"] < 0 else ended["code"] - 128
            used_up = ended["processor"] >= self.limits.seconds
            self.stop("time" if number == signal.SIGXCPU or (signaled and used_up) else "memory" if signaled else "died")
        told = _TOLD[self.stopped].format(seconds=self.limits.seconds, detail=self.detail) if self.stopped else ""
        printed = wire.clean(self._printed.decode("utf-8", "replace"), self.limits.printed)
        return Outcome(self.kind, self.seen, self.broken, self.stopped, told, printed, seconds)


def pack_job(job: Job) -> bytes:
    """The way to the worker is a pickle: inputs may be functions, if they live where the worker can import them."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(job)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if type(value) is not Tensor:
            return NotImplemented
        copy = value.detach().clone()
        flat = copy.as_strided((copy.numel(),), (1,)) if copy.numel() else copy
        return wire.restore, (wire.tensor_to_raw(flat), copy.dtype, tuple(copy.shape), tuple(copy.stride()))


def _environment(base: Path) -> dict[str, str]:
    """Nothing of the grader's own but what Python needs to start; the same for everybody."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "COURSE_DATA")
    fixed = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    fixed |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg", "CUDA_VISIBLE_DEVICES": ""}
    fixed |= {"COURSE_GRADING": str(base)}  # whose process is it? The name tells, in every child
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **fixed}
