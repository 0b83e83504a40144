"""Landlock and the filter of system calls by themselves, also as older systems have them."""

import errno
import os
import platform
import signal
import struct
import subprocess
import sys
import threading

import pytest

from course_lib.grading.workers import landlock, syscall_filter


def needs(action):
    """Skip where the system refuses `action`, with its reason."""
    try:
        action()
    except OSError as error:
        pytest.skip(str(error))


def bound(action) -> str:
    """What `action` returns in a child, as text: a process does not get its rights back."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(into, repr(action()).encode())
        except BaseException as error:
            os.write(into, repr(error).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said


def refused(*actions) -> list[bool]:
    found = []
    for action in actions:
        try:
            action()
            found.append(False)
        except OSError as error:
            assert error.errno in (errno.EPERM, errno.EACCES, errno.EXDEV), error
            found.append(True)
    return found


@pytest.mark.parametrize("abi", [1, 2, 3, 4, 5, 6, 99])
def test_each_version_of_landlock_shuts_files_and_says_no_more_than_it_knows(tmp_path, abi):
    needs(landlock.version)
    scratch, secret, shown = tmp_path / "scratch", tmp_path / "secret", tmp_path / "shown"
    scratch.mkdir()
    shown.mkdir()
    for file in (secret, shown / "file"):
        file.write_text("x")

    def act():
        rules = landlock.Rules([str(shown), "/dev/null"], abi)
        rules.obey(str(scratch))
        (scratch / "own").write_text("fine")
        os.truncate(scratch / "own", 0)
        open("/dev/null", "w").close()
        seen = refused(
            lambda: (shown / "file").read_text() and os.listdir(shown) and open(f"/proc/{os.getpid()}/stat"),
            secret.read_text,
            lambda: (shown / "file").write_text("y"),
            lambda: os.rename(shown / "file", scratch / "file"),
            lambda: os.truncate(secret, 0),
        )
        return rules.abi, seen

    known = min(abi, landlock.version())
    assert bound(act) == repr((known, [False, True, True, True, known >= 3]))


@pytest.mark.parametrize("signals", [False, True])
def test_the_filter_refuses_what_it_should_and_lets_programs_work(tmp_path, signals):
    needs(lambda: syscall_filter._program(None))
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    file = tmp_path / "file"
    file.write_text("x")

    def act():
        syscall_filter.apply(signals=signals)
        seen = refused(lambda: os.kill(victim.pid, 0), lambda: os.chmod(file, 0o600), lambda: os.truncate(file, 0))
        thread = threading.Thread(target=seen.append, args=("a thread",))  # clone, where clone3 is refused
        thread.start()
        thread.join()
        heard = []
        signal.signal(signal.SIGUSR1, lambda *_: heard.append("a signal"))
        os.kill(os.getpid(), signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        said = subprocess.run(["echo", "a program"], capture_output=True, text=True).stdout.strip()
        file.write_text("written")
        return seen, heard, said

    try:
        assert bound(act) == repr(([signals, True, True, "a thread"], ["a signal"] * 2, "a program"))
        assert file.read_text() == "written"
    finally:
        victim.kill()
        victim.wait()


def test_an_unknown_processor_has_no_filter(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "m68k")
    with pytest.raises(OSError, match="m68k"):
        syscall_filter.apply(signals=False)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filters_jumps_stay_inside_and_every_path_ends(monkeypatch, machine):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    code = list(struct.iter_unpack("HBBI", syscall_filter._program(77)))
    for at, (kind, yes, no, _) in enumerate(code):
        if kind in (syscall_filter._EQUAL, syscall_filter._AT_LEAST, syscall_filter._ANY_BIT):
            assert at + 1 + max(yes, no) < len(code)
    assert code[-1][0] == syscall_filter._RETURN
