"""What no answer of this course needs, and code that means to cheat does: for whoever grades to look at.

Most of it costs nobody a point: people who use it mean no harm. What can get round a rule is told apart.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Oddity:
    """Something that stands out: its code, what that does, and whether it could get round what an exercise forbids."""

    code: str
    does: str
    undermines: bool


_UNDERMINING_MODULES = {
    "ctypes": "reaches into memory",
    "course_lib.grading": "reaches for the grader",
    "course_lib.exercises.bank": "reaches for the exercises' answers",
    "course_lib.exercises.calling": "reaches for what calls the answer",
    "course_lib.exercises.judging": "reaches for what judges the answer",
    "course_lib.exercises.shortcuts": "reaches for the watch over forbidden functions",
}
_MODULES = {
    **_UNDERMINING_MODULES,
    "gc": "reads what Python keeps in memory",
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
}
_UNDERMINING = {
    **dict.fromkeys(("setprofile", "settrace", "addaudithook"), "changes what watches over calls"),
    **dict.fromkeys(("_getframe", "f_back", "f_locals", "f_globals", "tb_frame"), "reads frames"),
    **dict.fromkeys(("get_objects", "get_referrers", "get_referents"), "reads what Python keeps in memory"),
    **dict.fromkeys(("__code__", "__globals__", "__closure__"), "takes functions apart"),
    **dict.fromkeys(("DisableTorchFunction", "DisableTorchFunctionSubclass", "_pop_mode_temporarily",
                     "_jit_get_operation"), "goes past what watches over PyTorch"),
}
_ATTRIBUTES = {
    **_UNDERMINING,
    "__subclasses__": "looks for classes that were not given",
    **dict.fromkeys(("fork", "kill", "killpg", "_exit", "dup", "dup2"), "deals with processes or open files"),
}
_FUNCTIONS = {"eval", "exec", "compile", "__import__", "globals"}  # methods of these names are others


@lru_cache(maxsize=1000)
def odd_conduct(code: str) -> tuple[Oddity, ...]:
    """What stands out in the code of a submission; empty where nothing does.

    Args:
        code: Python, as it is run.
    """
    return tuple(dict.fromkeys(Oddity(ast.unparse(node)[:80], *told) for node, *told in _found(ast.parse(code))))


def _found(module: ast.Module) -> Iterator[tuple[ast.AST, str, bool]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = getattr(node, "module", None)
            for alias in node.names:
                name = f"{origin}.{alias.name}." if origin else f"{alias.name}."
                for known in (known for known in _MODULES if name.startswith(f"{known}.")):
                    yield node, _MODULES[known], known in _UNDERMINING_MODULES
                if alias.name in _ATTRIBUTES:
                    yield node, _ATTRIBUTES[alias.name], alias.name in _UNDERMINING
        elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
            yield node, _ATTRIBUTES[node.attr], node.attr in _UNDERMINING
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in _ATTRIBUTES | _MODULES:
            undermines = node.value in _UNDERMINING | _UNDERMINING_MODULES
            yield node, "names in a string what is not called by its name", undermines
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            made_up = len(node.args) > 1 and not isinstance(node.args[1], ast.Constant)
            if node.func.id in _FUNCTIONS:
                yield node, "runs or reaches what is not written here", False
            elif node.func.id in ("getattr", "setattr") and made_up:
                yield node, "takes a name that is made up as it runs", False
