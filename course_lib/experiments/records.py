"""Records of full runs: written once, shown in the lesson, held against the code by a test."""

import json
import os
from pathlib import Path
from typing import Any

from course_lib.experiments.code_hash import code_hash
from course_lib.experiments.experiment import config_as_dict
from course_lib.experiments.registry import find, module_name, record_name
from course_lib.experiments.running import Measured, run
from course_lib.paths import RESULTS, work_dir


def record(name: str, size: str = "full", *, progress: bool = True) -> Path:
    """Run an experiment and write its record; returns the file's path.

    A full run goes to `chapters/results/NN_name.json`. Another size goes to the learner's own folder, so
    that it never takes a full record's place.

    Each condition and seed is kept as soon as it is measured. A run that was interrupted goes on from there
    when it is started again with the same code and configuration.
    """
    folder = RESULTS if size == "full" else work_dir() / "experiments"
    suffix = "" if size == "full" else f".{size}"
    unfinished = _Unfinished(name, size)
    result = run(name, size, progress=progress, memory=unfinished)
    path = folder / f"{record_name(name)}{suffix}.json"
    _write(path, result)
    unfinished.forget()
    return path


def load_record(name: str) -> dict[str, Any]:
    """The record of an experiment's full run.

    Raises LookupError for an unknown name, and FileNotFoundError with the command to type if there is no
    record.
    """
    path = RESULTS / f"{record_name(name)}.json"
    if not path.is_file():
        raise FileNotFoundError(f"There is no record of {name!r} yet. `course experiment {name}` makes it.")
    return json.loads(path.read_text(encoding="utf-8"))


def is_stale(record: dict[str, Any]) -> bool:
    """Whether the code that made the record has changed since."""
    return record["code"] != code_hash(module_name(record["name"]))


class _Unfinished:
    """What an unfinished run has measured so far: a file that counts for one code and configuration only."""

    def __init__(self, name: str, size: str) -> None:
        self.path = work_dir() / "experiments" / f"{record_name(name)}.{size}.unfinished.json"
        config = config_as_dict(find(name).config(size))
        self.made_by = {"code": code_hash(module_name(name)), "config": config}
        self.measured: dict[str, Measured] = {}
        if self.path.is_file():
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["made_by"] == self.made_by:
                self.measured = kept["measured"]

    def recall(self, condition: str, seed: int) -> Measured | None:
        return self.measured.get(f"{condition}, seed {seed}")

    def keep(self, condition: str, seed: int, measured: Measured) -> None:
        self.measured[f"{condition}, seed {seed}"] = measured
        _write(self.path, {"made_by": self.made_by, "measured": self.measured})

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    os.replace(part, path)
