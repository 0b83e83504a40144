"""The pytest plugin of this repository: no network, hands off the learner's work, a report at the end."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from course_lib.testing.offline import sitecustomize   # noqa: F401  importing it cuts this process off
from course_lib.testing.report import KEY, CourseReport

_OFFLINE = Path(sitecustomize.__file__).parent
# Where Jupyter and IPython keep a person's own settings: these must not change what a test sees.
_JUPYTERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
             "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
# tqdm's line, as nbval leaves it after all redrawing: "digits: 100%|####| 15/15 [00:11<00:00]"
_BAR = re.compile(r"^.*(\d%\||\dit \[).*\n?", re.MULTILINE)
_WORK = pytest.StashKey[Path]()
_FILE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what this process and those it starts (a notebook's kernel, a server) inherit."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_OFFLINE), os.environ.get("PYTHONPATH")]))
    os.environ.pop("MPLBACKEND", None)      # a notebook has the inline backend, whatever this shell has
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    folder = config.stash[_WORK] = Path(tempfile.mkdtemp(prefix="course-test-"))
    os.environ["COURSE_WORK"] = str(folder)
    for name in _JUPYTERS:
        os.environ[name] = str(folder / name.lower())
    config.pluginmanager.register(CourseReport(), "course-report")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove this process's work folders."""
    shutil.rmtree(config.stash[_WORK], ignore_errors=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A fresh work folder for each file: a notebook shows progress, and must not show what ran before it."""
    stash = item.config.stash
    if stash.get(_FILE, None) != item.path:
        stash[_FILE] = item.path
        os.environ["COURSE_WORK"] = tempfile.mkdtemp(dir=stash[_WORK])
    if hasattr(item, "cell"):     # nbval's, which does not compare a cell that was stored without a run
        run = item.cell.execution_count is not None and not item.options["skip"]
        compared = run and item.options["check"]
        item.user_properties.append((KEY, {"notebook_cells": {"compared": (int(compared), 1)}}))
        item.compare_outputs = partial(_compare_without_bars, item.compare_outputs)
    return (yield)


def _compare_without_bars(compare: Callable[..., bool], outputs: list, stored: list) -> bool:
    """nbval's comparison, without the progress bars, which `course build` does not store either."""
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.text = _BAR.sub("", output.text)
    return compare([each for each in outputs if each.get("text") != ""], stored)
