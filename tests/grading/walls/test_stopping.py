"""Code that does not end, floods, forks or forges: it takes its time and no more, and leaves nothing behind."""

import time

import pytest

from course_lib.exercises.bank import all_exercises
from course_lib.exercises.judging import judge_by
from course_lib.grading.workers import wire
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.outcome import Program, RecordedWitness
from course_lib.grading.workers.run import run_answer

BOUNDED = Limits(seconds=20, memory=256 * 1024**2, processes=24)
# For what must run out of time; a busy machine needs more for all else.
SHORT = Limits(seconds=0.7, memory=256 * 1024**2, processes=24)

_FRAMES = b"".join(wire.encode(each) for each in [
    {"report": "kind", "what": "function", "name": "f", "told": "f"},
    *({"report": "case", "number": n, "output": None, "repeat": None, "alone": None, "inputs_after": {},
       "gradients": {},
       "backward_failure": None, "failure": None, "unattempted": False, "shortcut": None, "passed": True}
      for n in range(9))])
FORGED = f"""
for fd in range(0, 64):
    try: os.write(fd, {_FRAMES!r})
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
def test_hostile_code_is_stopped_and_leaves_nothing(workers, run, ours, name):
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


def test_memory_has_an_end(workers, run):
    outcome = run(workers, "def f(x): return torch.ones(2**30)")
    assert "memory" in outcome.seen["one"].failure.message
    assert (
        run(workers, "hoard = []\nwhile True: hoard.append(bytearray(2**20))").broken.failure.type
        == "MemoryError"
    )


def test_files_have_an_end(workers, run):
    outcome = run(
        workers, "def f(x):\n with open('big', 'wb') as file:\n  for i in range(64): file.write(bytes(2**20))"
    )
    assert outcome.seen["one"].failure.type == "OSError"
    assert (
        "Too many" in run(workers, "hoard = [open('/dev/null') for _ in range(999)]").broken.failure.message
    )


def test_a_process_left_by_an_answer_that_ends_well_is_ended(workers, run, ours):
    before = ours(workers)
    outcome = run(workers, DETACH + "def f(x): return x")
    assert outcome.seen["one"].output.shape == (2, 3) and not outcome.stopped
    assert ours(workers) == before


def test_an_object_that_equals_everything_gains_nothing(plain):
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
        outcome = run_answer(plain, Program("import sys, torch\n", (), trick, "f"), exercise, seed=1)
        assert (
            outcome.kind is None or judge_by(exercise, RecordedWitness(outcome), seed=1).status == "failed"
        ), trick


