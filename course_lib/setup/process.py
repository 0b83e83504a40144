"""Handing this process over to another program."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence


def become(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Replace this process by `command`, so that whoever stops it stops the right one.

    Windows cannot do that; there, wait for it and return its exit status.
    """
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], list(command), dict(environment))
    process = subprocess.Popen(command, env=dict(environment))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:   # the other has got it, too, and decides (JupyterLab asks first)
            continue
