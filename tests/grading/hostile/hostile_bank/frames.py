"""Lies on the pipe that results come back through, by a worker that may write whatever it likes."""

from hostile_bank.attack import WRONG, attack

_TOOLS = """
import gc, json, os, struct, sys, time, torch
from course_lib.exercises.calling import Kind, Observation

frame_of = sys._getframe()
while not {"encode", "notes"} <= set(frame_of.f_globals):
    frame_of = frame_of.f_back
worker = frame_of.f_globals

class wire:
    encode, _PREFIX = staticmethod(worker["encode"]), struct.Struct("<4sIQ")

notes = worker["notes"]

def send(data, file=3):
    while data: data = data[os.write(file, data):]

def frame(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return wire._PREFIX.pack(b"CGW1", len(text), len(body)) + text + body

KIND = wire.encode(notes.of_kind(Kind("function", "softmax", "softmax")))

def job():
    return next(each for each in gc.get_objects() if type(each).__name__ == "Job")

def case(number, output, inputs):
    return wire.encode(notes.of_case(number, Observation(output=output, repeat=output, inputs_after=inputs,
                                                         gradients=inputs)))
"""


def _on_the_pipe(name, tries, code, status="stopped failed", before=""):
    """What is done as soon as the answer's cell runs, before anything was asked."""
    return attack(name, tries, status, f"{_TOOLS}\n{before}{WRONG}\n{code}\n")


def _in_a_frame(name, tries, header, body="b''"):
    return _on_the_pipe(f"frame: {name}", tries, f"send(KIND + frame({header}, {body}))\nos._exit(0)")


_CASE = "{{'value': {}, 'tensors': {}}}"
ATTACKS = (
    _on_the_pipe("invents all reports", "Well-formed reports on every stage, with zeros for outputs, before any is asked for.",
                 "send(KIND)\nfor n, c in enumerate(job().cases):\n    x = c.inputs['scores']\n"
                 "    send(case(n, torch.zeros_like(x), {'scores': x}))\nos._exit(0)"),
    _on_the_pipe("reports of more stages than there are", "Report after report without end.",
                 "send(KIND)\nx = torch.ones(1, 3)\nfor n in range(1000): send(case(n, x, {'scores': x}))"),
    _on_the_pipe("says that it passed", "A report with a field that says so.",
                 "send(KIND + frame({'value': {'dict': [['report', 'case'], ['passed', True], ['points', 100]]}, 'tensors': []}))"),
    _on_the_pipe("a pickle", "Whoever unpickles it runs a command.",
                 "import pickle\nclass Run:\n    def __reduce__(self): return os.system, ('touch hostile_was_here',)\n"
                 "send(pickle.dumps(Run()))\nos._exit(0)"),
    _on_the_pipe("a thing that pickles into a command", "The output itself would run a command where it is unpickled.",
                 "class Run:\n    def __reduce__(self): return os.system, ('touch hostile_was_here',)\n"
                 "def softmax(scores): return Run()", "failed"),
    _on_the_pipe("half a frame, and waits", "The reader waits for the rest for ever.",
                 "send(KIND[:9])\ntime.sleep(1000)", "stopped"),
    _on_the_pipe("a byte at a time", "Every byte comes, but late.",
                 "for byte in KIND * 9: os.write(3, bytes([byte])); time.sleep(0.3)", "stopped"),
    _on_the_pipe("a frame of a terabyte", "The reader makes room for what is announced.",
                 "send(KIND + wire._PREFIX.pack(b'CGW1', 100, 2**40) + b'x' * 1000)\ntime.sleep(1000)"),
    _on_the_pipe("a wrong length", "What follows is read as if it were the next frame.",
                 "send(wire._PREFIX.pack(b'CGW1', 7, 0) + KIND[16:])\nos._exit(0)"),
    _on_the_pipe("floods the pipe", "More bytes than anybody can keep.",
                 "for _ in range(2000): send(b'CGW1' * 2**14)"),
    _on_the_pipe("closes the pipe", "The end of file comes early.", "os.close(3)\ntime.sleep(0.1)\nos._exit(0)"),
    _on_the_pipe("closes all files", "Whatever happens without any open file.", "os.closerange(0, 100)"),
    _on_the_pipe("another's number", "Reports in another order.",
                 "x = torch.ones(1, 3)\nsend(KIND + case(3, x, {'scores': x}))\nos._exit(0)"),
    _on_the_pipe("reports that it was not attempted", "An open stub where the answer is wrong.",
                 "send(KIND + wire.encode(notes.of_case(0, Observation(unattempted=True))))\nos._exit(0)",
                 "unattempted stopped"),
    _on_the_pipe("encode replaced", "Reports are rewritten on their way out.",
                 "real = wire.encode\n"
                 "worker['encode'] = lambda report: real({**report, 'shortcut': None, 'failure': None})", "failed stopped"),
    _on_the_pipe("observe replaced", "The one who calls the answer sees what the answer likes.",
                 "import course_lib.exercises.calling as c\n"
                 "worker['observe'] = c.observe = lambda *a, **k: Observation(output=True)", "failed stopped"),
    _on_the_pipe("write replaced", "os.write is another function.",
                 "real = os.write\nos.write = lambda f, d: real(f, bytes(d).replace(b'null', b'true'))", "failed stopped"),
    _in_a_frame("axes that overflow", "Shapes whose strides no number can hold, without a byte of content.",
                _CASE.format("{'tensor': 0}", "[{'dtype': 'float32', 'shape': [2**40, 2**40, 0]}]")),
    _in_a_frame("an impossible bool", "A bool that is neither, which makes C code misbehave.",
                _CASE.format("{'tensor': 0}", "[{'dtype': 'bool', 'shape': [2]}]"), r"b'\x02\xff'"),
    _in_a_frame("an object array", "A dtype that holds pointers.",
                _CASE.format("{'tensor': 0}", "[{'dtype': 'object', 'shape': [1]}]"), "b'12345678'"),
    _in_a_frame("negative sizes", "A tensor of minus one elements.",
                _CASE.format("{'tensor': 0}", "[{'dtype': 'float32', 'shape': [-1]}]")),
    _in_a_frame("brackets without end", "JSON whose reader runs out of stack.", "b'[' * 200_000"),
    _in_a_frame("digits without end", "A whole number that takes quadratic time to read.", "b'9' * 200_000"),
    _in_a_frame("the same key twice", "The one who checks reads another value than the one who uses it.",
                """b'{"value": 1, "value": {"tensor": 7}, "tensors": []}'"""),
    _in_a_frame("a class of any name", "A class is made of a name that comes from outside.",
                _CASE.format("{'foreign': '__init_subclass__'}", "[]")),
    _in_a_frame("half letters", "Text that cannot be written into any file.",
                r"""b'{"value": "\\ud800", "tensors": []}'"""),
)
