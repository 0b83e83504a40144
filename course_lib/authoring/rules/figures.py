"""Figures: whoever cannot see one reads what is to be seen in it."""

import ast
from collections.abc import Iterator

from course_lib.authoring.calls import Definition, calls_made, definitions, dotted, keyword
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell

FORM = 'viz.show(figure, alt="...")'
SHORTEST_ALT = 20    # characters; below that it is a title, not a description
# Of pyplot and of course_lib.viz: what does not make a figure.
NO_FIGURE = {"plt.close", "plt.rc", "plt.get_cmap", "plt.imread", "plt.imsave", "viz.show", "viz.use_style",
             "viz.map_png", "viz.outline"}
NO_FIGURE_UNDER = ("plt.style.", "plt.rcParams.", "plt.cm.", "plt.colormaps.")


def alternative_text(page: Page) -> Iterator[Problem]:
    """A cell that makes a figure ends in `viz.show(figure, alt="...")`, with the words written out."""
    known = definitions(page)
    for cell in page.code:
        tree = page.trees[cell.id]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _shown_well(page, cell, tree, node)
        if any(_makes_a_figure(call) for call in calls_made(tree, known)) and not _ends_in_show(tree, known):
            yield page.problem("figures", cell, f"a cell that makes a figure ends in {FORM}")


def _makes_a_figure(call: ast.Call) -> bool:
    name = dotted(call.func)
    makes = name.startswith(("plt.", "viz.")) and name.split(".")[-1][0].islower()    # plt.Circle is a shape
    return makes and name not in NO_FIGURE and not name.startswith(NO_FIGURE_UNDER)


def _ends_in_show(tree: ast.Module, known: dict[str, Definition]) -> bool:
    return any(dotted(call.func) == "viz.show" for call in calls_made(tree.body[-1], known))


def _shown_well(page: Page, cell: Cell, tree: ast.Module, call: ast.Call) -> Iterator[Problem]:
    name = dotted(call.func)
    if name == "plt.show":
        yield page.problem("figures", cell, f"plt.show() has no alternative text; use {FORM}", call.lineno)
    if name == "viz.show":
        alt = keyword(call, "alt")
        if alt is None:
            yield page.problem("figures", cell, f"viz.show says what is to be seen: {FORM}", call.lineno)
        elif not _handed_on(tree, alt) and _length(alt) < SHORTEST_ALT:
            message = f"write the alternative text out, a string of {SHORTEST_ALT} characters or more"
            yield page.problem("figures", cell, message, call.lineno)


def _handed_on(tree: ast.Module, alt: ast.expr) -> bool:
    """Whether `alt` is an argument of a function in the cell: then its callers write the words."""
    arguments = {argument.arg for node in ast.walk(tree) if isinstance(node, ast.arguments)
                 for argument in [*node.args, *node.kwonlyargs]}
    return isinstance(alt, ast.Name) and alt.id == "alt" and "alt" in arguments


def _length(alt: ast.expr) -> int:
    """Characters written out; a value in an f-string counts as one."""
    if isinstance(alt, ast.Constant) and isinstance(alt.value, str):
        return len(alt.value.strip())
    if isinstance(alt, ast.JoinedStr):
        return sum(_length(part) if isinstance(part, ast.Constant) else 1 for part in alt.values)
    if isinstance(alt, ast.BinOp) and isinstance(alt.op, ast.Add):
        return _length(alt.left) + _length(alt.right)
    return 0
