"""Makes what is handed in: notebooks, folders, archives."""

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

from hostile_bank.attack import OTHER, RIGHT, Attack


def cell(source: str, exercise: str = "", **more: Any) -> dict[str, Any]:
    """A code cell as learners get it: an exercise's has its id and its label."""
    metadata = {"exercise": exercise, "tags": ["exercise"]} if exercise else {}
    made = {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}
    return {**made, "id": f"ex-{exercise}" if exercise else f"own-{len(source)}", **more}


def notebook(*cells: dict[str, Any], **more: Any) -> bytes:
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(content).encode()


def cells_of(attack: Attack) -> list[dict[str, Any]]:
    """The attack's cells, and an honest answer to the other exercise."""
    return [*map(cell, attack.helpers), cell(attack.answer, attack.exercise), cell(RIGHT[OTHER], OTHER)]


def lay(place: Path, attack: Attack) -> None:
    """Hand an attack in."""
    if attack.hand_in:
        attack.hand_in(place, attack)
    else:
        (place / f"{attack.called}.ipynb").write_bytes(notebook(*cells_of(attack)))


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # of two members with one name
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()
