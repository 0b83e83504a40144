"""Are the packages there, do they fit together, does a notebook's kernel run?"""

import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from course_lib.doctor.finding import Finding
from course_lib.paths import ROOT

INSTALL = "run `python start.py`, or in your own environment: python -m pip install -e ."
_MODULES = {"scikit-learn": "sklearn", "scikit-image": "skimage", "pyyaml": "yaml",
            "markdown-it-py": "markdown_it"}                        # where the import has another name
_PATIENCE = 40      # seconds for a kernel to start and answer: a cold disk takes ten


def python() -> Iterator[Finding]:
    """A Python that is new enough."""
    says = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < (3, 10):
        yield Finding("python", "fail", says, "install Python 3.10 or newer, and run `start.py` with it")
    else:
        yield Finding("python", "ok", says)


def packages() -> Iterator[Finding]:
    """Everything pyproject.toml asks for is installed, in its range, and can be imported."""
    for requirement in _requirements():
        try:
            version = metadata.version(requirement.name)
            importlib.import_module(_MODULES.get(requirement.name, requirement.name))
        except Exception as error:   # a broken binary may throw anything
            yield Finding(requirement.name, "fail", f"cannot be imported: {error}".splitlines()[0], INSTALL)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Finding(requirement.name, "ok", version)
        else:
            says = f"{version}, and the course needs {requirement.specifier}"
            yield Finding(requirement.name, "fail", says, INSTALL)


def versions() -> Iterator[Finding]:
    """A note when versions differ from those that made the stored outputs: last digits may differ, too."""
    other = []
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pinned = Requirement(line)
        if pinned.name not in {requirement.name for requirement in _requirements()}:
            continue
        if (pinned.marker is None or pinned.marker.evaluate()) and _installed(pinned.name):
            version = metadata.version(pinned.name)
            if not pinned.specifier.contains(version, prereleases=True):
                other.append(f"{pinned.name} {version} (stored outputs: {str(pinned.specifier).lstrip('=')})")
    if other:
        yield Finding("versions", "note", "; ".join(other))
    else:
        yield Finding("versions", "ok", "those of constraints.txt")


def operators() -> Iterator[Finding]:
    """torchvision's compiled half answers: it does not when it was built for another torch."""
    import torch
    from torchvision.ops import nms

    nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    yield Finding("operators", "ok", "torchvision fits torch")


def kernel() -> Iterator[Finding]:
    """The notebooks' kernel is this Python, starts, and adds one and one."""
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")   # as `course lab` does
    fix = f"install this environment's kernel: {sys.executable} -m ipykernel install --sys-prefix"
    command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    if os.sep in command and not _same_python(command):
        yield Finding("kernel", "fail", f"notebooks would run in another Python: {command}", fix)
        return
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_PATIENCE)
        reply = client.execute_interactive("", user_expressions={"sum": "1 + 1"}, timeout=_PATIENCE)
        answer = reply["content"]["user_expressions"]["sum"]["data"]["text/plain"]
        yield Finding("kernel", "ok", f"starts, and says that 1 + 1 = {answer}")
    except (RuntimeError, TimeoutError, KeyError) as error:
        yield Finding("kernel", "fail", f"does not answer: {error}".splitlines()[0], fix)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _requirements() -> list[Requirement]:
    """What the package itself asks for, extras left out."""
    asked = [Requirement(line) for line in metadata.requires("attention-course") or ()]
    return [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]


def _installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


def _same_python(command: str) -> bool:
    """Whether `command` is this environment's interpreter (python, python3 and python3.12 are one)."""
    return Path(command).parent == Path(sys.executable).parent
