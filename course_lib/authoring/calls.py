"""Which calls a cell makes when it runs, those inside the lesson's own functions included."""

import ast
from collections.abc import Iterator

from course_lib.authoring.page import Page

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def dotted(node: ast.expr) -> str:
    """`torch.nn.Linear` for that expression; what is not a name shows as `?`, as in `?.normal_`."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument, or None."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def definitions(page: Page) -> dict[str, Definition]:
    """The functions and classes that the lesson defines at the top of a cell."""
    top = (node for tree in page.trees.values() for node in tree.body)
    return {node.name: node for node in top if isinstance(node, DEFINITIONS)}


def calls_made(node: ast.AST, known: dict[str, Definition],
               active: frozenset[str] = frozenset()) -> Iterator[ast.Call]:
    """The calls that running `node` makes, in order.

    Defining a function makes none of its calls; calling one of `known` makes all of them. To make an object
    of a known class counts as running its whole body.
    """
    if isinstance(node, DEFINITIONS) and not active:
        run_now = list(node.decorator_list)
        if not isinstance(node, ast.ClassDef):
            run_now += [value for value in (*node.args.defaults, *node.args.kw_defaults) if value]
    else:
        run_now = list(ast.iter_child_nodes(node))
    for child in run_now:
        yield from calls_made(child, known, active)
    if isinstance(node, ast.Call):
        yield node
        name = dotted(node.func)
        if name in known and name not in active:
            yield from calls_made(known[name], known, active | {name})
