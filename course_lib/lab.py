"""Open JupyterLab on a chapter in work/."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_lib import workspace
from course_lib.paths import work_dir
from course_lib.setup.process import become

# What JupyterLab is told beforehand, so that chapter 0 comes first and no question about news
_SETTINGS = Path(__file__).parent / "lab_settings"


def open_lab(notebook: str, options: Sequence[str] = ()) -> int:
    """Fill work/, then run JupyterLab there, with the chapter `notebook` open, until it is stopped.

    `options` go to `jupyter lab` as they are. Without a display its address is printed and no browser opened.
    Returns JupyterLab's exit status.
    """
    copied = workspace.fill()
    if copied.new:
        print(f"Copied to {work_dir()}: {', '.join(copied.new)}")
    for name in copied.outdated:
        print(f"There is a newer edition of {name}: `course reset {name}` takes it and keeps yours.")
    print("JupyterLab runs until you press Control-C twice here.")
    if not has_display():
        print("No display here: open the address below in a browser. From another machine, forward its port "
              "first (ssh -L 8888:localhost:8888 ...).")
    return become(command(notebook, options), os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"})


def command(notebook: str, options: Sequence[str] = ()) -> list[str]:
    """The command line that opens `notebook`, a name in work/, in this Python's JupyterLab."""
    line = [
        sys.executable, "-m", "jupyterlab", "--log-level=WARN", f"--ServerApp.root_dir={work_dir()}",
        f"--LabApp.default_url=/lab/tree/{notebook}", f"--LabApp.app_settings_dir={_SETTINGS}",
    ]
    if not has_display():
        line.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        line.append("--allow-root")     # a container; JupyterLab refuses otherwise
    return [*line, *options]


def has_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser that is opened here would be seen by the person who typed the command."""
    if environment.get("CI") or environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    if platform in ("win32", "darwin"):
        return True
    if any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")):
        return False
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
