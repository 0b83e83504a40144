"""What an answer can see and change outside of its own process, behind each kind of walls."""

import os
import tempfile
from pathlib import Path

import pytest
import torch

from course_lib.exercises.exercise import Case
from course_lib.grading.workers.landlock import readable_parts
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.outcome import Program
from course_lib.grading.workers.view import needed
from course_lib.paths import ROOT

READ = """
def f(x):
    found = {}
    for place in PLACES:
        try:
            found[place] = str(os.listdir(place)) if os.path.isdir(place) else open(place, "rb").read()
        except OSError:
            pass
    return [place for place, what in found.items() if what not in ("", "[]", b"")]
"""
WRITE = """
import shutil, socket
def attempt(action):
    try:
        action()
        return True
    except OSError:
        return False
def f(x):
    made = []
    for place in PLACES:
        for what in (lambda: open(place, "w"), lambda: open(place, "r+"), lambda: os.truncate(place, 0),
                     lambda: os.unlink(place), lambda: os.rename(place, "here"), lambda: os.chmod(place, 0),
                     lambda: os.utime(place), lambda: os.link(place, "link") or os.truncate("link", 0),
                     lambda: os.mkdir(place + "d"), lambda: os.setxattr(place, "user.x", b"x"),
                     lambda: os.chown(place, 1, 1)):
            made += [place] * attempt(what)
    with open("scratch", "w") as file:
        file.write("fine")
    os.makedirs("folder", exist_ok=True)
    os.rename("scratch", "folder/scratch")
    return made, open("folder/scratch").read()
"""


def output(outcome):
    assert outcome.kind and not outcome.seen["one"].failure, outcome
    return outcome.seen["one"].output


@pytest.fixture
def kept(tmp_path):
    """What a grader has beside: submissions, results, and a seed, which only their rights protect."""
    for name in ("submissions/a.ipynb", "out/records/a.json", "out/seed.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("private")
    return [tmp_path / name for name in ("submissions/a.ipynb", "out/records/a.json", "out/seed.txt")]


def test_what_the_instructor_knows_is_not_there(walled, run, kept, handed_in):
    places = [
        *(ROOT / name for name in ("solutions", "tests", ".git", "work", "pyproject.toml", "")),
        ROOT / "course_lib/exercises/bank/ch01/squeeze.py",
        ROOT / "course_lib/exercises/bank",
        ROOT / "course_lib/exercises/judging.py",
        ROOT / "course_lib/grading",
        ROOT / "course_lib/grading/workers/run.py",
        *Path.home().glob(".*"),
        Path.home(),
        Path(__file__),
        "/etc/shadow",
        "/etc/hostname",
        walled._base / "server.log",
        walled._base,
        tempfile.gettempdir(),
        "/var/log",
        f"/proc/{os.getpid()}/environ",
        f"/proc/{os.getpid()}/mem",
        *kept,
        *handed_in.iterdir(),
    ]
    # A view of its own has folders on the way to what it shows, with nothing else in them.
    on_the_way = {str(place) for each in needed() for place in Path(each).parents} if walled._private else set()
    scratch = {"/tmp"} if walled._private else set()
    seen = set(run(walled, READ.replace("PLACES", repr(list(map(str, places))))).seen["one"].output)
    assert seen <= on_the_way | scratch
    root = run(walled, f"def f(x):\n try: return os.listdir({str(ROOT)!r})\n except OSError: return []")
    assert set(root.seen["one"].output) <= {"course_lib", "chapters", "data", ".venv"}


def test_what_lessons_use_is_there(walled, run):
    bank = (
        "def f(x):\n del sys.modules['course_lib.exercises.bank']\n"
        " from course_lib.exercises.bank import all_exercises\n return str(all_exercises)"
    )
    assert run(walled, bank).seen["one"].failure.type in ("ImportError", "PermissionError")
    setup = """
import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
"""
    answer = """
import decimal, os, subprocess, sys, tempfile, wave
import course_lib.attention as lib, course_lib.exercises.given
def f(x):
    LogisticRegression().fit(x.new_tensor([[0], [1]]).numpy(), [0, 1])
    plt.plot([1, 2])
    plt.savefig("figure.png")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    said = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True).stdout
    return len(lib.__all__), os.path.getsize("figure.png"), said
"""
    outcome = walled.run(Program(setup, (), answer, "f"), {"one": Case({"x": torch.ones(2)})}, limits=Limits())
    parts, size, said = output(outcome)
    assert parts > 10 and size > 1000 and said == "1\n"


def test_nothing_can_be_changed_but_scratch(walled, run, kept, handed_in):
    before = [path.stat() for path in kept]
    places = [
        *(ROOT / "x", ROOT / "course_lib/x", "/x", "/usr/x", "/dev/x", "/dev/shm/../x", "/var/tmp/x"),
        Path(os.__file__).parent / "x",
        Path.home() / ".x",
        ROOT / "README.md",
        ROOT / "course_lib/paths.py",
        walled._base / "server.log",
        walled._base / "x",
        *kept,
        *handed_in.iterdir(),
    ]
    made, fine = output(run(walled, WRITE.replace("PLACES", repr(list(map(str, places))))))
    assert made == [] and fine == "fine" and not (ROOT / "x").exists()
    after = [path.stat() for path in kept]
    assert [path.read_text() for path in kept] == ["private"] * len(kept)
    assert [(each.st_mode, each.st_mtime_ns) for each in before] == [(each.st_mode, each.st_mtime_ns) for each in after]


def test_what_one_answer_writes_no_other_finds(walled, run):
    run(walled, "open('left', 'w').write('x')\ntry: open('/tmp/left', 'w')\nexcept OSError: pass\nf = len")
    look = "def f(x): return os.listdir('.'), os.path.exists('/tmp/left'), os.path.exists('/dev/shm/left')"
    assert run(walled, look).seen["one"].output == ([], False, False)


def test_what_is_hidden_is_left_out_of_what_is_allowed(tmp_path):
    for name in ("a/open.py", "a/b/secret.py", "a/b/open.py", "c/secret.py", "out/a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a/link.py").symlink_to(tmp_path / "a/b/secret.py")
    hidden = [tmp_path / "a/b/secret.py", tmp_path / "c", tmp_path / "none"]
    parts = readable_parts([str(tmp_path / "a"), str(tmp_path / "c")], list(map(str, hidden)))
    assert set(parts) == {str(tmp_path / "a/open.py"), str(tmp_path / "a/b/open.py")}
    assert readable_parts([str(tmp_path / "a")], [str(tmp_path)]) == [str(tmp_path / "a")]


def test_of_the_folders_on_the_path_only_pythons_own_are_shown(monkeypatch, tmp_path):
    """A test run puts its folders there, a script its own: submissions may lie beside it."""
    import sys

    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "tests"), str(ROOT / "tests" / "data"), str(tmp_path)])
    assert not [path for path in needed() if path.startswith((str(ROOT / "tests"), str(tmp_path)))]
    assert any(path.endswith("site-packages") for path in needed())
