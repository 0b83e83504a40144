"""A notebook as it was handed in: whatever bytes it is made of, cells come out, or a sentence for its owner."""

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_MOST_CELLS = 2_000
_MOST_CODE = 50_000  # characters in a cell; more is not something that a person has written
_MOST_CODE_IN_ALL = 250_000  # the longest lesson has 57,000
_MOST_OLD_PARTS = 200_000  # of a notebook of version 3 or 2, which is taken apart once more
_MOST_PARTS = 4_000_000  # lists, dicts and their items, of which each takes far more memory than disk


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        id: the cell's id, empty where it has none (before nbformat 4.5).
        exercise: the exercise that its metadata names, empty for none.
        source: its code.
        position: which cell of the notebook it is, counted from 1, text cells too.
    """

    id: str
    exercise: str
    source: str
    position: int


@dataclass(frozen=True)
class Sheet:
    """The code cells of a notebook, and in words what was wrong with it."""

    name: str
    cells: tuple[Cell, ...]
    problems: tuple[str, ...] = ()


def read_sheet(name: str, data: bytes) -> Sheet:
    """Read a notebook of any version from 2 on. Its outputs are not looked at. Does not raise.

    Args:
        name: what it is called, for the problems.
        data: the file's content.
    """
    text, problems = _text(data)
    parts = sum(map(text.count, "[{,"))
    if parts > _MOST_PARTS:
        return Sheet(name, (), (*problems, f"{name} holds more than {_MOST_PARTS:,} pieces of data. Clear its outputs, save it,"
                                " and hand it in again."))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        return Sheet(name, (), (*problems, f"{name} is not a whole notebook file{where}: it may have been cut off on its"
                                " way, or edited as text. Open it in JupyterLab, save it, and hand it in again."))
    content = _upgraded(content, parts)
    if content is None:
        return Sheet(name, (), (*problems, f"{name} is a JSON file, but not a notebook."))
    cells: list[Cell] = []
    odd: list[int] = []
    room = _MOST_CODE_IN_ALL
    for position, cell in enumerate(content["cells"], start=1):
        if len(cells) == _MOST_CELLS or room < 0:
            problems.append(f"{name} has more than {_MOST_CELLS:,} code cells, or {_MOST_CODE_IN_ALL:,} characters of code;"
                            " those after were not read.")
            break
        if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
            continue
        source = _joined(cell.get("source"))
        if source is None or len(source) > _MOST_CODE:
            odd.append(position)
            continue
        room -= len(source)
        metadata = cell.get("metadata")
        exercise = metadata.get("exercise") if isinstance(metadata, Mapping) else None
        cells.append(Cell(_string(cell.get("id")), _string(exercise), source, position))
    if odd:
        which = ", ".join(map(str, odd[:3])) + (f" and {len(odd) - 3:,} more" if len(odd) > 3 else "")
        problems.append(f"{name}: cell {which} holds no code that a person could have written, and was not read.")
    return Sheet(name, tuple(cells), tuple(problems))


def _text(data: bytes) -> tuple[str, list[str]]:
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return data.decode(encoding, errors="replace"), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), [
            "The file is not written in UTF-8, as notebooks are; letters beyond a to z may have suffered."]


def _upgraded(content: Any, parts: int) -> Mapping[str, Any] | None:
    """The notebook as version 4 has it; None for what is none."""
    if not isinstance(content, Mapping):
        return None
    if isinstance(content.get("cells"), list):
        return content
    if parts > _MOST_OLD_PARTS:
        return None
    try:
        upgraded = nbformat.convert(nbformat.from_dict(content), 4)
    except Exception:  # nbformat's upgraders meet what is no notebook with errors of every kind
        return None
    return upgraded if isinstance(upgraded.get("cells"), list) else None


def _joined(source: Any) -> str | None:
    """A cell's source is a string or a list of lines."""
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def code_cells(sheets: tuple[Sheet, ...]) -> Iterator[Cell]:
    """The code cells of all sheets, in order."""
    for sheet in sheets:
        yield from sheet.cells
