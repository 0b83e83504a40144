"""Start the process that runs the answers, behind the best walls that this system allows."""

import os
import socket
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.workers import bubblewrap, folders
from course_lib.grading.workers.channel import Closed, receive, send
from course_lib.grading.workers.view import GRADING, hidden, needed

_PATIENCE = 60.0  # seconds for the server itself: importing torch, a setup cell, the end of a worker


@dataclass
class Launched:
    """A server that waits for requests.

    Attributes:
        process, channel: it, and the way to it.
        base: its folder, for as long as `lock` is open.
        walls: a sentence each; see `told`.
        in_view: whether it sees a file system of its own, with room for what workers write.
        missing: which walls do not stand, with the reason.
    """

    process: subprocess.Popen
    channel: socket.socket
    base: Path
    lock: int
    walls: list[str]
    in_view: bool
    missing: dict[str, str]

    def close(self) -> None:
        """End the server; it ends what it has started."""
        self.channel.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        folders.remove(self.base)
        os.close(self.lock)


def launch(hide: tuple[Path, ...], asked: Collection[str]) -> Launched:
    """Own namespaces come first; where they are refused, bubblewrap; where that is, the rest of `asked`.

    Raises `RuntimeError` if no server can be started.
    """
    if not hasattr(os, "fork"):
        raise RuntimeError(
            "grading needs `fork`, which Windows does not have: run the same command inside WSL (`wsl --install` in a"
            " terminal of Windows gives you one), or on Linux or macOS."
        )
    folders.clean_up()
    missing = {} if "bubblewrap" in asked else {"bubblewrap": "not asked for"}
    if not missing and not bubblewrap.program():
        missing = {"bubblewrap": "not installed"}
    started = None
    if "namespaces" in asked or missing:
        started = _launch(hide, asked, missing)
        if started.in_view or missing:
            return started
    refused = started.missing["namespaces"] if started else "not asked for"
    try:
        inner = _launch(hide, asked, {"namespaces": refused}, inside=True)
    except (OSError, RuntimeError) as error:
        if started is None:
            started = _launch(hide, asked, {"bubblewrap": str(error)})
        send(started.channel, {"missing": {"bubblewrap": str(error)}})
        started.walls = receive(started.channel)[0]["walls"]
        return started
    if started:
        started.close()
    return inner


def _launch(
    hide: tuple[Path, ...], asked: Collection[str], missing: dict[str, str], *, inside: bool = False
) -> Launched:
    """The server, behind what is `asked` or inside bubblewrap. Raises `OSError` where that cannot be used."""
    base, lock = folders.make()
    root = base / "root"
    root.mkdir()
    view, veiled = needed(), [*hidden(), *map(str, hide)]
    channel, theirs = socket.socketpair()
    command = [sys.executable, "-m", "course_lib.grading.workers.server", str(theirs.fileno())]
    process = None
    try:
        channel.settimeout(_PATIENCE)
        with theirs, open(base / "server.log", "wb") as log:
            if inside:  # the server's own source must be there when it starts
                command = [*bubblewrap.command(view, [each for each in veiled if each != GRADING], root), *command]
            process = subprocess.Popen(
                command,
                cwd=Path(__file__).parents[3],
                env=_environment(base),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        start = {"view": view, "hidden": veiled, "base": str(root), "asked": list(asked), "inside": inside,
                 "missing": missing}  # fmt: skip
        try:
            send(channel, start)
            hello, _ = receive(channel)
        except (Closed, TimeoutError):
            said = (base / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(
                f"the process that runs the answers did not start: {said or 'it said nothing'}"
            ) from None
    except BaseException:
        channel.close()
        if process:
            process.kill()
            process.wait()
        folders.remove(base)
        os.close(lock)
        raise
    return Launched(process, channel, base, lock, hello["walls"], hello["view"], hello["missing"])


def _environment(base: Path) -> dict[str, str]:
    """Nothing of the grader's own but what Python needs to start; the same for everybody."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "COURSE_DATA")
    fixed = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    fixed |= {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",
    }
    fixed |= {"COURSE_GRADING": str(base)}  # whose process is it? The name tells, in every child
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **fixed}
