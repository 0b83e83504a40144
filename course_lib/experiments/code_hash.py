"""A hash of the code behind an experiment's figures: its module and what that imports of this package.

It changes when a figure could: not with comments, docstrings, blank lines or line endings, and not with the
Python that computes it, which is why it is made of source lines and not of a syntax tree's dump.

`from course_lib.attention import attend` leads to the module that defines `attend`, not to all of the
package. So an experiment should import names: then its record outlives what is added beside them.
"""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

from course_lib.paths import ROOT

PACKAGE = "course_lib"
EXPERIMENTS = f"{PACKAGE}.experiments"
# What runs experiments and writes them down, but makes no figure. The folder's other modules do.
FRAME = {EXPERIMENTS} | {
    f"{EXPERIMENTS}.{name}" for name in ("code_hash", "experiment", "machine", "records", "registry", "running",
                                         "telling", "threads")
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_hash(module: str, root: Path = ROOT) -> str:
    """64 hexadecimal digits for a module and everything of the package that it imports, directly or not."""
    digest = hashlib.sha256()
    for name in sorted(modules_behind(module, root)):
        digest.update("\n".join([name, *significant_lines(_source(name, root)), ""]).encode())
    return digest.hexdigest()


def modules_behind(module: str, root: Path = ROOT) -> set[str]:
    """The names of the module itself and of the package's modules behind it."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in _imports(name, root) if other not in FRAME]
    return found


def significant_lines(source: str) -> list[str]:
    """The lines of Python source that mean something: no comments, docstrings, blank lines."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for first, last in _docstrings(ast.parse(source), lines):
        lines[first - 1:last] = [""] * (last - first + 1)
    return [line.rstrip() for line in lines if line.strip()]


def _docstrings(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each docstring that has its lines to itself; `def f(): "doc"` is left alone."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            before = lines[text.lineno - 1].encode()[:text.col_offset]              # AST columns count bytes
            after = lines[text.end_lineno - 1].encode()[text.end_col_offset:]
            if not before.strip() and not after.strip():
                yield text.lineno, text.end_lineno


def _imports(module: str, root: Path) -> Iterator[str]:
    tree = ast.parse(_source(module, root))
    package = module if _path(module, root).name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _path(alias.name, root))
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, package)
            yield from (_home(origin, alias.name, root) for alias in node.names if _path(origin, root))


def _home(module: str, name: str, root: Path) -> str:
    """Where `from module import name` leads: a submodule, or where a package's __init__ has it from."""
    if _path(f"{module}.{name}", root):
        return f"{module}.{name}"
    if _path(module, root).name == "__init__.py":
        for node in ast.parse(_source(module, root)).body:
            if isinstance(node, ast.ImportFrom) and _path(origin := _absolute(node, module), root):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return _home(origin, alias.name, root)
    return module


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")
    parents = parents[:len(parents) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def _path(module: str, root: Path) -> Path | None:
    """The file of one of the package's modules; None if it is none of them."""
    if module.partition(".")[0] != PACKAGE:
        return None
    stem = root.joinpath(*module.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def _source(module: str, root: Path) -> str:
    path = _path(module, root)
    if path is None:
        raise ValueError(f"{module} is not a module of {PACKAGE} under the root that was given.")
    return path.read_text(encoding="utf-8")
