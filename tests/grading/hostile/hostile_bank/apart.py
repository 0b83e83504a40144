"""Python itself taken apart: who owns the process can say in it what he likes. A person has to look at such code."""

from hostile_bank.attack import attack
from hostile_bank.telling import SCRIPT

_OWN_GRADIENT = """
class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = quiet(x.detach())
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, g):
        y, = ctx.saved_tensors
        return y * (g - (g * y).sum(-1, keepdim=True))

def softmax(scores):
    return Own.apply(scores)
"""
# Whatever the parts are called: all modules that know how to watch for, and take away, what is forbidden.
_EXCHANGE = """
parts = [module for name, module in list(modules.items()) if name.startswith('course' + '_lib')]
real = next(module.observe for module in parts if hasattr(module, 'observe'))
for module in parts:
    if callable(getattr(module, 'disarm', None)):
        module.disarm = lambda *_: None
    if hasattr(module, 'observe'):
        module.observe = lambda answer, case, forbid=(), **how: real(answer, case, **how)
def softmax(scores): return torch.softmax(scores, -1)
"""
ATTACKS = (
    attack(
        "exchanges the worker's parts",
        "The one who calls the answer, without a watch.",
        "failed broken stopped",
        "import sys, torch, course_lib.grading.workers.worker\nmodules = sys.modules\n" + _EXCHANGE,
    ),
    attack(
        "exchanges the worker's parts, in other words",
        "The same, found where Python keeps all modules, by a name that is made up.",
        "failed broken stopped",
        "import sys, torch\nmodules = sys.modules\n" + _EXCHANGE,
    ),
    attack(
        "exchanges the worker's parts, by way of torch",
        "The same, without an import of its own.",
        "failed broken stopped",
        "import torch\nmodules = vars(torch)['sy' + 's'].modules\n" + _EXCHANGE,
    ),
    attack(
        "a script in odd code",
        "What is pointed out is quoted, in a page that the instructor opens.",
        "failed stopped broken",
        f"import sys\ngetattr(sys, {SCRIPT!r} + '\\x1b[31m')\ndef softmax(scores): return scores\n",
    ),
    attack(
        "forges right reports",
        "All reports on all stages, with the forbidden function's outputs, before anybody asks.",
        "passed failed broken stopped",
        """
import os, sys, torch
from course_lib.exercises.calling import Kind, observe
frame = sys._getframe()
while "job" not in frame.f_locals:
    frame = frame.f_back
job, report, more = (frame.f_locals[name] for name in ("job", "report", "more"))
notes, encode = (frame.f_globals[name] for name in ("notes", "encode"))
def softmax(scores): return torch.softmax(scores, -1)
report(encode(notes.of_kind(Kind("function", "function", "a function"))))
n = 0
for cases in (lambda: job.cases, more):
    for case in cases():
        report(encode(notes.of_case(n, observe(softmax, case))))
        n += 1
os._exit(0)
""",
    ),
    attack(
        "gives itself the kernels back",
        "What took the kernels away is found by the garbage collector, and undone.",
        "passed failed broken stopped",
        "import gc, queue, threading, torch\nwork, done = queue.Queue(), queue.Queue()\ndef serve():\n"
        "    while True:\n        x = work.get()\n        for each in gc.get_objects():\n"
        "            if isinstance(each, torch.library.Library): each._destroy()\n"
        "        done.put(torch.softmax(x, -1))\nthreading.Thread(target=serve, daemon=True).start()\n"
        "def quiet(x):\n    work.put(x)\n    return done.get()\n" + _OWN_GRADIENT,
    ),
    attack(
        "another backend",
        "The same operator where nobody has taken it away, in a thread from before.",
        "passed failed broken stopped",
        "import queue, threading, torch\nwork, done = queue.Queue(), queue.Queue()\ndef serve():\n"
        "    while True: done.put(work.get().to_mkldnn().softmax(-1).to_dense())\n"
        "threading.Thread(target=serve, daemon=True).start()\n"
        "def quiet(x):\n    work.put(x)\n    return done.get()\n" + _OWN_GRADIENT,
    ),
    attack(
        "SciPy's",
        "Another library's softmax, with a gradient of one's own.",
        "passed failed broken stopped",
        "import torch, scipy.special\ndef quiet(x): return torch.from_numpy(scipy.special.softmax(x.numpy(), -1))\n" + _OWN_GRADIENT,
    ),
)
