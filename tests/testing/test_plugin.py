"""The plugin, at work on tests and notebooks of its own: two workers, no network, a report at the end."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib.testing import plugin

TESTS = """
import os, socket, subprocess, sys, urllib.request
from pathlib import Path
import pytest

def test_records(record_property):
    figures = {"mistakes_rejected": (3, 4), "check_ms": [1.0, 9.0]}
    record_property("course_report", {"exercise_engine": figures})

def test_records_more(record_property):
    record_property("course_report", {"exercise_engine": {"mistakes_rejected": (4, 4), "check_ms": [2.0]}})

def test_no_network():
    with pytest.raises(ConnectionRefusedError, match="network off"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    with pytest.raises(OSError, match="network off"):
        urllib.request.urlopen("http://example.invalid/", timeout=5)

def test_no_network_in_other_processes_either():
    code = "import socket; socket.getaddrinfo('example.invalid', 80)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "network off" in answer.stderr

def test_loopback_stays():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_work_is_elsewhere():
    work = Path(os.environ["COURSE_WORK"])
    assert work.is_dir() and not list(work.iterdir())
    (work / "progress.jsonl").touch()
"""
CELLS = [    # source, stored output (None: never run), tags
    ("print(1 + 1)", "2\n", []),
    ("import time; print(time.time())", "0\n", ["nbval-ignore-output"]),
    ("from tqdm import tqdm\nprint('a bar, not stored')\nfor i in tqdm([1]): pass",
     "a bar, not stored\n", []),
    ("print('stored without a run')", None, []),
    ("import os; print(os.listdir(os.environ['COURSE_WORK']))\n"
     "open(os.environ['COURSE_WORK'] + '/x', 'w').close()", "[]\n", []),
    ("import socket\ntry:\n    socket.getaddrinfo('example.invalid', 80)\n"
     "except OSError as error:\n    print(error.__class__.__name__)", "ConnectionRefusedError\n", []),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of pytest over the files above, with two workers."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("test_one.py", "test_two.py"):
        (folder / name).write_text(TESTS)
    for name in ("a.ipynb", "b.ipynb"):
        cells = [
            new_code_cell(source, execution_count=None if text is None else 1, metadata={"tags": tags},
                          outputs=[] if text is None else [new_output("stream", name="stdout", text=text)])
            for source, text, tags in CELLS
        ]
        nbformat.write(new_notebook(cells=cells), folder / name)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COURSE_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "course_lib.testing.plugin", "-p", "no:cacheprovider",
         "-n2", "--dist=loadfile", "--nbval", "--nbval-current-env", "--import-mode=importlib",
         str(folder)],
        cwd=folder, env=clean, capture_output=True, text=True, timeout=300)


def line(run, label: str) -> str:
    [found] = [line for line in run.stdout.splitlines() if line.startswith(label)]
    return re.sub(r"\s+", " ", found.removeprefix(label).strip())


def test_everything_passes(run):
    assert run.returncode == 0, run.stdout[-3000:]
    assert f"{2 * 6 + 2 * len(CELLS)} passed" in run.stdout


def test_figures_are_summed_over_tests_and_workers(run):
    assert line(run, "exercise engine: mistakes rejected") == "14 of 16 (87.5%)"
    assert line(run, "exercise engine: check ms") == "median 2.0, largest 9.0, of 6"


def test_the_share_of_compared_cells(run):
    assert line(run, "notebook cells: compared") == "8 of 12 (66.7%)"


@pytest.mark.parametrize(("text", "rest"), [
    ("digits:  40%|####    | 2/5 [00:01<00:02,  1.31it/s]\n", ""),
    ("7it [00:00, 93.22it/s]", ""),
    ("UserWarning: 3 of 5 it is\n100%|####| 5/5 [00:01<00:00]\n", "UserWarning: 3 of 5 it is\n"),
])
def test_only_bars_are_taken_out(text, rest):
    output = new_output("stream", name="stderr", text=text)
    compared = []
    plugin._compare_without_bars(lambda outputs, stored: compared.append(outputs), [output], [])
    assert [each.text for each in compared[0]] == [rest] * bool(rest)


@pytest.mark.parametrize("notebook", ["a.ipynb", "b.ipynb"])
def test_each_notebook_has_a_run_time(run, notebook):
    assert re.fullmatch(r"\d+\.\d s", line(run, f"run time: {notebook}"))
