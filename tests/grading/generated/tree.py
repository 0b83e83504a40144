"""How much memory a process and all that it started have in use, looked at again and again."""

import threading
from contextlib import suppress

import psutil


class Watch(threading.Thread):
    """Look at this process and its children every `interval` seconds until `stop`; keep the most.

    Memory that processes share, as workers do that were forked from one server, is counted once where the
    system tells how much that is (PSS), and otherwise in each of them.
    """

    def __init__(self, interval: float = 0.5):
        super().__init__(daemon=True)
        self.peak, self.most = 0, 0  # bytes, processes
        self._interval, self._end = interval, threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._end.wait(self._interval):
            sizes = [_size(each) for each in [me, *me.children(recursive=True)]]
            self.peak, self.most = max(self.peak, sum(sizes)), max(self.most, len(sizes))

    def stop(self) -> None:
        self._end.set()
        self.join()


def _size(process: psutil.Process) -> int:
    with suppress(psutil.AccessDenied, AttributeError):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            return process.memory_full_info().pss
        return 0
    with suppress(psutil.Error):
        return process.memory_info().rss
    return 0
