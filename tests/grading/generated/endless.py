"""Answers that never end, each in a way of its own."""

from .slips import Expected, Slip

_BODIES = {
    "a loop without an end": """
    while True:
        pass
""",
    "waits for ever": """
    import time
    time.sleep(1e6)
""",
    "talks and talks": """
    import time
    while True:
        print("still here")
        time.sleep(0.01)
""",
    "an answer that never tires": """
    while True:
        try:
            raise KeyboardInterrupt
        except BaseException:
            pass
""",
    "deaf to signals": """
    import signal
    for number in (1, 2, 15):
        signal.signal(number, signal.SIG_IGN)
    while True:
        signal.pause()
""",
    "a thread that does not end": """
    import threading
    import time
    thread = threading.Thread(target=time.sleep, args=(1e6,))
    thread.start()
    thread.join()
""",
    "a child that does not end": """
    import os
    if os.fork() == 0:
        while True:
            pass
    os.wait()
""",
}


def _endless(body: str) -> Slip:
    def slip(cells, at, right, name, exercise):
        cells[at]["source"] = f"def {name}(*args, **options):{body}"
        return Expected("stopped", "time")

    return slip


HANGING: dict[str, Slip] = {name: _endless(body) for name, body in _BODIES.items()}
