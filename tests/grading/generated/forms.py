"""How notebooks are handed in, and in which state they arrive: bytes by their path in a folder."""

import codecs
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

Notebooks = Mapping[str, bytes]  # by file name
Form = Callable[[str, Notebooks], dict[str, bytes]]


def _notebook(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    """`ada.ipynb`. There is room for one."""
    return {f"{student}.ipynb": next(iter(notebooks.values()))}


def _folder(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    return {f"{student}/{name}": data for name, data in notebooks.items()}


def _deep_folder(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    """With what lies about in such folders."""
    return {f"{student}/my course/{name}": data for name, data in notebooks.items()} | {
        f"{student}/my course/.ipynb_checkpoints/old-checkpoint.ipynb": b"{", f"{student}/notes.txt": b"done"}


def _archive(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    return {f"{student}.zip": zipped(notebooks)}


def _archive_of_a_folder(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    inside = {f"week 1/{name}": data for name, data in notebooks.items()} | {"__MACOSX/._week 1": b"\0"}
    return {f"{student}/homework.zip": zipped(inside)}


def _canvas(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    return {f"{student}_4711_{i}_{name}": data for i, (name, data) in enumerate(notebooks.items())}


def _moodle(student: str, notebooks: Notebooks) -> dict[str, bytes]:
    return {f"{student}_815_assignsubmission_file_/{name}": data for name, data in notebooks.items()}


FORMS: dict[str, Form] = {
    "a notebook": _notebook,
    "a folder": _folder,
    "a folder in a folder": _deep_folder,
    "an archive": _archive,
    "an archive of a folder": _archive_of_a_folder,
    "Canvas": _canvas,
    "Moodle": _moodle,
}
ROOM_FOR_ONE = {"a notebook"}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of files by their names; the same ones make the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def as_today(notebook: dict[str, Any]) -> bytes:
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def as_nbformat_3(notebook: dict[str, Any]) -> bytes:
    """As IPython wrote them until 2015: worksheets, `input`, no ids."""
    cells = []
    for cell in notebook["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        if cell["cell_type"] == "code":
            cells.append(old | {"input": cell["source"], "language": "python", "outputs": []})
        else:
            cells.append(old | {"source": cell["source"]})
    sheet = {"cells": cells, "metadata": {}}
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}).encode()


def as_utf_16(notebook: dict[str, Any]) -> bytes:
    return json.dumps(notebook, ensure_ascii=False).encode("utf-16")


def with_a_mark(notebook: dict[str, Any]) -> bytes:
    """As Windows' editor saves it: a byte-order mark, and its own ends of lines."""
    return codecs.BOM_UTF8 + as_today(notebook).replace(b"\n", b"\r\n")


STATES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "as today": as_today, "nbformat 3": as_nbformat_3, "UTF-16": as_utf_16, "with a mark": with_a_mark,
}

# Nothing can be read from these: the bytes, and a part of what the learner must be told.
RUINS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[: len(data) // 2], "is not a whole notebook file"),
    "empty": (lambda data: b"", "is not a whole notebook file"),
    "something else": (lambda data: b'{"name": "ada", "points": 100}', "but not a notebook"),
}
