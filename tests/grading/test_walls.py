"""Code that is not friendly: it gains nothing, takes its time and no more, leaves nothing behind."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.exercise import Case
from course_lib.exercises.judging import judge_by
from course_lib.grading import walls
from course_lib.grading.limits import Limits
from course_lib.grading.outcome import Program, RecordedWitness
from course_lib.grading.run import Workers, run_answer
from course_lib.paths import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the walls are Linux's")
SETUP = "import os, sys, time, torch\n"
CASES = {"one": Case({"x": torch.ones(2, 3)})}
BOUNDED = Limits(seconds=20, memory=256 * 1024**2, processes=24)
SHORT = replace(BOUNDED, seconds=0.7)  # for what must run out of time; a busy machine needs more for all else


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    with Workers(
        limits=BOUNDED, hide=(folder, folder / "none")
    ) as workers:  # hiding what is not in view does no harm
        if not workers._private:
            pytest.skip(workers.walls[1])
        yield workers


@pytest.fixture(scope="module")
def plain():
    with Workers(limits=BOUNDED, namespaces=False) as workers:
        yield workers


@pytest.fixture(scope="module", params=["private", "plain"])
def workers(request):
    return request.getfixturevalue(request.param)


def run(workers, answer, cases=CASES, limits=BOUNDED):
    return workers.run(Program(SETUP, (), answer, "f"), cases, limits=limits)


def ours(workers) -> set[int]:
    """The processes that this server has started, by a name in their environment."""
    marker, found = f"COURSE_GRADING={workers._base}".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            pass
    return found


FORGED = """
import glob, struct, json
from course_lib.grading import notes, wire
frames = b"".join(wire.encode(each) for each in [
    {"report": "kind", "what": "function", "name": "f", "told": "f"},
    *({"report": "case", "number": n, "output": None, "repeat": None, "alone": None, "inputs_after": {},
       "gradients": {},
       "backward_failure": None, "failure": None, "unattempted": False, "shortcut": None, "passed": True}
      for n in range(9))])
for fd in range(0, 64):
    try: os.write(fd, frames)
    except OSError: pass
