"""What a worker can see of the file system: Python, the course without the instructor's parts, the data."""

import os
import sys
from pathlib import Path

from course_lib.paths import ROOT, data_dir

# The calling half, and what it stands on. All else in these two folders is the instructor's.
_CALLING = {"__init__.py", "calling.py", "exercise.py", "finding.py", "form.py", "given.py", "shortcuts.py"}
_HIDDEN = ("grading", "authoring", "testing")
GRADING = str(ROOT / "course_lib" / "grading")


def needed() -> list[str]:
    """Files and folders, absolute. The repository itself is not among them, only what lessons use of it."""
    python = {sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    modules = {path for path in sys.path if path and _is_of_the_installation(Path(path).resolve())}
    course = {str(ROOT / "course_lib"), str(ROOT / "chapters"), str(data_dir())}
    broad = {"/", str(Path.home()), str(ROOT)}
    return sorted({os.path.abspath(path) for path in python | modules | course} - broad)


def _is_of_the_installation(place: Path) -> bool:
    """Whether a folder of modules is Python's. Others, as that of a script or the current one, may hold anything."""
    prefixes = (Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix))
    return place.name in ("site-packages", "dist-packages") or any(map(place.is_relative_to, prefixes))


def hidden() -> list[str]:
    """What lies in those folders and is not for a worker's eyes."""
    package = ROOT / "course_lib"
    judging = [path for path in (package / "exercises").iterdir() if path.name not in _CALLING]
    return sorted(map(str, [*judging, *(package / name for name in _HIDDEN)]))
