import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.experiments.code_hash import code_hash, modules_behind, significant_lines
from course_lib.paths import ROOT

SOURCE = '''"""The module's words,
in two lines."""

# A comment
import math  # and one at a line's end


class Thing:
    """Words."""

    text = """not a docstring
    # nor a comment
"""

    def area(self, r: float) -> float:
        r"""More words: \\d."""
        return math.pi * r ** 2  # é: columns in bytes and in characters differ


def short(): "words"; return f"{'#'}"


async def later():
    """Words."""
'''
MEANT = ["import math", "class Thing:", '    text = """not a docstring', "    # nor a comment", '"""',
         "    def area(self, r: float) -> float:", "        return math.pi * r ** 2",
         '''def short(): "words"; return f"{'#'}"''', "async def later():"]

FILES = {
    "course_lib/__init__.py": "",
    "course_lib/experiments/__init__.py": "from course_lib.experiments.running import run\n",
    "course_lib/experiments/running.py": "def run():\n    return 1\n",
    "course_lib/experiments/ch01_toy.py": """
from course_lib.experiments.running import run
from course_lib.attention import attend
from course_lib import data
import numpy as np
""",
    "course_lib/attention/__init__.py": """
from course_lib.attention.attend import attend
from .gates import gate
""",
    "course_lib/attention/attend.py": "from ._checks import check\n\ndef attend():\n    return check()\n",
    "course_lib/attention/_checks.py": "def check():\n    return 1\n",
    "course_lib/attention/gates.py": "def gate():\n    return 0\n",
    "course_lib/data/__init__.py": "from .digits import digits as numbers\nfrom . import photos\n",
    "course_lib/data/digits.py": "def digits():\n    from course_lib import paths\n",
    "course_lib/data/photos.py": "import course_lib.attention._checks\n",
    "course_lib/paths.py": "ROOT = 1\n",
}
TOY = "course_lib.experiments.ch01_toy"


@pytest.fixture
def package(tmp_path):
    for name, source in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path


def test_what_means_something():
    assert significant_lines(SOURCE) == MEANT


@pytest.mark.parametrize("change", [
    lambda s: s.replace("\n", "\r\n"),
    lambda s: s.replace("\n", "\r"),
    lambda s: "\ufeff" + s,
    lambda s: s.replace("\n\n", "\n\n\n"),
    lambda s: s.replace("# A comment", "# Another\n# in two lines"),
    lambda s: s.replace("Words.", "Other words.\n\n    And more."),
    lambda s: s.replace("import math  # and one at a line's end", "import math   "),
    lambda s: s.rstrip("\n"),
])
def test_what_does_not_change_the_hash(change):
    assert significant_lines(change(SOURCE)) == MEANT


@pytest.mark.parametrize("old, new", [
    ("r ** 2", "r ** 3"), ("# nor a comment", "# nor one"), ("not a docstring", "no docstring"),
    ("'#'", "'##'"), ("    def area", "def area"), ("import math", "import cmath")])
def test_what_changes_the_hash(old, new):
    assert significant_lines(SOURCE.replace(old, new)) != MEANT


@pytest.mark.parametrize("source", ['def f(): "ééééé"', 'def f():\n    "ééééé"; g()', '"ééééé"; g()'])
def test_a_docstring_beside_code_is_left_with_it(source):
    assert significant_lines(source) == source.split("\n")


def test_modules_behind(package):
    assert modules_behind(TOY, package) == {
        TOY,
        "course_lib.attention.attend", "course_lib.attention._checks",        # not the package, nor its gates
        "course_lib.data", "course_lib.data.digits", "course_lib.data.photos",        # imported as a whole
        "course_lib.paths",                                                 # from inside a function
    }


def test_a_helper_beside_the_experiments_counts_and_what_runs_them_does_not(package):
    (package / "course_lib/experiments/sums.py").write_text("TOTAL = 1\n")
    with (package / "course_lib/experiments/ch01_toy.py").open("a") as file:
        file.write("from course_lib.experiments.sums import TOTAL\n")
    behind = modules_behind(TOY, package)
    assert "course_lib.experiments.sums" in behind
    assert "course_lib.experiments.running" not in behind


def test_a_name_under_another_name_leads_to_its_module(package):
    (package / "course_lib/experiments/ch01_toy.py").write_text("from course_lib.data import numbers\n")
    assert modules_behind(TOY, package) == {TOY, "course_lib.data.digits", "course_lib.paths"}


def test_a_name_handed_on_twice_leads_to_its_module(package):
    (package / "course_lib/data/__init__.py").write_text("from course_lib.attention import attend\n")
    (package / "course_lib/experiments/ch01_toy.py").write_text("from course_lib.data import attend\n")
    behind = {"course_lib.attention.attend", "course_lib.attention._checks"}
    assert modules_behind(TOY, package) == {TOY, *behind}


def test_what_a_package_defines_itself_takes_all_of_it(package):
    with (package / "course_lib/attention/__init__.py").open("a") as file:
        file.write("LIMIT = 3\n")
    (package / "course_lib/experiments/ch01_toy.py").write_text("from course_lib.attention import LIMIT\n")
    assert "course_lib.attention.gates" in modules_behind(TOY, package)


def test_one_chapters_experiment_may_use_anothers(package):
    source = "from course_lib.experiments import ch01_toy\n"
    (package / "course_lib/experiments/ch02_toy.py").write_text(source)
    assert TOY in modules_behind("course_lib.experiments.ch02_toy", package)


@pytest.mark.parametrize("file", ["experiments/ch01_toy.py", "attention/_checks.py", "data/photos.py",
                                  "paths.py"])
def test_a_change_behind_the_experiment_shows(package, file):
    before = code_hash(TOY, package)
    with (package / "course_lib" / file).open("a") as changed:
        changed.write("# words\n")
    assert code_hash(TOY, package) == before
    with (package / "course_lib" / file).open("a") as changed:
        changed.write("more = 1\n")
    assert code_hash(TOY, package) != before


@pytest.mark.parametrize("file", ["experiments/running.py", "attention/gates.py", "attention/__init__.py"])
def test_a_change_beside_the_experiment_does_not(package, file):
    before = code_hash(TOY, package)
    with (package / "course_lib" / file).open("a") as changed:
        changed.write("more = 1\n")
    assert code_hash(TOY, package) == before


def test_unknown_module(package):
    with pytest.raises(ValueError, match="course_lib.none is not a module"):
        code_hash("course_lib.none", package)


def _other_pythons():
    """Interpreters from 3.10 on that this machine has besides the one that runs: on the path, or pyenv's."""
    found = [shutil.which(f"python3.{minor}") for minor in range(10, 16)]
    found += sorted(map(str, Path.home().glob(".pyenv/versions/3.1[0-9].*/bin/python")))
    ask = "import sys; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])"
    pythons = {}
    for python in filter(None, found):
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True)
        if answer.returncode == 0:
            pythons.setdefault(answer.stdout.strip(), python)
    pythons.pop("%d.%d" % sys.version_info[:2], None)
    return pythons


def test_every_python_finds_the_same_hash():
    pythons = _other_pythons()
    if not pythons:
        pytest.skip("no other Python from 3.10 on is on this machine")
    module = "course_lib.experiments.ch01_two_neighbours"
    file = ROOT / "course_lib" / "experiments" / "code_hash.py"
    program = f"import runpy; print(runpy.run_path({str(file)!r})['code_hash']({module!r}))"
    here = code_hash(module)
    for version, python in pythons.items():
        told = subprocess.run([python, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
        assert told.stdout.strip() == here, version