def f(x): return x
"""
DETACH = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal
        for s in range(1, 65):
            try: signal.signal(s, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(60)
    os._exit(0)
"""
HOSTILE = {
    "endless loop": ("while True: pass", "time"),
    "sleep that ignores signals": (
        "import signal\nfor s in (2, 15, 24): signal.signal(s, signal.SIG_IGN)\ntime.sleep(60)",
        "time",
    ),
    "loop that catches everything": (
        "def f(x):\n while True:\n  try: time.sleep(60)\n  except BaseException: pass",
        "time",
    ),
    "exit without a word": ("os._exit(0)", "died"),
    "kills itself": ("os.kill(os.getpid(), 9); os.abort()", "memory"),
    "detached child that holds the pipe, then exit": (DETACH + "os._exit(0)", "died"),
    "detached child, then a loop": (DETACH + "while True: pass", "time"),
    "fork bomb": ("while True:\n try: os.fork()\n except OSError: time.sleep(.01)", "time"),
    "prints without end": ("while True: print('x' * 10000)", "flooded"),
    "forged frames on every file": (FORGED, "garbled"),
    "half a frame": (
        "os.write(3, b'CGW1\\x10\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00half'); os._exit(0)",
        "died",
    ),
    "a frame of a terabyte": (
        "os.write(3, b'CGW1\\x10\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00'); time.sleep(60)",
        "garbled",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_stopped_and_leaves_nothing(workers, name):
    answer, why = HOSTILE[name]
    before = ours(workers)
    start = time.monotonic()
    outcome = run(workers, answer, limits=SHORT if why == "time" else BOUNDED)
    seconds = time.monotonic() - start
    assert outcome.stopped == why and outcome.told and not outcome.seen
    assert ours(workers) == before and workers._server.pid in before
    assert seconds < 30, "a bound against waiting for what never comes, not a measurement"
    assert len(outcome.printed) <= SHORT.printed
    assert run(workers, "def f(x): return x").seen["one"].output.shape == (2, 3)


def test_memory_has_an_end(workers):
    outcome = run(workers, "def f(x): return torch.ones(2**30)")
    assert "memory" in outcome.seen["one"].failure.message
    assert (
        run(workers, "hoard = []\nwhile True: hoard.append(bytearray(2**20))").broken.failure.type
        == "MemoryError"
    )


def test_files_have_an_end(workers):
    outcome = run(
        workers, "def f(x):\n with open('big', 'wb') as file:\n  for i in range(64): file.write(bytes(2**20))"
    )
    assert outcome.seen["one"].failure.type == "OSError"
    assert (
        "Too many" in run(workers, "hoard = [open('/dev/null') for _ in range(999)]").broken.failure.message
    )


def test_a_process_left_by_an_answer_that_ends_well_is_ended(workers):
    before = ours(workers)
    outcome = run(workers, DETACH + "def f(x): return x")
    assert outcome.seen["one"].output.shape == (2, 3) and not outcome.stopped
    assert ours(workers) == before


def test_an_object_that_equals_everything_gains_nothing(workers):
    exercise = all_exercises()["squeeze"]
    for trick in (
        "class E:\n __eq__ = lambda *a: True\n __ne__ = lambda *a: False\n shape = property(lambda s: s)\n"
        "def f(x): return E()",
        "class E(torch.Tensor):\n __torch_function__ = classmethod(lambda *a, **k: True)\n"
        "def f(x): return torch.zeros(x.shape[:2]).as_subclass(E)",
        "torch.allclose = torch.equal = lambda *a, **k: True\ndef f(x): return x[:, :, 0, 0] * 0",
        "import course_lib.exercises.calling as c\n"
        "c.observe.__code__ = (lambda *a, **k: c.Observation()).__code__\n"
        "def f(x): return x",
        "import atexit\natexit.register(print, 'passed')\ndef f(x): sys.exit(0)",
    ):
        outcome = run_answer(workers, Program(SETUP, (), trick, "f"), exercise, seed=1)
        assert (
            outcome.kind is None or judge_by(exercise, RecordedWitness(outcome), seed=1).status == "failed"
        ), trick


def test_what_the_instructor_knows_is_not_there(private):
    places = [
        ROOT / "solutions",
        ROOT / "tests",
        ROOT / "course_lib/exercises/bank/ch01/squeeze.py",
        ROOT / "course_lib/exercises/bank",
        ROOT / "course_lib/exercises/judging.py",
        Path.home() / ".ssh",
        Path(__file__),
        ROOT / "work",
        ROOT / "course_lib/grading/run.py",
        "/etc/shadow",
        ROOT / ".git",
    ]
    look = (
        f"def f(x):\n found = {{}}\n for place in {list(map(str, places))}:\n  try:\n"
        "   found[place] = str(os.listdir(place)) if os.path.isdir(place) else open(place).read()\n"
        "  except OSError: pass\n return [place for place, what in found.items() if what not in ('', '[]')]"
    )
    assert run(private, look).seen["one"].output == []
    bank = (
        "import importlib\ndef f(x):\n del sys.modules['course_lib.exercises.bank']\n"
        " from course_lib.exercises.bank import all_exercises\n return str(all_exercises)"
    )
    assert run(private, bank).seen["one"].failure.type == "ImportError"
    lesson = "import course_lib.attention as lib\ndef f(x): return len(lib.__all__)"
    assert run(private, lesson).seen["one"].output > 10


def test_nothing_can_be_written_but_scratch(private):
    places = [
        str(ROOT / "x"),
        str(ROOT / "course_lib/x"),
        "/x",
        "/usr/x",
        os.path.dirname(os.__file__) + "/x",
        "/dev/x",
    ]
    outcome = run(
        private,
        f"def f(x):\n made = []\n for p in {places}:\n  try: open(p, 'w'); made.append(p)\n"
        "  except OSError: pass\n open('scratch', 'w').write('fine')\n return made",
    )
    assert outcome.seen["one"].output == [] and not (ROOT / "x").exists()


def test_no_network_no_other_process_no_rights(private):
    look = """
import socket, ctypes, subprocess
def f(x):
    try: socket.create_connection(("127.0.0.1", 22), 1); net = "open"
    except OSError as e: net = e.errno
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    libc = ctypes.CDLL(None)
    rights = [libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.umount2(b"/tmp", 2),
              libc.unshare(0x10000000),
              libc.chroot(b"/tmp")]
    return net, pids, rights, subprocess.run(["id", "-u"], capture_output=True, text=True).stdout
"""
    net, pids, rights, user = run(private, look).seen["one"].output
    assert net in (101, 111) and set(pids) <= {1, 2, 3} and rights == [-1] * 4
    assert user.strip() != "0"
    # 111 is a refusal by an empty loopback, 101 no way out of here
    assert run(private, "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)").broken


def test_each_wall_is_told():
    standing = walls.Walls(private=True, offline=True, nobody=True).sentences()
    missing = walls.Walls(missing={"private": "only Linux has them"}).sentences()
    assert len(standing) == len(missing) == 5 and all(
        line.endswith("stand.") or line.endswith("stands.") for line in standing
    )
    assert "only Linux has them" in missing[1] and "missing" in missing[4]


def test_a_folder_of_tests_on_the_path_is_not_shown(monkeypatch):
    """Test runs put such folders there; a worker must not see them for that."""
    import sys

    from course_lib.grading.view import needed

    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "tests"), str(ROOT / "tests" / "data")])
    assert not [path for path in needed() if path.startswith(str(ROOT / "tests"))]
    assert any(path.endswith("site-packages") for path in needed())
