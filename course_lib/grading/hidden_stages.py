"""Cut the stages that run only in grading out of the bank's source, for what learners get."""

import ast


def without_hidden_stages(source: str) -> str:
    """A bank file without its `Stage(..., hidden=True)` and without the helpers that only those used.

    Everything else stays as it is, comments too.

    Raises:
        ValueError: a hidden stage stands where it cannot be cut out: not as an element of a tuple or list.
    """
    tree = ast.parse(source)
    cuts = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                if _is_hidden(element):
                    cuts.append(element)
    if len(cuts) != sum(_is_hidden(node) for node in ast.walk(tree)):
        raise ValueError("a hidden stage must be written as an element of the tuple of stages.")
    for element in sorted(cuts, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        source = _cut(source, element, to_comma=True)
    return _without_unused(source)


def _is_hidden(node: ast.AST) -> bool:
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Stage"
            and any(keyword.arg == "hidden" for keyword in node.keywords))


def _without_unused(source: str) -> str:
    """Without private functions and values of the file's own level that nothing in it uses any more."""
    while True:
        tree = ast.parse(source)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        for statement in tree.body:
            name = _private_name(statement)
            if name and name not in used:
                source = _cut(source, statement)
                break
        else:
            return source


def _private_name(statement: ast.stmt) -> str | None:
    name = None
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        name = statement.name
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
    return name if name and name.startswith("_") and not name.startswith("__") else None


def _cut(source: str, node: ast.AST, to_comma: bool = False) -> str:
    """The source without the lines of a node; of an element, without the comma behind it."""
    lines = source.splitlines(keepends=True)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    before = lines[first - 1].encode()[:node.col_offset].decode() if not decorators else ""
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset:].decode()
    if to_comma:
        after = after.lstrip().removeprefix(",")
    left = before + after
    return "".join([*lines[:first - 1], *([left] if left.strip() else []), *lines[node.end_lineno:]])
