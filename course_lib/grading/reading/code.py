"""A cell's code, read and never run: what it defines, and what of it may run when it is graded."""

import ast
import re
import warnings
from collections.abc import Iterable
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

# What a lesson calls to talk to the learner. When work is graded nobody listens.
_TALK = {"check", "hint", "predict", "quiz", "progress", "display"}
_HARMLESS_CELL_MAGICS = re.compile(r"^\s*%%(time|timeit|capture|prun)\b[^\n]*\n")
_MOST_MAGICS = 20  # in a cell
_LONGEST_WITH_MAGICS = 5_000  # characters; the longest of the lessons' cells has 1,800
_DEEPEST = 150  # levels of syntax: an `elif` is one, and so is each `+` of a sum


def parse(source: str) -> ast.Module:
    """The code of a cell without its magics, shell lines and calls of `check` and the like. Not to be changed.

    Raises:
        SyntaxError: it is not Python, `lineno` and `text` say where; or it is nested too deeply to be read.
    """
    module = _parsed(source)
    if isinstance(module, SyntaxError):
        raise SyntaxError(*module.args)  # a new one: a kept one would gather tracebacks
    return module


@lru_cache(maxsize=1000)
def _parsed(source: str) -> ast.Module | SyntaxError:
    """Most cells of a class are the lesson's, and the same in every submission."""
    source = _HARMLESS_CELL_MAGICS.sub("\n", source.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        module = _python_or_ipython(source)
    except SyntaxError as error:
        return SyntaxError(*error.args)
    module.body = [statement for statement in module.body if not _is_talk(statement)]
    return module


def _python_or_ipython(source: str) -> ast.Module:
    """As Python, and where it is none, as what IPython makes of it: nothing that is Python holds a magic."""
    try:
        return _python(source)
    except SyntaxError:
        if len(source) > _LONGEST_WITH_MAGICS:
            raise
    try:
        # A fresh one: it knows of no transformer that somebody may have registered.
        return _python(_Transformer().transform_cell(source))
    except SyntaxError:
        raise
    except Exception as error:  # it meets what is no Python with errors of several kinds
        raise SyntaxError(str(error)) from None


class _Transformer(TransformerManager):
    """IPython's, which reads a cell once more for each magic in it, in bounded time."""

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        for _ in range(_MOST_MAGICS):
            changed, lines = self.do_one_token_transform(lines)
            if not changed:
                return lines
        raise SyntaxError(f"a cell of more than {_MOST_MAGICS} magics and shell lines")


def _python(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a learner's string is no concern of the grader's terminal
            module = ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from None
    level: list[ast.AST] = [module]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:  # else the first to walk through it would run out of stack
        raise SyntaxError(f"its syntax has more than {_DEEPEST} levels, one in another; that is not read")
    return module


def what_is_needed(setup: ast.Module, by: Iterable[ast.Module]) -> ast.Module:
    """The statements of a set-up cell that other code leans on, by the names it uses, in their order.

    A set-up imports for a whole lesson, and most answers need two of ten. What defines no name is left out.
    """
    wanted = set().union(*(_names_used(module) for module in by))
    kept: set[int] = set()
    for number in reversed(range(len(setup.body))):  # a statement leans on those above it
        alone = ast.Module([setup.body[number]], [])
        if names_defined(alone) & wanted:
            kept.add(number)
            wanted |= _names_used(alone)
    return ast.Module([statement for number, statement in enumerate(setup.body) if number in kept], [])


def _names_used(module: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}


@lru_cache(maxsize=1000)  # the same for each exercise of a notebook
def definitions(module: ast.Module) -> ast.Module:
    """The imports, functions, classes and constants of a cell: what can be defined without anything happening."""
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return ast.Module([each for each in module.body if isinstance(each, kept) or _is_constant(each)], [])


def _is_constant(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    try:
        ast.literal_eval(statement.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return all(isinstance(target, ast.Name) for target in statement.targets)


def names_defined(module: ast.Module, *, imports: bool = True) -> set[str]:
    """The names that a cell's own level gives a function, a class or a value, or imports."""
    found: set[str] = set()
    for statement in module.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            found |= {node.id for target in _targets(statement) for node in ast.walk(target) if _is_set(node)}
        elif imports and isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    return found


@lru_cache(maxsize=1000)
def source_of(module: ast.Module) -> str:
    """Code again. Comments are gone, and what is left runs as before."""
    return ast.unparse(module)


def seems_to_define(source: str, name: str) -> bool:
    """Whether code that cannot be parsed looks as if it were to define that function or class."""
    return re.search(rf"^\s*(?:def|class)\s+{re.escape(name)}\b", source, re.MULTILINE) is not None


def same_code(one: str, other: str) -> bool:
    """Whether two cells differ in nothing but comments and layout."""
    if one.strip() == other.strip():
        return True
    try:
        return ast.dump(parse(one)) == ast.dump(parse(other))
    except SyntaxError:
        return False


def is_stub(module: ast.Module, name: str, exercise: str) -> bool:
    """Whether the function or class still raises the stub's own `NotImplementedError`."""
    for statement in module.body:
        if getattr(statement, "name", None) == name:
            return any(isinstance(node, ast.Raise) and _raises_stub(node, exercise) for node in ast.walk(statement))
    return False


def _raises_stub(node: ast.Raise, exercise: str) -> bool:
    call = node.exc
    return (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "NotImplementedError"
            and len(call.args) == 1 and isinstance(call.args[0], ast.Constant)
            and call.args[0].value == f"exercise {exercise}")


def _is_set(node: ast.AST) -> bool:
    """Whether it is a name that gets a value, in `a, b = ...` too, and not in `a[b] = ...`."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _targets(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterable[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _is_talk(statement: ast.stmt) -> bool:
    """A call of `check` or its import, or of IPython: what magics and shell lines are turned into."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "course_lib.exercises":
        return True
    call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(call, ast.Call):
        return False
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in _TALK and isinstance(statement, ast.Expr)
    return (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)
            and isinstance(function.value.func, ast.Name) and function.value.func.id == "get_ipython")
