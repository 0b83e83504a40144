"""What arrives from a worker, turned into observations, as far as it is what was agreed on."""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course_lib.exercises.calling import Kind, Observation
from course_lib.exercises.exercise import Case
from course_lib.grading.workers import wire
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.notes import Broken, read_case, read_start
from course_lib.grading.workers.outcome import Outcome

_TOLD = {
    "time": "The time for this exercise, {seconds:g} s, was over.",
    "memory": "The program was ended by the system: it asked for more memory than there is, or crashed.",
    "died": "The program ended before its answer was checked to the end.",
    "flooded": "The program printed more than can be kept, and was ended.",
    "garbled": "What came back was not a result: {detail}.",
}


@dataclass
class Listener:
    """Makes observations of what arrives; stops at the first thing that is not as agreed.

    `cases` are all that there are, of which the first `shown` come before the hidden ones.
    """

    cases: Mapping[str, Case]
    shown: int
    limits: Limits
    kind: Kind | None = None
    broken: Broken | None = None
    seen: dict[str, Observation] = field(default_factory=dict)
    stopped: str = ""
    detail: str = ""
    done: bool = False
    deaf: bool = False  # what is printed from now on might tell of hidden inputs, and is not kept

    def __post_init__(self) -> None:
        self._frames = wire.FrameReader()
        self._printed, self._heard = bytearray(), 0

    @property
    def wants_hidden(self) -> bool:
        return self.kind is not None and len(self.seen) == self.shown < len(self.cases)

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
            if not self.deaf:
                self._printed += data[: max(0, 4 * self.limits.printed - len(self._printed))]
            if self._heard > self.limits.flood and not self.done:
                self.stop("flooded")
        elif data and not self.done:
            self._report(data)
        return bool(data)

    def drain(self, file: int, *, printed: bool) -> None:
        """What lies in a pipe; no more than one holds, for somebody may still write."""
        for _ in range(32):
            if not self.read(file, printed=printed):
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
            signaled, used_up = ended["code"] < 0, ended["processor"] >= self.limits.seconds
            out_of_time = ended["code"] == -signal.SIGXCPU or (signaled and used_up)
            self.stop("time" if out_of_time else "memory" if signaled else "died")
        told = (
            _TOLD[self.stopped].format(seconds=self.limits.seconds, detail=self.detail)
            if self.stopped
            else ""
        )
        if ended["left"]:
            told += f" {ended['left']} of its processes could not be ended."
        printed = wire.clean(self._printed.decode("utf-8", "replace"), self.limits.printed)
        return Outcome(self.kind, self.seen, self.broken, self.stopped, told, printed, seconds)
