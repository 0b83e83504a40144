"""A grader that is killed, a server that is lost: nothing stays behind, and one answer at most pays for it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_lib.grading.workers import folders

# A child that has left its family and its session and listens to nothing; then the answer sleeps.
STAY = """
import signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for s in range(1, 65):
            try: signal.signal(s, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True: time.sleep(60)
    os._exit(0)
while True: time.sleep(60)
"""
GRADER = """
import os, sys, threading, time
from course_lib.exercises.exercise import Case
from course_lib.grading.workers.outcome import Program
from course_lib.grading.workers.run import Workers
def grade(walls):
    with Workers(walls=walls) as workers:
        print(workers._base, flush=True)
        workers.run(Program("import os, time", (), STAY, "f"), {"a": Case({})})
for walls in (("namespaces",), ("bubblewrap", "filter"), ("landlock",), ()):
    threading.Thread(target=grade, args=(walls,)).start()
"""


def marked(base) -> dict[int, int]:
    """The processes of a server by their number, with their parents'; of its user where they hide their names."""
    parents, found = {}, set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if f"COURSE_GRADING={base}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:  # it has ended, or it is a server, into which nobody may look
            pass
    found |= {parents[pid] for pid in found if parents[pid] not in (0, 1, os.getpid())} & set(parents)
    return {pid: parents[pid] for pid in found}


def until(true, seconds=20):
    """Wait until `true()`; a bound against waiting without end, not a measurement."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_grader_that_is_killed_takes_everything_with_it(temporary):
    """And its folders are removed by the next one, but only once it is gone."""
    grader = subprocess.Popen(
        [sys.executable, "-c", f"STAY = {STAY!r}\n{GRADER}"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    bases = [grader.stdout.readline().strip() for _ in range(4)]
    try:
        assert all(until(lambda base=base: len(marked(base)) >= 4) for base in bases)  # all of them are asleep
        folders.clean_up()
        assert all(Path(base).is_dir() for base in bases)
    finally:
        grader.kill()
        grader.wait()
        grader.stdout.close()
    assert all(until(lambda base=base: not marked(base)) for base in bases)
    folders.clean_up()
    assert not list(temporary.iterdir())


def test_a_server_that_is_lost_costs_one_answer(workers, run):
    """As when the system ends it for want of memory."""
    base = workers._base
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(run, workers, STAY)
        assert until(lambda: len(marked(base)) >= 4)
        processes = marked(base)
        # The worker leads a session of its own, as what it starts may; its server leads none.
        leaders = [pid for pid in processes if os.getsid(pid) == pid and pid != workers._server.pid]
        server = next(processes[pid] for pid in leaders if processes[pid] not in leaders)
        os.kill(server, signal.SIGKILL)
        outcome = answer.result(20)
    assert outcome.stopped == "died" and outcome.kind is None and "ended, and with it this one" in outcome.told
    assert until(lambda: not marked(base)) and not base.exists()
    assert run(workers, "def f(x): return x").seen["one"].output.shape == (2, 3)


def test_a_server_that_is_lost_between_two_answers_costs_none(plain, run):
    run(plain, "def f(x): return x")
    os.kill(plain._server.pid, signal.SIGKILL)
    plain._server.wait()
    assert run(plain, "def f(x): return x").seen["one"].output.shape == (2, 3)


def test_a_folder_is_removed_whatever_its_rights(temporary):
    base, lock = folders.make()
    (base / "root/deep").mkdir(parents=True)
    (base / "root/deep/file").touch()
    (base / "root/deep").chmod(0)
    (base / "root").chmod(0o300)
    folders.clean_up()
    assert base.exists()  # its lock is held
    os.close(lock)
    (temporary / "course-grade-link").symlink_to(temporary)
    (temporary / "course-test").mkdir()
    folders.clean_up()
    assert {each.name for each in temporary.iterdir()} == {"course-grade-link", "course-test"}


def test_a_folder_just_made_is_not_taken_for_one_left_behind(temporary):
    """One grader looks for leftovers while another starts."""
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(lambda: [folders.clean_up() for _ in range(300)])
        while not looking.done():
            base, lock = folders.make()
            time.sleep(0.001)
            assert (base / "lock").exists()
            folders.remove(base)
            os.close(lock)
        looking.result()
