"""What no answer of this course needs, and code that means to cheat does: for whoever grades to look at.

It costs nobody a point. A list of words can be got round, and most people who use one of them mean no harm.
"""

import ast
from collections.abc import Iterator

_MODULES = {
    "gc": "reads what Python keeps in memory",
    "ctypes": "reaches into memory",
    "inspect": "reads code and frames",
    "importlib": "imports by a name that is made up as it runs",
    "threading": "starts threads",
    "_thread": "starts threads",
    "multiprocessing": "starts processes",
    "subprocess": "starts programs",
    "socket": "talks to other programs",
    "signal": "sends or catches signals",
    "atexit": "runs at the end",
    "builtins": "reaches for Python's own functions",
    "course_lib.grading": "reaches for the grader",
    "course_lib.exercises.bank": "reaches for the exercises' answers",
    "course_lib.exercises.calling": "reaches for what calls the answer",
    "course_lib.exercises.judging": "reaches for what judges the answer",
    "course_lib.exercises.shortcuts": "reaches for the watch over forbidden functions",
}
_ATTRIBUTES = {
    **dict.fromkeys(("setprofile", "settrace", "addaudithook"), "changes what watches over calls"),
    **dict.fromkeys(("_getframe", "f_back", "f_locals", "f_globals", "tb_frame"), "reads frames"),
    **dict.fromkeys(("__code__", "__globals__", "__closure__", "__subclasses__"), "takes functions apart"),
    **dict.fromkeys(("fork", "kill", "killpg", "_exit", "dup", "dup2"), "deals with processes or open files"),
    **dict.fromkeys(("DisableTorchFunction", "DisableTorchFunctionSubclass", "_pop_mode_temporarily",
                     "_jit_get_operation"), "goes past what watches over PyTorch"),
}
_FUNCTIONS = {"eval", "exec", "compile", "__import__", "globals"}  # methods of these names are others


def odd_conduct(code: str) -> tuple[str, ...]:
    """What stands out in the code of a submission, a sentence each; empty where nothing does.

    Args:
        code: Python, as it is run.
    """
    return tuple(dict.fromkeys(f"`{ast.unparse(node)[:80]}` {why}" for node, why in _found(ast.parse(code))))


def _found(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = getattr(node, "module", None)
            for alias in node.names:
                name = f"{origin}.{alias.name}." if origin else f"{alias.name}."
                whys = [why for known, why in _MODULES.items() if name.startswith(f"{known}.")]
                for why in whys or filter(None, [_ATTRIBUTES.get(alias.name)]):
                    yield node, why
        elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
            yield node, _ATTRIBUTES[node.attr]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in _ATTRIBUTES | _MODULES:
            yield node, "names in a string what is not called by its name"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            made_up = len(node.args) > 1 and not isinstance(node.args[1], ast.Constant)
            if node.func.id in _FUNCTIONS:
                yield node, "runs or reaches what is not written here"
            elif node.func.id in ("getattr", "setattr") and made_up:
                yield node, "takes a name that is made up as it runs"
