"""What `python start.py` does: find or make an environment, then hand over to the `course` command in it."""

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from site import getusersitepackages
from urllib.parse import urlparse
from urllib.request import url2pathname

from course_lib.paths import ROOT
from course_lib.setup import pip, venv
from course_lib.setup.process import become
from course_lib.setup.trouble import SetupError, explain_os_error

HELP = """\
python start.py                       set up (the first time: some minutes), then open JupyterLab on the first chapter
python start.py test                  set up, then run all tests
python start.py COMMAND ...           set up, then run `course COMMAND ...`; `doctor` looks for what is wrong
python start.py --torch-from ADDRESS  take PyTorch from another index, e.g. its smaller CPU build: choose your
                                      system, Pip and CPU on the installation page of pytorch.org; ADDRESS is
                                      what the command it shows has after --index-url

The environment is .venv in this folder. An active environment (conda, Binder, your own) that has this
checkout installed is used in its place: that is what `pip install -e .` and environment.yml make."""


def main(argv: Sequence[str]) -> int:
    """Run `python start.py ARGV`; returns the exit status. A foreseeable failure is one sentence."""
    try:
        return _start(list(argv))
    except SetupError as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{explain_os_error(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next `python start.py` goes on from here.", file=sys.stderr)
        return 130


def _start(argv: list[str]) -> int:
    if argv[:1] in (["-h"], ["--help"]):
        print(HELP)
        return 0
    torch_from = None
    if argv[:1] == ["--torch-from"]:
        if len(argv) < 2:
            raise SetupError("--torch-from needs an address; `python start.py --help` says where to find it.")
        torch_from, argv = argv[1], argv[2:]
    extras = ("test",) if argv[:1] == ["test"] else ()
    if _installed_in_active() is None:
        folder, python = venv.FOLDER, _own_environment(extras, torch_from)
    else:
        folder, python = Path(sys.prefix), Path(sys.executable)
        _complete_active(extras)
    if not argv:
        _examine(folder, python)
        argv = ["lab"]
    return become([str(python), "-m", "course_lib.cli", *argv])


def _installed_in_active() -> metadata.Distribution | None:
    """This checkout, if the running Python has it installed and is not `.venv`'s, which is made here."""
    if Path(sys.prefix).resolve() == venv.FOLDER.resolve():
        return None
    # Not the whole of sys.path: the checkout itself is on it and holds the metadata of a former build.
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), getusersitepackages()}
    for found in metadata.distributions(name="attention-course", path=sorted(places)):
        origin = json.loads(found.read_text("direct_url.json") or "{}").get("url", "")
        if origin and Path(url2pathname(urlparse(origin).path)).resolve() == ROOT:
            return found
    return None


def _complete_active(extras: Sequence[str]) -> None:
    """Add what an extra asks for and the active environment lacks; what is there keeps its version."""
    names = [
        re.match(r"[\w.\-]+", requirement).group()
        for requirement in _installed_in_active().requires or ()
        if any(f'extra == "{extra}"' in requirement.replace("'", '"') for extra in extras)
    ]
    missing = [name for name in names if not any(metadata.distributions(name=name))]
    if missing:
        print(f"Adding to the active environment: {', '.join(missing)}.", flush=True)
        log = Path(sys.prefix) / "attention-course.log"
        pip.install(Path(sys.executable), log=log, extras=extras, constrained=False)


def _own_environment(extras: Sequence[str], torch_from: str | None) -> Path:
    """`.venv`'s interpreter, with this checkout and `extras` installed. Fast when nothing has changed."""
    python = venv.ensure(torch_from=torch_from)
    stamp = venv.read_stamp(venv.FOLDER)
    wanted = sorted({*stamp.get("extras", ()), *extras})
    torch_from = torch_from or stamp.get("torch_from")
    current = venv.fingerprint(venv.version_of(python))
    if stamp.get("fingerprint") == current and set(wanted) <= set(stamp.get("extras", ())):
        return python
    print("Installing the course into .venv: some minutes, this once. Later starts take seconds.", flush=True)
    if "fingerprint" not in stamp:
        pip.check_space(venv.FOLDER, pip.space_needed(torch_from))
    pip.install(python, extras=wanted, torch_from=torch_from, log=venv.FOLDER / "install.log")
    venv.write_stamp(venv.FOLDER, root=str(ROOT), fingerprint=current, extras=wanted)
    return python


def _examine(folder: Path, python: Path) -> None:
    """Run the doctor until it was content once with this installation. It never locks a learner out."""
    current = venv.fingerprint(venv.version_of(python))
    if venv.read_stamp(folder).get("examined") == current:
        return
    if subprocess.run([str(python), "-m", "course_lib.cli", "doctor"]).returncode == 0:
        venv.write_stamp(folder, examined=current)
    else:
        print("The doctor has found something (above). JupyterLab opens all the same.", flush=True)
