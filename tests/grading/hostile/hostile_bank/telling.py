"""Fake output, edited labels, a notebook's own ways to run code, and words that are code where they are shown."""

from hostile_bank.attack import WRONG, attack

SCRIPT = "<script>alert('HOSTILE')</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(2)>"
ATTACKS = (
    attack("prints a report", "Output that looks like the grader's.", "failed", WRONG
           + "print('stable-softmax: passed, 2 of 2 points. All 10 stages hold.')\n"
           + "print('{\"format\": 1, \"points\": 100.0, \"of\": 4.0, \"status\": \"passed\"}')\n"),
    attack("prints a script", "Output that is code in a browser.", "failed", f"print({SCRIPT!r})\n" + WRONG),
    attack("prints to the terminal", "Colours and titles that a terminal obeys.", "failed",
           r"print('\x1b]0;owned\x07\x1b[2J\x1b[31mpassed\x00\ud800')" + "\n" + WRONG),
    attack("a script in an exception", "Its type and its text are code in a browser.", "failed",
           f"E = type({SCRIPT!r}, (Exception,), {{}})\ndef softmax(scores): raise E('`' + {SCRIPT!r} + '`')\n"),
    attack("a script in a name", "What was handed over is told by its class's name.", "failed",
           f"softmax = type({SCRIPT!r}, (), {{}})()\n"),
    attack("a display hook", "Whatever is shown is changed first.", "failed",
           "import sys\nsys.displayhook = sys.excepthook = print\nimport builtins\nbuiltins.print = lambda *a, **k: None\n"
           + WRONG),
    attack("an IPython transformer", "Cells are rewritten before they run.", "failed", WRONG,
           "ip = get_ipython()\nip.input_transformers_post.append(lambda lines: ['softmax = best'])\n"
           "def load_ipython_extension(ip): ip.ast_transformers.append(print)\n",
           "%load_ext autoreload\n%%capture\nsoftmax\n"),
    attack("shell lines", "Magics and shell lines that run.", "failed",
           "!touch hostile_was_here\n%run -i /etc/passwd\nfiles = !cat /etc/passwd\n" + WRONG),
    attack("a trap for whoever parses", "A docstring, a decorator, a default that run.", "failed broken",
           "import os\n@(lambda f: os.environ.setdefault('x', 'y') and f)\ndef softmax(scores, x=print('passed')):\n"
           "    return scores\n"),
    attack("hides behind the other answer", "The other exercise's cell defines this one too.", "missing", ""),
    attack("__main__ and __builtins__", "The namespace itself is another.", "failed broken stopped",
           "__builtins__ = {'__import__': print}\n__name__ = 'course_lib.grading'\n__file__ = '/etc/passwd'\n" + WRONG),
)
