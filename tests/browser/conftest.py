"""JupyterLab as `course lab` starts it, and a headless Chromium to look at it with."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

TOKEN = "a-token-for-tests"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """The machine's own Chromium, driven by playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield running
        running.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[[str, Path], str]]:
    """A function that starts `course lab CHAPTER` in a work folder and returns the notebook's address.

    JupyterLab draws every cell at once here, also those out of sight.
    """
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    servers = []

    def start(chapter: str, work: Path) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folders = {"COURSE_WORK": str(work), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
        log = (tmp_path / "lab.log").open("w+")
        servers.append(subprocess.Popen(
            [sys.executable, "-m", "course_lib.cli", "lab", chapter, "--no-browser", f"--port={port}",
             "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"],
            env=os.environ | folders, stdout=log, stderr=subprocess.STDOUT, start_new_session=True))
        _wait(servers[-1], tmp_path / "lab.log", port)
        return f"http://127.0.0.1:{port}/lab/tree/{chapter}.ipynb?token={TOKEN}"

    yield start
    for server in servers:
        _stop(server)


def _wait(server: subprocess.Popen, log: Path, port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def _stop(server: subprocess.Popen) -> None:
    """Stop the server, which stops its kernels; whatever is left of its session after that is killed."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    server.wait()


@pytest.fixture
def without_outputs() -> Callable[[Path, Path], None]:
    """A function that copies a notebook as if it had never been run."""
    def copy(source: Path, target: Path) -> None:
        notebook = nbformat.read(source, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    return copy
