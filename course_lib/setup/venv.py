"""The checkout's own environment, `.venv`: made, and made again when broken. Nothing else is ever deleted."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.paths import ROOT
from course_lib.setup.trouble import AGAIN, SetupError, explain

FOLDER = ROOT / ".venv"
STAMP = "attention-course.json"


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(version: str) -> str:
    """Changes with what an installation depends on: the requirements, Python's version, the place."""
    digest = hashlib.sha256(f"{ROOT}\n{version}\n".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp(folder: Path) -> dict:
    """What the last start wrote into the environment about it; empty when there is nothing to read."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(folder: Path, **facts: object) -> None:
    """Keep `facts` beside what the stamp holds already."""
    stamp = read_stamp(folder) | facts
    (folder / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


def version_of(python: Path) -> str | None:
    """Python's version as "3.11"; None when this interpreter does not run, is too old or has no pip."""
    code = "import sys, pip; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def ensure(folder: Path = FOLDER, *, torch_from: str | None = None) -> Path:
    """The environment's interpreter, with a pip that runs. Makes the environment if it is absent or broken.

    Raises SetupError when `folder` is something else than an environment, or when Python cannot make one.
    """
    if folder.exists() or folder.is_symlink():
        broken = _why_broken(folder, torch_from)
        if broken is None:
            return python_of(folder)
        _remove(folder, broken)
    _make(folder, torch_from)
    return python_of(folder)


def _why_broken(folder: Path, torch_from: str | None) -> str | None:
    stamp = read_stamp(folder)
    if stamp.get("root", str(ROOT)) != str(ROOT):
        return "it was made in another place, and its programs still point there"
    if torch_from and stamp and stamp.get("torch_from") != torch_from:
        return "it holds another build of PyTorch"
    if version_of(python_of(folder)) is None:
        return "it is only half made"
    return None


def _remove(folder: Path, why: str) -> None:
    empty = folder.is_dir() and not any(folder.iterdir())
    ours = (folder / "pyvenv.cfg").is_file() or (folder / STAMP).is_file() or empty
    if folder.is_symlink() or not ours:
        raise SetupError(f"{folder} is in the way, and not of this course: move it elsewhere, {AGAIN}.")
    if Path(sys.prefix).resolve() == folder.resolve():
        raise SetupError(f"{folder} must be made again ({why}) and is active: type `deactivate`, {AGAIN}.")
    print(f"Making .venv again: {why}.", flush=True)
    shutil.rmtree(folder)


def _make(folder: Path, torch_from: str | None) -> None:
    folder.mkdir(exist_ok=True)
    # Before anything else, so that an interrupted start leaves a folder that the next one knows as its own.
    write_stamp(folder, root=str(ROOT), torch_from=torch_from)
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True)
    if made.returncode != 0:
        log = folder / "venv.log"
        log.write_text(made.stdout + made.stderr, encoding="utf-8")
        raise explain(made.stdout + made.stderr, log, space=1)
