"""Leaving something behind: for the next worker, for the grader, for the next run."""

from hostile_bank.attack import KEY, MARK, WRONG, attack

_PLACES = """
import os, sys, site, tempfile
from pathlib import Path
places = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/etc", "/usr/lib", os.path.expanduser("~"), site.getusersitepackages(),
          os.path.dirname(os.__file__), *sys.path, tempfile.gettempdir(), "/proc/self/cwd/..", "/root", "/home",
          "/root/.cache", "/root/.local/lib", "/root/.config/matplotlib"]
import torch, numpy, course_lib
places += [os.path.dirname(m.__file__) for m in (torch, numpy, course_lib)]
places += [str(p) for p in Path(course_lib.__file__).parents][:3]
for place in filter(None, places):
    for path in (f"{place}/MARK", f"{place}/MARK.pth", f"{place}/__pycache__/MARK.pyc"):
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").write("import os")
        except OSError: pass
""".replace("MARK", MARK)


def _leaves(name, tries, code, status="failed", **more):
    return attack(name, tries, status, f"{code}\n{WRONG}", **more)


ATTACKS = (
    _leaves("writes wherever it can", "Poison in caches and site-packages, for the next run.", _PLACES),
    _leaves("result paths", "A record of its own where the grader's might be.",
            "import os, json\nfor top in ('.', '..', '/work', '/tmp', '/autograder/results', os.getcwd() + '/../..'):\n"
            "    for name in ('records', 'results', 'out', 'results.json', 'grades.csv'):\n"
            "        try:\n            os.makedirs(f'{top}/records', exist_ok=True)\n"
            f"            open(f'{{top}}/{{name}}/{MARK}.json', 'w').write(json.dumps({{'points': 100}}))\n"
            "        except OSError: pass"),
    _leaves("a torch of its own", "A module named torch where the next import finds it.",
            "open('torch.py', 'w').write('def allclose(*a, **k): return True')\nimport sys\nsys.path.insert(0, '')\n"
            "saved = {k: sys.modules.pop(k) for k in list(sys.modules) if k == 'torch'}\nimport torch\n"
            "assert torch.allclose(1, 2)\nsys.modules.update(saved)"),
    _leaves("modules replaced", "What other code in this process imports is another thing.",
            "import sys, types\nfor name in ('json', 'struct', 'course_lib.grading.workers.wire', 'course_lib.exercises.judging'):\n"
            "    sys.modules[name] = types.ModuleType(name)"),
    _leaves("builtins replaced", "isinstance, type, len and open say what it likes.",
            "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.any = builtins.all = lambda *a: True",
            "failed broken stopped"),
    _leaves("links out of the scratch folder", "Whoever cleans up follows the links.",
            "import os\nfor i, place in enumerate(('/', '/etc', '/root', '/work', os.path.expanduser('~'))):\n"
            "    os.symlink(place, f'link{i}')\nos.makedirs('a/' * 200)\nos.chmod('a', 0)",
            status="failed broken"),  # some walls refuse `chmod`
    _leaves("shared memory", "Shared memory that outlives its maker.",
            f"from multiprocessing.shared_memory import SharedMemory\ntry: s = SharedMemory('{MARK}', True, 4096)\n"
            "except OSError: pass"),
    _leaves("System V memory", "A segment, a semaphore and a queue that outlive their maker.",
            f"import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmget({KEY}, 65536, 0o1666)\nlibc.semget({KEY}, 1, 0o1666)\n"
            f"libc.msgget({KEY}, 0o1666)", walled=True),
    _leaves("in memory files", "Memory that no limit of the address space counts.",
            "import os\nkept = []\ntry:\n    for _ in range(64):\n        f = os.memfd_create('x')\n        kept.append(f)\n"
            "        os.write(f, bytes(2**20))\nexcept OSError: pass",
            "failed stopped"),
    _leaves("at the end", "Runs when everything is over.",
            f"import atexit, signal, threading\natexit.register(lambda: open('/tmp/{MARK}', 'w'))\n"
            "threading.Timer(0.2, lambda: print('passed')).start()\n"
            "class Last:\n    def __del__(self): print('passed')\nkeep = Last()"),
)
