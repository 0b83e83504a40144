"""No way to a network, to other processes, to more rights or to what outlives an exercise, behind each kind of walls."""

import os
import socket
import subprocess
import sys

import pytest

from course_lib.grading.workers.run import Workers
from course_lib.paths import ROOT

REACH = """
import socket
def attempt(action):
    try:
        action()
        return True
    except OSError:
        return False
def reach(family, kind, place):
    with socket.socket(family, kind) as way:
        way.connect(place)
        way.send(b"x")
def f(x):
    return [place for family, kind, place in PLACES if attempt(lambda: reach(family, kind, place))]
"""
HARM = """
import ctypes, fcntl, resource, signal, socket
libc = ctypes.CDLL(None)
def attempt(action):
    try:
        return action() not in (-1, False)
    except (OSError, ValueError):
        return False
def signal_by_a_pipe(pid):
    out, into = os.pipe()
    fcntl.fcntl(out, 10, signal.SIGKILL)
    fcntl.fcntl(out, fcntl.F_SETOWN, pid)
    fcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC)
    os.write(into, b"x")
    return False
def f(x):
    done = []
    for pid in PIDS:
        for number, action in enumerate([
            lambda: os.kill(pid, signal.SIGKILL), lambda: os.killpg(pid, signal.SIGKILL),
            lambda: os.close(os.pidfd_open(pid)) or signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL),
            lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0)), lambda: libc.ptrace(16, pid, 0, 0),
            lambda: open(f"/proc/{pid}/mem", "rb"), lambda: open(f"/proc/{pid}/environ", "rb"),
            lambda: signal_by_a_pipe(pid), lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
            lambda: os.sched_setaffinity(pid, {0}),
        ]):
            done += [(pid, number)] * attempt(action)
    done += ["everything"] * attempt(lambda: ALL and os.kill(-1, 0))
    rights = [libc.mount(b"none", b".", b"tmpfs", 0, None), libc.umount2(b"/", 2), libc.unshare(0x10000000),
              libc.chroot(b"."), libc.setuid(0) if os.getuid() else -1,
              libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) if os.uname().machine == "x86_64" else -1]
    left = [libc.shmget(77, 100, 0o1600), libc.semget(77, 1, 0o1600), libc.msgget(77, 0o1600)] if SYSV else []
    own = __import__("subprocess").Popen(["sleep", "60"])
    own.kill()
    ends = socket.socketpair()
    return done, rights, left, own.wait(), ends[0].send(b"fine")
"""


@pytest.fixture
def victim():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_nobody_is_reached(walled, run, tmp_path):
    file = str(tmp_path / "s")
    places = [
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        (socket.AF_UNIX, socket.SOCK_STREAM, file),
        (socket.AF_UNIX, socket.SOCK_DGRAM, f"\0course{os.getpid()}"),
    ]
    listeners = [socket.socket(family, kind) for family, kind, _ in places]
    try:
        for listener, (_, kind, place) in zip(listeners, places, strict=True):
            listener.bind(place)
            if kind == socket.SOCK_STREAM:
                listener.listen()
        os.chmod(file, 0o777)
        names = [(int(family), int(kind), listener.getsockname())
                 for listener, (family, kind, _) in zip(listeners, places, strict=True)]  # fmt: skip
        names.append((int(socket.AF_INET), int(socket.SOCK_DGRAM), ("192.0.2.1", 53)))
        outcome = run(walled, REACH.replace("PLACES", repr(names)))
        reached = [tuple(place) if type(place) is list else place for place in outcome.seen["one"].output]
        for listener in listeners:
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept() if listener.type == socket.SOCK_STREAM else listener.recv(1)
    finally:
        for listener in listeners:
            listener.close()
    # Inside bubblewrap there is a loopback of its own, with nobody on it.
    assert [place for place in reached if place[0] != "127.0.0.1"] == []


def test_bubblewrap_alone_has_a_view_and_no_network(run, bubblewrap):
    """On a system that has no Landlock and no filter of system calls."""
    name = f"\0course-alone{os.getpid()}"  # of the network namespace
    with Workers(walls=("bubblewrap",)) as workers, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        reach = REACH.replace("PLACES", repr([(int(socket.AF_UNIX), int(socket.SOCK_DGRAM), name)]))
        assert run(workers, reach).seen["one"].output == []
        places = ["/x", "/usr/x", "/dev/x", str(ROOT / "x"), str(ROOT / "course_lib/x")]
        write = f"""
def f(x):
    made = []
    for place in {places}:
        try:
            open(place, "w")
            made.append(place)
        except OSError:
            pass
    return made, os.path.exists({str(ROOT / "solutions")!r}), os.listdir({str(ROOT / "course_lib/exercises/bank")!r})
"""
        assert run(workers, write).seen["one"].output == ([], False, [])
        assert "the grader's own source can be read" in workers.walls[1]


def test_no_other_process_is_harmed(walled, run, victim):
    pids = [victim.pid, walled._server.pid]
    answer = HARM.replace("PIDS", repr(pids)).replace("ALL", "True").replace("SYSV", "not PRIVATE")
    outcome = run(walled, answer.replace("PRIVATE", repr(any("own namespaces" in wall for wall in walled.walls))))
    assert outcome.kind and not outcome.seen["one"].failure, outcome
    done, rights, left, ended, sent = outcome.seen["one"].output
    assert [each for each in done if each != "everything"] == [] and set(rights) == {-1} and set(left) <= {-1}
    assert ended == -9 and sent == 4 and victim.poll() is None and walled._server.poll() is None


def test_an_answer_cannot_end_its_server(walled, run):
    run(walled, "os.kill(os.getppid() or 1, 9)\nf = len")
    assert run(walled, "def f(x): return x").seen["one"].output.shape == (2, 3) and walled._server.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts workers as another user")
@pytest.mark.parametrize("walls", [("landlock", "filter"), ()])
def test_root_grades_where_others_cannot_reach_its_temporary_files(run, tmp_path, monkeypatch, walls):
    tmp_path.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Workers(walls=walls) as workers:
        outcome = run(workers, "import tempfile\ndef f(x): return os.path.exists(tempfile.mkdtemp())")
        assert outcome.seen["one"].output is True
