"""Answers as learners write them, read from `answers/chNN.py`: right in many ways, or wrong by a name."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CELL = re.compile(
    r"^# %% (?P<exercise>[^|\n]+) \| (?P<kind>right|wrong) \| (?P<name>.+)\n"
    r"(?P<source>(?:(?!# %%).*\n?)*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Written:
    """An answer's text.

    Attributes:
        exercise: its id.
        right: whether it must pass.
        name: of a wrong one, the finding that must name it; of a right one, how it is written.
        source: the cell's code.
    """

    exercise: str
    right: bool
    name: str
    source: str


@cache
def written(chapter: int) -> tuple[Written, ...]:
    """All of a chapter's answers, in the order of the file."""
    text = (Path(__file__).parent / "answers" / f"ch{chapter:02}.py").read_text(encoding="utf-8")
    found = tuple(Written(cell["exercise"], cell["kind"] == "right", cell["name"], cell["source"].strip())
                  for cell in _CELL.finditer(text))
    if len(found) != text.count("# %% "):
        raise ValueError(f"answers/ch{chapter:02}.py has a heading that is not"
                         " `# %% exercise | right or wrong | name`.")
    return found
