"""pip, run so that a person sees where it stands, and so that a failure ends in a sentence."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from course_lib.paths import ROOT
from course_lib.setup.trouble import SetupError, explain

CONSTRAINTS = ROOT / "constraints.txt"


def space_needed(torch_from: str | None) -> int:
    """GB of free disk for an installation: what it ends at, and the downloads it holds meanwhile.

    PyTorch's ordinary build for Linux brings CUDA's libraries: 6 GB in the end, 9 on the way. Elsewhere, and
    with a CPU build, it is under 3.
    """
    return 10 if sys.platform == "linux" and not torch_from else 4


def check_space(folder: Path, needed: int) -> None:
    """Raises SetupError when the disk has less than `needed` GB for `folder`, counting what it holds."""
    free = shutil.disk_usage(folder).free / 1e9
    held = sum(path.lstat().st_size for path in folder.rglob("*")) / 1e9
    if free + held < needed:
        raise SetupError(
            f"The installation needs about {needed} GB of disk, and {free:.1f} are free: make room, or take "
            "PyTorch's smaller CPU build (`python start.py --help` says how)."
        )


def install(
    python: Path, *, log: Path, extras: Sequence[str] = (), constrained: bool = True,
    torch_from: str | None = None,
) -> None:
    """Install this checkout (editable) and what it needs into the environment of `python`.

    `torch_from` is the address of an index with another build of PyTorch (CPU, ROCm, ...); only torch and
    torchvision are taken from it. The whole output is kept in `log`. Raises SetupError when pip fails.
    """
    constraints = ["-c", str(CONSTRAINTS)] if constrained else []
    target = str(ROOT) + (f"[{','.join(extras)}]" if extras else "")
    log.write_text("", encoding="utf-8")
    if torch_from:
        # Without dependencies, or the other index would have to hold the whole of constraints.txt.
        build = ["--no-deps", "--index-url", torch_from, "torch", "torchvision"]
        _run(python, [*build, *constraints], log, torch_from)
    _run(python, ["-e", target, *constraints], log, torch_from)


def _run(python: Path, arguments: list[str], log: Path, torch_from: str | None) -> None:
    # pip keeps downloads in TMPDIR. /tmp is often small, or memory: use the disk whose room was checked.
    scratch = log.parent / "tmp"
    scratch.mkdir(exist_ok=True)
    places = {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP")}
    flags = ["--progress-bar", "off", "--disable-pip-version-check", "--no-input", "--retries", "3"]
    command = [str(python), "-m", "pip", "install", *flags, *arguments]
    try:
        with log.open("a", encoding="utf-8") as kept, _StatusLine() as status:
            pip = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | places | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            )
            for line in pip.stdout:
                kept.write(line)
                status.read(line)
            failed = pip.wait() != 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if failed:
        raise explain(log.read_text(encoding="utf-8"), log, space=space_needed(torch_from))


_DOWNLOADING = r"\s*Downloading (?P<name>[\w.]+)-(?P<version>[^-]+)-\S+ \((?P<size>[\d.]+) (?P<unit>[kMG]B)"


class _StatusLine:
    """One line that says what pip is at; without a terminal, a line for each large download."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.width = shutil.get_terminal_size().columns - 1
        self.doing = "asking the package index what is needed"
        self.since = time.monotonic()
        self.done = threading.Event()

    def __enter__(self) -> "_StatusLine":
        if self.live:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        if self.live:
            print("\r".ljust(self.width) + "\r", end="", flush=True)

    def read(self, line: str) -> None:
        fetching = re.match(_DOWNLOADING, line)
        if fetching:
            self._say("fetching {name} {version} ({size} {unit})".format(**fetching.groupdict()))
            large = fetching["unit"] == "GB" or (fetching["unit"] == "MB" and float(fetching["size"]) >= 100)
            if large and not self.live:
                print(f"  {self.doing}", flush=True)
        elif line.startswith("Installing collected packages"):
            self._say("unpacking (a minute or two)")
            if not self.live:
                print(f"  {self.doing}", flush=True)

    def _say(self, doing: str) -> None:
        self.doing, self.since = doing, time.monotonic()

    def _tick(self) -> None:
        while not self.done.wait(0.5):
            line = f"  {self.doing}, {time.monotonic() - self.since:.0f} s"
            print("\r" + line[:self.width].ljust(self.width), end="", flush=True)
