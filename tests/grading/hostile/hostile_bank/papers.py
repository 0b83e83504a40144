"""Notebooks, archives and names that are not what they seem. What is not hostile in them is graded as ever."""

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_bank.attack import ATTACKED, MARK, OTHER, RIGHT, WRONG, Attack, attack
from hostile_bank.laying import archive, cell, cells_of, notebook
from hostile_bank.telling import SCRIPT

_HONEST = (cell(RIGHT[ATTACKED], ATTACKED), cell(RIGHT[OTHER], OTHER))


def _file(ending: str, content: Callable[[Attack], bytes]) -> Callable[[Path, Attack], None]:
    return lambda place, attack: (place / f"{attack.called}{ending}").write_bytes(content(attack)) and None


def _bytes(name: str, tries: str, content: bytes | Callable[[Attack], bytes], status: str = "missing", **more) -> Attack:
    made = content if callable(content) else lambda _: content
    return attack(name, tries, status, hand_in=_file(".ipynb", made), **{"other": status, **more})


def _zip(name: str, tries: str, *members: tuple[Any, bytes], status: str = "failed", **more) -> Attack:
    return attack(name, tries, status, hand_in=_file(".zip", lambda a: archive(*members, ("01.ipynb", notebook(*cells_of(a))))),
                  **more)


def _edited(name: str, tries: str, *cells: dict[str, Any], status: str = "failed", **more) -> Attack:
    """Cells as they are, with an honest answer to the other exercise."""
    return attack(name, tries, status, hand_in=_file(".ipynb", lambda _: notebook(*cells, _HONEST[1])), **more)


