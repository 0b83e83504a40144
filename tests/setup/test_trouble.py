"""Each failure that pip or venv can end in becomes one sentence that says what to do."""

import errno
from pathlib import Path

import pytest

from course_lib.setup.trouble import explain, explain_os_error

NO_NETWORK = """\
WARNING: Retrying (Retry(total=2)) after connection broken by 'NewConnectionError(Failed to establish a new
connection: [Errno -3] Temporary failure in name resolution)': /simple/setuptools/
ERROR: Could not find a version that satisfies the requirement setuptools>=77 (from versions: none)
ERROR: No matching distribution found for setuptools>=77
"""
DEBIAN = """\
The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv package
"""


@pytest.mark.parametrize(("output", "names", "do"), [
    (NO_NETWORK, "network does not answer", "connect"),
    ("ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "network does not answer", "connect"),
    ("Caused by SSLError(SSLCertVerificationError(1, 'VERIFY_FAILED'))", "certificate", "PIP_CERT"),
    ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed'))", "proxy", "HTTPS_PROXY"),
    ("ERROR: Could not install: OSError: [Errno 28] No space left on device", "disk is full", "10 GB"),
    (DEBIAN, "`venv` module", "sudo apt install python3-venv"),
    ("/usr/bin/python3: No module named venv", "`venv` module", "sudo apt install python3-venv"),
    ("ERROR: [Errno 13] Permission denied: '/opt/course/.venv/lib'", "cannot be written", "move the folder"),
    ("OSError: [WinError 32] The process cannot access", "held by another program", "close JupyterLab"),
    ("ERROR: No matching distribution found for torch==2.15.0", "no build of torch", "3.11, 3.12 or 3.13"),
    ("HINT: This error might have occurred since Windows Long Path support is not enabled.",
     "too long for Windows", "enable long paths"),
])
def test_known_failures(output, names, do):
    sentence = str(explain(output, Path("install.log"), space=10))
    assert names in sentence and do in sentence
    assert "run `python start.py` again" in sentence
    assert "{" not in sentence and "\n" not in sentence


def test_an_unknown_failure_quotes_the_last_complaint_and_names_the_log():
    sentence = str(explain("Collecting torch\nERROR: the moon is full\n\n", Path("install.log"), space=10))
    assert "the moon is full" in sentence and "install.log" in sentence


def test_silence_is_an_unknown_failure_too():
    assert "install.log" in str(explain("", Path("install.log"), space=10))


@pytest.mark.parametrize(("number", "names"), [
    (errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be written"), (errno.EROFS, "cannot be written"),
    (errno.EIO, "operating system says"),
])
def test_errors_of_the_operating_system(number, names):
    sentence = str(explain_os_error(OSError(number, "strerror", "/opt/course")))
    assert names in sentence and "run `python start.py` again" in sentence
