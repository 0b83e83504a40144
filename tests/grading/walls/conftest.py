"""One server behind each kind of walls, shared by all tests of this folder that run in one process."""

import sys
from pathlib import Path

import pytest
import torch

from course_lib.exercises.exercise import Case
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.outcome import Program
from course_lib.grading.workers.run import Workers

SETUP = "import os, sys, time, torch\n"
CASES = {"one": Case({"x": torch.ones(2, 3)})}
BOUNDED = Limits(seconds=20, memory=256 * 1024**2, processes=24)
KINDS = {
    "namespaces": ("namespaces",),
    "bubblewrap": ("bubblewrap", "landlock", "filter"),
    "landlock": ("landlock", "filter"),
    "plain": (),
}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents and not sys.platform.startswith("linux"):
            item.add_marker(pytest.mark.skip(reason="the walls are Linux's"))


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory):
    """A folder of submissions, which lies in one that workers see."""
    folder = tmp_path_factory.mktemp("submissions")
    (folder / "neighbour.ipynb").write_text("a neighbour's answer")
    return folder


def _behind(kind, handed_in):
    with Workers(limits=BOUNDED, hide=(handed_in, handed_in / "none"), walls=KINDS[kind]) as workers:
        means = {"namespaces": "own namespaces", "bubblewrap": "bubblewrap", "landlock": "Landlock"}
        if kind != "plain" and f"it stands ({means[kind]}" not in workers.walls[1]:
            pytest.skip(workers.walls[1])
        yield workers


@pytest.fixture(scope="session")
def namespaces(handed_in):
    yield from _behind("namespaces", handed_in)


@pytest.fixture(scope="session")
def bubblewrap(handed_in):
    yield from _behind("bubblewrap", handed_in)


@pytest.fixture(scope="session")
def landlock(handed_in):
    yield from _behind("landlock", handed_in)


@pytest.fixture(scope="session")
def plain(handed_in):
    yield from _behind("plain", handed_in)


@pytest.fixture(params=KINDS)
def workers(request):
    """Workers behind each kind of walls, and behind none."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=[kind for kind in KINDS if kind != "plain"])
def walled(request):
    """Workers behind each kind of walls."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def run():
    """A function that runs an answer on one case."""

    def run(workers, answer, limits=BOUNDED):
        return workers.run(Program(SETUP, (), answer, "f"), CASES, limits=limits)

    return run


@pytest.fixture
def ours():
    """A function: the processes that a server has started, by a name in their environment."""
    return processes_of


def processes_of(workers) -> set[int]:
    marker, found = f"COURSE_GRADING={workers._base}".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            pass
    return found
