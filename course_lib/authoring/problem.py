"""What is wrong with a lesson, said so that its author can go there and mend it."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `str()` gives `file:line: message [rule]`, which editors make clickable."""

    file: Path
    line: int | None
    rule: str
    message: str
    cell: str | None = None    # the id of the notebook cell, where there is one

    def __str__(self) -> str:
        place = _short(self.file) + (f":{self.line}" if self.line else "")
        cell = f" (cell {self.cell})" if self.cell else ""
        return f"{place}: {self.message}{cell} [{self.rule}]"


class LessonError(ValueError):
    """A lesson that cannot be read at all. `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _short(path: Path) -> str:
    """The path as one would type it from here; an absolute one where that is shorter to read."""
    relative = os.path.relpath(path) if Path(path).drive == Path.cwd().drive else str(path)
    return str(path) if relative.startswith("..") else relative
