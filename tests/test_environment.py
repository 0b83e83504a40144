"""pyproject.toml, constraints.txt and environment.yml describe one environment, and name no package index."""

import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_lib.paths import ROOT

try:
    import tomllib
except ModuleNotFoundError:     # Python 3.10
    import tomli as tomllib

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "playwright": "playwright-python"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]]
PINS = [
    Requirement(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
MACHINES = [
    {"sys_platform": system, "platform_machine": machine, "os_name": "nt" if system == "win32" else "posix",
     "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system]}
    for system, machine in (
        ("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64"))
]


def test_conda_gets_what_pip_gets():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = dict(line.split(" ", 1) for line in listed if isinstance(line, str) and line != "pip")
    wanted = {CONDA_NAMES.get(asked.name, asked.name): str(asked.specifier) for asked in ASKED}
    assert conda.pop("python") == PROJECT["requires-python"]
    assert conda == wanted
    assert {"pip": ["-e .[test]"]} in listed


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: "-".join(list(machine.values())[:2]))
def test_every_requirement_has_one_pin_in_its_range_everywhere(python, machine):
    place = default_environment() | machine | {"python_version": python, "python_full_version": f"{python}.9"}
    for asked in ASKED:
        if asked.marker and not asked.marker.evaluate(place):
            continue
        pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(asked.name)
                and (pin.marker is None or pin.marker.evaluate(place))]
        assert len(pins) == 1, f"{asked.name}: {[str(pin) for pin in pins]}"
        [exact] = pins[0].specifier
        assert exact.operator == "==" and asked.specifier.contains(exact.version)


def test_nothing_but_exact_pins():
    assert all([each.operator for each in pin.specifier] == ["=="] and pin.url is None for pin in PINS)


def test_no_tracked_file_names_a_package_index():
    """Where packages come from is the reader's pip's business: a mirror, a school's proxy, an air gap."""
    hosts = ["pypi" + ".org", "python" + "hosted.org", "download.py" + "torch.org", "conda.ana" + "conda.org",
             "repo.ana" + "conda.com"]
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this is not a git checkout")
    for name in filter(None, listing.stdout.split("\0")):
        file = ROOT / name
        text = Path(file).read_text(encoding="utf-8", errors="ignore") if file.is_file() else ""
        assert not [host for host in hosts if host in text], name
