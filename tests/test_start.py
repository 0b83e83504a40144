"""start.py itself: what it says to a Python that is too old. The rest is tested in tests/setup/."""

import ast
import subprocess
import sys

import pytest

from course_lib.paths import ROOT

START = ROOT / "start.py"


def test_every_python_3_can_parse_it():
    ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 4))
    assert START.read_text(encoding="utf-8").isascii()      # and Python 2, which takes other files for ASCII


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 18)])
def test_an_old_python_gets_one_sentence(version):
    pretend = f"import sys; sys.version_info = {version}; exec(open({str(START)!r}).read())"
    answer = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "needs Python 3.10 or newer" in answer.stderr and "python3.12 start.py" in answer.stderr


def test_pyproject_asks_for_the_same_python():
    assert 'requires-python = ">=3.10"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "OLDEST = (3, 10)" in START.read_text(encoding="utf-8")
