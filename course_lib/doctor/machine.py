"""How much machine is there: disk, threads, GPU, speed. Slow is a note; only a full disk fails."""

import os
import shutil
import time
from collections.abc import Iterator

from course_lib.doctor.finding import Finding
from course_lib.paths import ROOT

_SIZE = 1024        # of the timed matrices: large enough to fill the cores, done in a blink


def disk() -> Iterator[Finding]:
    """Room for notebooks and for what they store."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < 0.5:
        yield Finding("disk", "fail", f"{free:.1f} GB free", "make room, or notebooks cannot be saved")
    elif free < 3:
        yield Finding("disk", "note", f"{free:.1f} GB free; the real data sets need up to 2")
    else:
        yield Finding("disk", "ok", f"{free:.0f} GB free")


def threads() -> Iterator[Finding]:
    """PyTorch uses the cores there are."""
    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    used = torch.get_num_threads()
    says = f"PyTorch uses {used} for {usable} usable cores"
    if used < usable // 2:
        setting = os.environ.get("OMP_NUM_THREADS", "not set")
        yield Finding("threads", "note", f"{says} (OMP_NUM_THREADS: {setting})")
    else:
        yield Finding("threads", "ok", says)


def gpu() -> Iterator[Finding]:
    """A GPU is used where one is. None is needed."""
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        yield Finding("gpu", "ok", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    elif torch.backends.mps.is_available():
        yield Finding("gpu", "ok", "Apple (mps)")
    elif torch.version.cuda and shutil.which("nvidia-smi"):
        yield Finding("gpu", "note", "PyTorch cannot use the NVIDIA GPU here: its driver may be too old for "
                                     f"CUDA {torch.version.cuda}")
    else:
        yield Finding("gpu", "note", "none; every lesson runs on the CPU")


def speed() -> Iterator[Finding]:
    """A timed product of two matrices, on the CPU and on the GPU if there is one."""
    import torch

    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        a = torch.ones(_SIZE, _SIZE, device=device)
        a @ a                                   # the first one loads libraries
        seconds = min(_time_product(a) for _ in range(5))
        rate = 2 * _SIZE**3 / seconds / 1e9
        says = f"{rate:,.0f} GFLOP/s on the {device}"
        if rate < 10:
            yield Finding("speed", "note", f"{says}: cells take longer here than they say")
        else:
            yield Finding("speed", "ok", says)


def _time_product(a) -> float:
    import torch

    synchronize = torch.cuda.synchronize if a.is_cuda else (lambda: None)
    synchronize()
    start = time.perf_counter()
    a @ a
    synchronize()
    return time.perf_counter() - start
