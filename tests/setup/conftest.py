"""A checkout in miniature: the real start.py and course_lib/setup, a pip and a `course` that take notes."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_lib.paths import ROOT

FAKE_PIP = '''\
import json, os, sys
from pathlib import Path
with open(os.environ["NOTES"], "a") as notes:
    note = {"program": "pip", "python": sys.prefix, "arguments": sys.argv[1:], "tmp": os.environ["TMPDIR"]}
    notes.write(json.dumps(note) + "\\n")
print("  Downloading torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl (539.1 MB)")
print("Installing collected packages: torch")
print(os.environ.get("PIP_PRINTS", "Successfully installed torch"))
sys.exit("PIP_PRINTS" in os.environ)
'''
# `python -m venv` without pip, which takes seconds to unpack and which these tests do not want.
FAKE_VENV = '''\
import os, sys
sys.path[:] = [path for path in sys.path if "fakes" not in path]
sys.modules.pop("venv")
import venv
if "VENV_PRINTS" in os.environ:
    sys.exit(os.environ["VENV_PRINTS"])
venv.create(sys.argv[1], symlinks=os.name != "nt")
'''
FAKE_COURSE = '''\
import json, os, sys
with open(os.environ["NOTES"], "a") as notes:
    notes.write(json.dumps({"program": "course", "python": sys.prefix, "arguments": sys.argv[1:]}) + "\\n")
sys.exit(int(os.environ.get("DOCTOR", 0)) if sys.argv[1:] == ["doctor"] else 0)
'''


@dataclass
class Checkout:
    """A folder with start.py in it, and what the programs it called have noted."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def start(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run `python start.py ARGUMENTS`; the notes begin afresh."""
        self._notes.unlink(missing_ok=True)
        path = os.pathsep.join(filter(None, [str(self.root / "fakes"), os.environ.get("PYTHONPATH")]))
        name = "python.exe" if os.name == "nt" else f"bin/python3.{sys.version_info.minor}"
        return subprocess.run(
            [str(Path(sys.base_prefix) / name), "start.py", *arguments],
            cwd=self.root, text=True, capture_output=True, timeout=120,
            env=os.environ | {"PYTHONPATH": path, "NOTES": str(self._notes)} | environment)

    def notes(self, program: str) -> list[dict]:
        """What `program` ("pip" or "course") was called with since the last start, in order."""
        if not self._notes.exists():
            return []
        noted = [json.loads(line) for line in self._notes.read_text().splitlines()]
        return [note for note in noted if note["program"] == program]

    def called(self, program: str) -> list[list[str]]:
        return [note["arguments"] for note in self.notes(program)]

    @property
    def _notes(self) -> Path:
        return self.root / "notes.jsonl"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Checkout:
    """A checkout that has been started once. Tests that use it leave it as they found it."""
    checkout = make(tmp_path_factory.mktemp("checkout"))
    first = checkout.start("progress")
    assert first.returncode == 0, first.stderr
    return checkout


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    """A checkout that nobody has started."""
    return make(tmp_path / "checkout")


def make(root: Path) -> Checkout:
    root.mkdir(exist_ok=True)
    for name in ("start.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    (root / "course_lib").mkdir()
    for name in ("__init__.py", "paths.py"):
        shutil.copy(ROOT / "course_lib" / name, root / "course_lib")
    shutil.copytree(ROOT / "course_lib" / "setup", root / "course_lib" / "setup",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (root / "course_lib" / "cli.py").write_text(FAKE_COURSE)
    for name, code in (("pip", FAKE_PIP), ("venv", FAKE_VENV)):
        (root / "fakes" / name).mkdir(parents=True)
        (root / "fakes" / name / "__init__.py").touch()
        (root / "fakes" / name / "__main__.py").write_text(code)
    return Checkout(root)
