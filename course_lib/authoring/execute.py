"""Run an edition from top to bottom in a fresh kernel."""

import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.authoring import outputs
from course_lib.authoring.kernel import kernel_environment, kernel_manager, peak_mib

CELL_TIMEOUT = 120    # seconds; a lesson's own limit (45) is a matter for the report


@dataclass
class Run:
    """What a run measured. Kept beside the notebook, never in it."""

    seconds: float = 0.0                                     # kernel start included
    cells: dict[str, float] = field(default_factory=dict)    # cell id -> seconds
    peak_mib: int | None = None
    stopped: tuple[str, str] | None = None                   # the cell that ended the run, and why

    def slowest(self, count: int = 3) -> list[tuple[str, float]]:
        """The slowest cells, as (id, seconds)."""
        return sorted(self.cells.items(), key=lambda item: -item[1])[:count]


def execute(notebook: NotebookNode, folder: Path, *, timeout: float = CELL_TIMEOUT) -> Run:
    """Run `notebook` in place, as if it lay in `folder`, and clean its outputs.

    The kernel is this interpreter's; the learner's work folder is an empty one. The run ends at the first
    cell that raises (unless tagged `raises-exception`), takes longer than `timeout` seconds or kills the
    kernel: see `Run.stopped`.
    """
    run = Run()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        client = NotebookClient(notebook, km=kernel_manager(Path(scratch)), timeout=timeout,
                                record_timing=False, resources={"metadata": {"path": str(folder)}})
        with client.setup_kernel(env=kernel_environment(Path(scratch)), cleanup_kc=True):
            for index, cell in enumerate(notebook.cells):
                start = time.perf_counter()
                run.stopped = _run_cell(client, cell, index)
                if cell.cell_type == "code":
                    run.cells[cell.id] = time.perf_counter() - start
                    outputs.clean(cell)
                if run.stopped:
                    break
            run.peak_mib = peak_mib(client.km)
    run.seconds = time.perf_counter() - begin
    return run


def _run_cell(client: NotebookClient, cell: NotebookNode, index: int) -> tuple[str, str] | None:
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        arrow = re.search(r"^-+> *\d+ +(.*)$", outputs.ANSI.sub("", error.traceback), re.MULTILINE)
        return cell.id, f"raised {error.ename}: {error.evalue}" + (f", at `{arrow[1]}`" if arrow else "")
    except CellTimeoutError:
        return cell.id, f"took longer than {client.timeout:g} s"
    except DeadKernelError:
        return cell.id, "ended the kernel (out of memory, or a crash in compiled code)"
    return None
