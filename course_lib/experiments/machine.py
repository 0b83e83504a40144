"""The kind of machine a run was made on: enough to judge its duration, nothing that names the machine."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy
import torch


def versions() -> dict[str, str]:
    """Versions of what the figures may depend on."""
    torch_version = torch.__version__.partition("+")[0]          # without the build: 2.9.0, not 2.9.0+cu130
    return {"python": platform.python_version(), "torch": torch_version, "numpy": numpy.__version__}


def machine(device: str = "cpu") -> dict[str, Any]:
    """Kind and model of the processor that did the work, the number of cores, and the system's name."""
    on_gpu = device.startswith("cuda")
    return {
        "device": "gpu" if on_gpu else "cpu",
        "model": torch.cuda.get_device_name(device) if on_gpu else _cpu_model(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def _cpu_model() -> str:
    try:
        if platform.system() == "Linux":
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                if line.lower().startswith("model name"):
                    return line.partition(":")[2].strip()
        if platform.system() == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5)
            return answer.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()
