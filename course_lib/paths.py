"""Where the parts of a checkout lie."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
RESULTS = CHAPTERS / "results"
SOLUTIONS = ROOT / "solutions"


def work_dir() -> Path:
    """The learner's own folder: their notebooks and their progress. `COURSE_WORK` in the environment moves it."""
    return Path(os.environ.get("COURSE_WORK") or ROOT / "work")


def data_dir() -> Path:
    """Where downloaded data sets lie. `COURSE_DATA` in the environment moves it."""
    return Path(os.environ.get("COURSE_DATA") or ROOT / "data")
