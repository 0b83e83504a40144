"""What can go wrong before the course runs, each in one sentence with what to do."""

import errno
import re
from pathlib import Path

from course_lib.paths import ROOT

AGAIN = "then run `python start.py` again"

# What pip and venv print, in the order in which to look for it: what comes last in the output is often only
# the consequence. A missing network, for one, ends in "no matching distribution".
_SIGNS = (
    (
        r"No space left on device|\[Errno 28\]|WinError 112|Disk quota exceeded",
        "The disk is full: make room (an installation needs about {space} GB free), {again}.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The package index's certificate is not accepted: see that the clock is right, or, behind the proxy "
        "of a school or company, point PIP_CERT at its certificate, {again}.",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "The proxy refuses the connection: set HTTPS_PROXY to the right one, {again}.",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Max retries exceeded"
        r"|getaddrinfo fail|failure in name resolution|Network is unreachable|IncompleteRead"
        r"|Connection(Reset|Refused|Aborted)?Error|ProtocolError",
        "The network does not answer, so packages could not be fetched: connect, {again}. "
        "What has been fetched is kept.",
    ),
    (
        r"ensurepip is not|No module named '?(venv|ensurepip)|environment was not created successfully",
        "This Python came without its `venv` module: install it (Debian, Ubuntu: `sudo apt install "
        "python3-venv`), {again}.",
    ),
    (
        r"WinError 32|being used by another process",
        "A file is held by another program: close JupyterLab and every other Python, {again}.",
    ),
    (
        r"enable long paths|Long Path",
        "A path is too long for Windows: enable long paths, or move this folder up, {again}.",
    ),
    (
        r"Permission denied|\[Errno 13\]|WinError 5|Read-only file system",
        "{root} cannot be written to: move the folder to a place that is yours, {again}.",
    ),
    (
        r"No matching distribution found for (?P<what>[\w.\-]+)",
        "There is no build of {what} for this Python on this machine: use a 64-bit Python 3.11, 3.12 or 3.13 "
        "(a Mac needs macOS 14 and an Apple processor), remove .venv, {again}.",
    ),
)


class SetupError(Exception):
    """The set-up cannot go on. The message is one sentence for the person at the keyboard, and what to do."""


def explain(output: str, log: Path, *, space: int) -> SetupError:
    """The sentence for what `pip` or `venv` printed; for what nobody has foreseen, its last complaint.

    `space` is what the installation needs on the disk, in GB.
    """
    for pattern, sentence in _SIGNS:
        found = re.search(pattern, output, re.IGNORECASE)
        if found:
            return SetupError(sentence.format(space=space, root=ROOT, again=AGAIN, **found.groupdict()))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    complaints = [line for line in lines if line.lower().startswith("error")] or lines or ["no message"]
    return SetupError(f"The installation stopped: {complaints[-1]} (all of it: {log}). Mend that, {AGAIN}.")


def explain_os_error(error: OSError) -> SetupError:
    """The sentence for an error of the operating system while files are written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(f"The disk is full: make room, {AGAIN}.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = error.filename or ROOT
        return SetupError(f"{place} cannot be written to: move the course to a place of yours, {AGAIN}.")
    return SetupError(f"The operating system says: {error}. Mend that, {AGAIN}.")
