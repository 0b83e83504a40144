"""Which experiments there are: one for each file chNN_name.py beside this one."""

import re
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path

from course_lib.experiments.experiment import Experiment

_FILE = re.compile(r"ch(\d\d)_(\w+)\.py")


@cache
def _chapters() -> dict[str, str]:
    """name -> two digits of its chapter, by chapter and name. Reads file names only; nothing is imported."""
    files = (_FILE.fullmatch(path.name) for path in Path(__file__).parent.iterdir())
    return {name: chapter for chapter, name in sorted(file.groups() for file in files if file)}


def names() -> list[str]:
    """The names of all experiments, in the order of their chapters."""
    return list(_chapters())


def module_name(name: str) -> str:
    """The module of an experiment."""
    return f"{__package__}.ch{chapter(name)}_{name}"


def record_name(name: str) -> str:
    """What its record is called: NN_name."""
    return f"{chapter(name)}_{name}"


def chapter(name: str) -> str:
    """The two digits of an experiment's chapter. LookupError, naming the nearest, for an unknown one."""
    chapters = _chapters()
    if name not in chapters:
        nearest = get_close_matches(str(name), chapters, n=3, cutoff=0.4) or list(chapters)
        raise LookupError(f"There is no experiment {name!r}. Nearest: {', '.join(nearest)}.")
    return chapters[name]


def find(name: str) -> Experiment:
    """The experiment of that name."""
    return import_module(module_name(name)).EXPERIMENT
