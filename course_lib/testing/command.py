"""`course test`: pytest over the tests and every notebook, a worker a core and a thread a worker."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from course_lib.paths import ROOT
from course_lib.setup.process import become

_FOLDERS = ("tests", "chapters", "solutions")       # a release has no solutions
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run_tests(options: Sequence[str] = ()) -> int:
    """Run pytest with `options`; returns its exit status. Paths among them stand for everything."""
    missing = [name for name in ("pytest", "xdist", "nbval", "hypothesis") if find_spec(name) is None]
    if missing:
        print(f"The tests need {', '.join(missing)}: `python start.py test` installs that.", file=sys.stderr)
        return 1
    threads = dict.fromkeys(_THREADS, "1")
    os.chdir(ROOT)
    return become(command(options), os.environ | threads)


def command(options: Sequence[str] = ()) -> list[str]:
    """The command line. The cells of a notebook share a kernel, so a file stays on one worker."""
    named = [each for each in options if not each.startswith("-") and (ROOT / each.split("::")[0]).exists()]
    paths = [] if named else [folder for folder in _FOLDERS if (ROOT / folder).is_dir()]
    # A debugger wants the terminal for itself; whoever names a number of workers means it.
    alone = {"--pdb", "--trace", "-s", "--collect-only", "--co"} & set(options)
    chosen = any(option.startswith(("-n", "--numprocesses")) for option in options)
    parallel = [] if alone or chosen else ["-n", str(_cores())]
    notebooks = ["--nbval", "--nbval-current-env", "--dist", "loadfile"]
    return [sys.executable, "-m", "pytest", *notebooks, *parallel, *paths, *options]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
