"""Imports torch once and forks a worker an exercise: `python -m course_lib.grading.workers.server FD`.

It talks over one inherited socket, listens on none, and never sees a submission: a worker reads its job from
a pipe of its own. One thread, because a fork copies no other.
"""

import gc
import os
import select
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from types import ModuleType
from typing import Any

import torch

from course_lib.grading.workers import worker
from course_lib.grading.workers.beginning import begin, no_return
from course_lib.grading.workers.building import build
from course_lib.grading.workers.channel import Closed, receive, send
from course_lib.grading.workers.confine import split_off
from course_lib.grading.workers.huge_pages import use_huge_pages
from course_lib.grading.workers.leftovers import crowd, empty, end_stragglers
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.namespaces import SCRATCH
from course_lib.grading.workers.told import sentences


class Server:
    """Answers one request after another: "prepare" a lesson, "fork" a worker, "kill" it."""

    def __init__(self, channel: socket.socket):
        self._channel = channel
        self._lessons: dict[str, ModuleType] = {}
        self._worker = 0
        self._watched: set[str] = set()

    def run(self) -> None:
        start, _ = receive(self._channel)
        # The lessons' setup cells ask for these names; `check` and the like do nothing here.
        for name in ("lesson", "overview", "bank", "judging"):
            nothing = dict.fromkeys(
                ("check", "hint", "predict", "quiz", "progress", "progress_table"), _nothing
            )
            worker.stand_in(f"course_lib.exercises.{name}", nothing)
        worker.warm_up(())
        with suppress(OSError), open("/proc/self/maps", "rb") as maps:
            use_huge_pages(maps.fileno())  # before walls: the process that waits outside shares them
        self._walls = build(**start)
        in_view = self._walls.private or self._walls.inside
        home = SCRATCH if in_view else start["base"]  # where matplotlib and others keep things
        tempfile.tempdir = home
        os.environ.update(HOME=home, TMPDIR=home, MPLCONFIGDIR=home, XDG_CACHE_HOME=home)
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        send(self._channel, {"walls": sentences(self._walls), "view": in_view, "missing": self._walls.missing})
        while True:
            ready, _, _ = select.select([self._channel, self._wake], [], [])
            if self._wake in ready:
                with suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._reap()
            if self._channel in ready:
                request, files = receive(self._channel, 3)
                if "prepare" in request:
                    send(self._channel, {"prepared": self._prepare(**request["prepare"])})
                elif "fork" in request:
                    self._fork(files, **request["fork"])
                    for file in files:
                        os.close(file)
                elif "kill" in request:
                    self.kill()
                elif "missing" in request:  # which walls were tried in vain elsewhere
                    self._walls.missing |= request["missing"]
                    send(self._channel, {"walls": sentences(self._walls)})

    def _prepare(self, key: str, source: str, forbid: list[str]) -> dict[str, str] | None:
        """Run a lesson's setup cell, which is the instructor's own. Returns the exception it ended in.

        `forbid`: what the lesson's exercises watch for is imported once, here, and not in each worker.
        """
        forbid = [name for name in forbid if name not in self._watched]
        try:
            worker.warm_up(tuple(forbid))
            self._watched.update(forbid)
        except (ImportError, AttributeError, OSError) as error:
            return {
                "type": type(error).__name__,
                "message": f"{error} (wanted for {', '.join(forbid)})",
                "line": "",
            }
        if key in self._lessons:
            return None
        lesson = ModuleType(worker.MODULE)
        vars(lesson).update(display=_nothing)
        failure = worker.run_cell(source, "<setup>", vars(lesson))
        torch.set_num_threads(1)
        self._lessons[key] = lesson
        use_huge_pages(self._walls.maps)
        return failure and {"type": failure.type, "message": failure.message, "line": failure.line}

    def _fork(self, files: list[int], lesson: str, limits: dict[str, Any], scratch: str | None) -> None:
        job, result, out = files
        size, others = self._size(), 0 if self._walls.private or self._walls.inside else crowd(self._walls.nobody)
        gc.freeze()  # a collection in the worker would write to, and so copy, all of the server's memory
        self._worker = split_off(self._walls)
        if self._worker == 0:
            with no_return():
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                begin(job, result, out, self._lessons[lesson], self._walls, Limits(**limits), scratch, size, others)

    def kill(self) -> None:
        """End the worker and everything it started, and wait until it is gone."""
        if self._worker:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._worker, signal.SIGKILL)
            os.kill(self._worker, signal.SIGKILL)  # the first of its namespace: the kernel kills the rest
            self._ended(*os.wait4(self._worker, 0)[1:])

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.wait4(-1, os.WNOHANG))[0]:
                if found[0] == self._worker:
                    self._ended(*found[1:])

    def _ended(self, status: int, usage: Any) -> None:
        group, self._worker, left = self._worker, 0, 0
        if not self._walls.private:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
            left = end_stragglers(all_here=self._walls.inside)
        if self._walls.inside:
            empty(SCRATCH)
        code, used = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        send(self._channel, {"ended": {"code": code, "processor": used, "left": left}})

    def _size(self) -> int:
        """The address space of this process in bytes."""
        if self._walls.size is None:
            return 64 * 1024**3
        return int(os.pread(self._walls.size, 100, 0).split()[0]) * os.sysconf("SC_PAGESIZE")


def _nothing(*_: Any, **__: Any) -> None:
    """`check`, `hint` and the like, in a worker."""


def main() -> None:
    torch.set_num_threads(1)
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    server = Server(channel)
    try:
        server.run()
    except Closed:  # the grader has gone: so does its worker
        with suppress(Closed, OSError):
            server.kill()


if __name__ == "__main__":
    main()
