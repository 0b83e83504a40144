"""What goes wrong with an exercise's cell, or goes otherwise than meant, and what must come of it.

A slip is a function of the notebook's cells, the place of the exercise's cell, a right answer's text, the
name that is asked for, and the exercise's id. It changes the cells and returns what is expected.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Cell = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """What must come out.

    Attributes:
        status: of the exercise.
        finding: its name; None where there is none.
        said: a part of what the learner is told about how the answer was found; empty if nothing must be.
    """

    status: str
    finding: str | None = None
    said: str = ""


Slip = Callable[[list[Cell], int, str, str, str], Expected]


def code_cell(source: str) -> Cell:
    """A cell that a learner added: without an id, as notebooks before nbformat 4.5 have them."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def _untouched(cells, at, right, name, exercise):
    return Expected("unattempted")


def _not_python(cells, at, right, name, exercise):
    cells[at]["source"] = right.replace("):\n", ")\n", 1)  # the colon after `def` or `class` forgotten
    return Expected("broken", said="is not Python")


def _cell_stops_at_once(cells, at, right, name, exercise):
    cells[at]["source"] = f"print({name}_of_yesterday.shape)\n\n{right}"
    return Expected("broken", "raised NameError", "It stopped in")


def _cell_stops_at_its_end(cells, at, right, name, exercise):
    cells[at]["source"] = f"{right}\n\nprint({name}_of_yesterday.shape)"
    return Expected("passed")


def _deleted(cells, at, right, name, exercise):
    del cells[at]
    return Expected("missing", said=f"No cell defines `{name}`")


def _renamed(cells, at, right, name, exercise):
    cells[at]["source"] = re.sub(rf"\b{name}\b", f"my_{name}", right)
    return Expected("missing", said="renamed")


def _copied(cells, at, right, name, exercise):
    cells[at]["source"] = right
    older = f"def {name}(*anything):\n    return None"
    cells.insert(at, dict(cells[at], source=older))  # with its metadata and its id
    return Expected("passed", said="was written in 2 cells")


def _copied_and_spoilt(cells, at, right, name, exercise):
    cells[at]["source"] = right
    cells.insert(at + 1, dict(cells[at], source=f"def {name}(x:\n    return x"))
    return Expected("passed", said="is not Python")


def _in_a_cell_of_its_own(cells, at, right, name, exercise):
    cells[at] = code_cell(right)
    cells.append(cells.pop(at))
    return Expected("passed", said="by its name")


def _with_a_helper(cells, at, right, name, exercise):
    helper = f"finished_{name.lower()}"
    cells.insert(at, code_cell(f"def {helper}(result):\n    return result"))
    if right.count("return ") == 1:
        right = re.sub(r"^( +return )(.+?)((?:  #.*)?)$", rf"\1{helper}(\2)\3", right, flags=re.MULTILINE)
    cells[at + 1]["source"] = right
    return Expected("passed")


def _beside_a_cell_that_stops(cells, at, right, name, exercise):
    cells[at]["source"] = right
    cells.insert(at, code_cell(f"print({name}_of_yesterday.shape)"))
    return Expected("passed")


def _with_magic(cells, at, right, name, exercise):
    cells[at]["source"] = f"%%time\n{right}"
    cells.insert(at, code_cell("%matplotlib inline\n!pip list\nimport torch"))
    return Expected("passed")


def _ends_the_program(cells, at, right, name, exercise):
    cells[at]["source"] = f"import sys\n\ndef {name}(*args, **options):\n    sys.exit(0)"
    return Expected("failed", "raised SystemExit")


def _ends_the_process(cells, at, right, name, exercise):
    cells[at]["source"] = f"import os\n\ndef {name}(*args, **options):\n    os._exit(0)"
    return Expected("stopped", "died")


SLIPS: dict[str, Slip] = {
    "untouched": _untouched,
    "not Python": _not_python,
    "its own cell stops at once": _cell_stops_at_once,
    "its own cell stops at its end": _cell_stops_at_its_end,
    "deleted": _deleted,
    "renamed": _renamed,
    "twice there": _copied,
    "a second time, spoilt": _copied_and_spoilt,
    "in a cell of its own": _in_a_cell_of_its_own,
    "with a helper": _with_a_helper,
    "a cell before it stops": _beside_a_cell_that_stops,
    "with magic": _with_magic,
}
OF_FUNCTIONS: dict[str, Slip] = {"ends the program": _ends_the_program, "ends the process": _ends_the_process}