def _member(name: str, kind: int, target: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.filename, info.external_attr = name, (kind | 0o777) << 16
    return info, target


def _wrong(**metadata: Any) -> dict[str, Any]:
    return cell(WRONG, ATTACKED, metadata={"exercise": ATTACKED, **metadata})


def _links_to_a_neighbour(place: Path, attack: Attack) -> None:
    folder = place / attack.called
    folder.mkdir()
    (folder / "01.ipynb").symlink_to(place / "honest.ipynb")
    (folder / "up").symlink_to(place, target_is_directory=True)


def _in_bytes(place: Path, attack: Attack) -> None:
    path = os.fsencode(place) + b"/\xff\xfe-" + os.fsencode(attack.name) + b".ipynb"
    Path(os.fsdecode(path)).write_bytes(notebook(*cells_of(attack)))


_PICTURE = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBOR" * 10_000_000}}
_INNER = archive(("01.ipynb", notebook(*_HONEST)))
ATTACKS = (
    _bytes("fifty megabytes", "A notebook with a picture of 50 MB.",
           lambda a: notebook(*cells_of(a), cell("", outputs=[_PICTURE])), "failed", other="passed"),
    _bytes("a million lists", "Twelve megabytes that unfold to a gigabyte.", b'{"cells": [' + b"[]," * 4_000_000 + b"0]}"),
    _bytes("brackets", "JSON that is nested a million deep.", b"[" * 1_000_000),
    _bytes("brackets, closed", "The same, and valid.", b"[" * 200_000 + b"]" * 200_000),
    _bytes("digits", "A number of a million digits.", b'{"cells": [], "nbformat": ' + b"9" * 1_000_000 + b"}"),
    _bytes("a notebook that is none", "JSON of the right kind with the wrong things in it.", json.dumps(
        {"cells": [None, 1, [], {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "code", "source": [1]},
                   {"cell_type": ["code"], "metadata": [], "id": {}}], "nbformat": []}).encode()),
    _bytes("from the future", "A notebook of version a thousand million.", b'{"nbformat": 1000000000, "worksheets": [[]]}'),
    _bytes("bytes", "What is no text at all.", bytes(range(256)) * 1000),
    _edited("told to skip", "A tag that says that the cell is not to be run.", _wrong(tags=["skip-execution", "remove-cell"])),
    _edited("points in the metadata", "Labels of other graders that give points.",
            _wrong(nbgrader={"grade": True, "points": 100, "score": 100, "solution": False, "grade_id": ATTACKED, "locked": False},
                   otter={"tests": []}, points=100, passed=True)),
    _edited("labels exchanged", "The right answer to one exercise as the answer to another.", status="missing passed", *(
        cell(RIGHT[OTHER], OTHER, metadata={"exercise": ATTACKED}), cell("", "", metadata={"exercise": OTHER}))),
    _edited("two answers under one id", "A right one that was replaced by a wrong one.",
            cell(RIGHT[ATTACKED], ATTACKED), _wrong()),
    _edited("an id that leads out", "A cell id and a label that are paths and code.",
            cell("x = 1", id="../../../etc/passwd", metadata={"exercise": "../../" + SCRIPT}),
            cell(WRONG, ATTACKED, id=SCRIPT)),
    _edited("lesson's id on its own code", "A cell that calls itself the lesson's set-up.",
            cell("import torch\ntorch.softmax_ = 1\nraise SystemExit", id="c-setup", metadata={"tags": ["setup"]}), _wrong()),
    _edited("syntax as deep as a well", "Code on which whoever walks through it runs out of stack.",
            cell("x = " + "-" * 2000 + "1"), cell("def softmax(s):\n    return s" + "[0]" * 900, ATTACKED), status="broken"),
    _edited("a thousand question marks", "What IPython reads again for each.", cell("a?\n" * 1600), _wrong()),
    _edited("half letters", "Code and names with halves of characters.", cell("print('\udc80')\nx\ud800 = 1"), _wrong(),
            cell("def softmax(s): return '\ud800'", ATTACKED), status="failed broken"),
    _zip("names that lead out", "Members above the archive, and on other disks.",
         *((name, notebook(*_HONEST)) for name in ("../honest.ipynb", "/tmp/x.ipynb", "..\\honest.ipynb", "C:/x.ipynb",
                                                   "a/../../honest.ipynb"))),
    _zip("links in an archive", "A member that is a link, and one that is a device.",
         _member("00.ipynb", stat.S_IFLNK, b"../honest.ipynb"), _member("02.ipynb", stat.S_IFCHR, b"")),
    _zip("a bomb", "Kilobytes that become gigabytes.", ("00.ipynb", bytes(60 * 2**20))),
    _zip("a zip in a zip in a zip", "Archives in archives, without end.",
         ("more.zip", archive(("more.zip", archive(("more.zip", _INNER)))))),
    _zip("two members of one name", "One is looked at, the other is run.", ("02.ipynb", b"{}"), ("02.ipynb", notebook(*_HONEST))),
    _zip("a shipped torch", "Modules beside the notebook.", ("torch.py", b"raise SystemExit"), ("sitecustomize.py", b"raise SystemExit"),
         ("course_lib/__init__.py", b"raise SystemExit"), ("conftest.py", b"raise SystemExit")),
    _zip("named like a neighbour inside", "A path inside of an archive that is another student's.",
         ("honest_1_2_01.ipynb", notebook(_wrong())), ("honest_7_assignsubmission_file_/01.ipynb", notebook(_wrong())),
         ("honest.ipynb", notebook(_wrong())), ("submission_metadata.yml", b"submission_1: {}"), status="failed"),
    attack("links", "A neighbour's notebook by a link.", "missing", hand_in=_links_to_a_neighbour, other="missing"),
    attack("no archive", "Not a zip.", "missing", hand_in=_file(".zip", lambda _: b"PK\x03\x04" + bytes(1000)), other="missing"),
    attack("bytes in a name", "A file name that is no text.", "failed", student="\\udcff\\udcfe-bytes in a name", hand_in=_in_bytes),
    *(attack(f"name {n}", "A student's name that is a formula, a path, code, or somebody else's.", "failed", student=name,
             hand_in=lambda place, a: ((place / a.called).mkdir(parents=True),
                                       (place / a.called / f"{MARK}.ipynb").write_bytes(notebook(*cells_of(a)))) and None)
      for n, name in enumerate((
          "=HYPERLINK(\"http:\\\\x\",\"y\")", "+1;=2+3|' C'!A0", "@SUM(A1)", "-rf", "HONEST", "Honest", "hone\u0301st", "hon\u00e9st",
          "a\\..\\..\\etc\\passwd", "seed.txt", "CON", "<script>alert(1)<", "\x1b[31mred\nline", "\u202egnisrever", "a" * 200,
          "' OR 1=1 --", "{{7*7}}${7*7}%s%n", "records"))),
)
