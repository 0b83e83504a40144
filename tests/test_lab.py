"""How JupyterLab is started: on which page, with or without a browser."""

import json
import os

import pytest

from course_lib import lab


@pytest.mark.parametrize(("environment", "platform", "seen"), [
    ({"DISPLAY": ":0"}, "linux", True),
    ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
    ({}, "linux", False),
    ({"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 22"}, "linux", False),
    ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
    ({}, "darwin", True),
    ({"SSH_TTY": "/dev/ttys1"}, "darwin", False),
    ({}, "win32", True),
])
def test_display(environment, platform, seen, monkeypatch):
    monkeypatch.setattr(lab.Path, "exists", lambda path: False)     # whether this is a container or not
    assert lab.has_display(environment, platform) is seen


def test_a_container_has_no_display(monkeypatch):
    monkeypatch.setattr(lab.Path, "exists", lambda path: str(path) == "/.dockerenv")
    assert lab.has_display({"DISPLAY": ":0"}, "linux") is False


@pytest.mark.parametrize("display", [True, False])
def test_command(display, monkeypatch):
    monkeypatch.setattr(lab, "has_display", lambda: display)
    command = lab.command("01_first.ipynb", ["--port=9000"])
    assert "--LabApp.default_url=/lab/tree/01_first.ipynb" in command
    assert f"--ServerApp.root_dir={os.environ['COURSE_WORK']}" in command
    assert ("--no-browser" in command) is not display
    assert command[-1] == "--port=9000"


def test_jupyterlab_is_told_not_to_ask_for_news():
    [settings] = [option.split("=")[1] for option in lab.command("x.ipynb") if "app_settings_dir" in option]
    with open(os.path.join(settings, "overrides.json")) as overrides:
        assert json.load(overrides)["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
