"""A kernel for the interpreter that runs this code, whatever kernels the user has installed."""

import os
from pathlib import Path

from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


class OnlyThisInterpreter(KernelSpecManager):
    """Knows one kernel, so that a stale `python3` in the user's folder is never taken for the course's."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(argv=make_ipkernel_cmd(), display_name="Python 3 (ipykernel)", language="python")


def kernel_manager(scratch: Path) -> AsyncKernelManager:
    """A manager, not started yet, of a kernel on `sys.executable`, with its connection file in `scratch`."""
    # Files, not ports, where there can be: nobody else on the machine can talk to the kernel.
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=OnlyThisInterpreter(),
                              connection_file=str(scratch / "kernel.json"),
                              transport="ipc" if os.name == "posix" else "tcp")


def kernel_environment(scratch: Path) -> dict[str, str]:
    """This process's environment, with the learner's work and IPython's settings from an empty folder."""
    environment = {**os.environ, "COURSE_WORK": str(scratch / "work"), "IPYTHONDIR": str(scratch / "ipython")}
    environment.pop("MPLBACKEND", None)    # a test run may set it; a notebook has the inline backend
    return environment


def peak_mib(manager: AsyncKernelManager) -> int | None:
    """The most memory that the running kernel has held, in MiB; None where there is no /proc."""
    try:
        status = Path(f"/proc/{manager.provisioner.pid}/status").read_text()
        return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    except (OSError, AttributeError, StopIteration):
        return None
