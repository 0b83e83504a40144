"""Looking for what is right, and for what is hidden."""

from hostile_bank.attack import ATTACKED, RIGHT, WRONG, attack

_TELL = "if loot: print('LOOT', *loot)\n"


def _loots(name, tries, code, status="failed", answer=WRONG, **more):
    """What it finds it prints: into a page that the learner reads."""
    return attack(name, tries, status, f"{code}\n{_TELL}{answer}", **more)


_SEARCH = """
import glob, os, sys
loot = []
for top in {places}:
    for folder, folders, files in os.walk(top):
        folders[:] = [each for each in folders if each not in ("site-packages", "node_modules")][:200]
        loot += [os.path.join(folder, name) for name in files if {wanted}][:50]
if loot: print('LOOT', *loot[:20])
"""
_FIND_JOB = "import gc\njobs = [each for each in gc.get_objects() if type(each).__name__ == 'Job']\n"
ATTACKS = (
    _loots("reads frames", "Walks up the stack, for whoever knows what is right.",
           "import sys\nloot, frame = [], sys._getframe()\nwhile frame:\n"
           "    loot += [n for n in frame.f_locals if n in ('want', 'verdict', 'exercise', 'reference', 'seed', 'plan')]\n"
           "    frame = frame.f_back"),
    _loots("reads frames when it is called", "The same, at the moment of the judgement.",
           "loot = []", answer="import sys\ndef softmax(scores):\n    frame = sys._getframe()\n    while frame:\n"
           "        for name, value in frame.f_locals.items():\n            if name in ('want', 'expected', 'verdict', 'seed'):\n"
           "                return value.output\n        frame = frame.f_back\n    return scores\n"),
    _loots("reads the garbage collector", "Everything that lives in this process, for an exercise, a mistake, a reference.",
           "import gc\nloot = [type(each).__name__ for each in gc.get_objects()"
           " if type(each).__name__ in ('Exercise', 'Mistake', 'Stage', 'Verdict', 'Plan', 'Record')]"),
    _loots("tells the hidden inputs", "The hidden stages' inputs are in memory before the open ones are asked.",
           _FIND_JOB + "loot = [tuple(x.shape) for j in jobs for c in j.cases for x in c.inputs.values() if x.dim() > 3]"),
    attack("tells the hidden inputs late", "An own copy of the way out, kept for when the mouth is closed.", "failed",
           "import os\nkept = os.dup(1)\ndef softmax(scores):\n    if scores.dim() > 3: os.write(kept, f'LOOT {tuple(scores.shape)}\\n'.encode())\n"
           "    return scores * 0\n"),
    attack("tells the hidden inputs by an exception", "The text of an exception in an open stage.", "failed",
           _FIND_JOB + "def softmax(scores):\n    raise ValueError('LOOT' + str([tuple(x.shape) for j in jobs for c in j.cases"
           " for x in c.inputs.values()]))\n"),
    attack("tells the hidden inputs by an exception, late", "The text of an exception in the hidden stage.", "failed",
           RIGHT[ATTACKED].replace("    weights", "    if scores.dim() > 3: raise ValueError(f'LOOT {tuple(scores.shape)}')\n"
                                   "    weights", 1)),
    attack("tells the hidden inputs by a child", "A child process that writes for it, after a while.", "failed",
           "import os, time\nway, out = os.pipe()\nkept = os.dup(1)\nif os.fork() == 0:\n    os.close(out)\n"
           "    os.write(kept, os.read(way, 9999))\n    os._exit(0)\n" + RIGHT[ATTACKED].replace("    weights",
           "    if scores.dim() > 3: os.write(out, f'LOOT {tuple(scores.shape)}'.encode()); time.sleep(0.1); return 0\n"
           "    weights", 1)),
    attack("searches for solutions", "Everything below the places where solutions could lie.", "failed",
           _SEARCH.format(places="['/work', '/home', '/root', '/srv', '/mnt', '/tmp', '/var', '/autograder', '/opt']",
                          wanted="'solution' in folder + name and name.endswith('.ipynb') or name == 'stable_softmax.py'")
           + WRONG, walled=True),
    attack("searches for neighbours", "Every notebook that can be seen, for a neighbour's answer.", "failed",
           _SEARCH.format(places="['/work', '/home', '/root', '/tmp', '/var/tmp', '/autograder']",
                          wanted="name.endswith('.ipynb') and 'chapters' not in folder")
           + WRONG, walled=True),
    _loots("imports the bank", "The course's own exercises, which hold the references.",
           "import sys\nloot = []\nsys.modules.pop('course_lib.exercises.bank', None)\ntry:\n"
           "    from course_lib.exercises.bank import all_exercises\n    loot = [len(all_exercises())]\n"
           "except ImportError: pass", walled=True),
    _loots("reads the judge", "The files that judge, and the hidden stages.",
           "from course_lib.paths import ROOT\nloot = []\nfor part in ('course_lib/exercises/judging.py',"
           " 'course_lib/exercises/bank/ch01/stable_softmax.py', 'tests', 'solutions', 'course_lib/grading/grade.py', '.git'):\n"
           "    try:\n        place = ROOT / part\n        loot += ([part] if place.is_file() and place.read_text() else"
           " [part] * bool(list(place.iterdir())))\n    except OSError: pass", walled=True),
    _loots("reads the seed", "The private text in the environment, the arguments, the files of other processes.",
           "import glob, os\nloot = [k for k in os.environ if 'seed' in k.lower() and k != 'PYTHONHASHSEED']\n"
           "for path in glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ'):\n    try: text ="
           " open(path, 'rb').read()\n    except OSError: continue\n    loot += [path] * (b'seed-file' in text)"),
    _loots("opens other processes' files", "What the grader has open is under /proc.",
           "import glob, os\nloot = []\nfor path in glob.glob('/proc/[0-9]*/fd/*'):\n    try: place = os.readlink(path)\n"
           "    except OSError: continue\n    loot += [place] * any(part in place for part in ('records', 'seed', 'socket'))"),
)
