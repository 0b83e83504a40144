"""Names: every section runs in a fresh kernel after the set-up cell.

So a cell uses what its section defined above it, what the set-up cell defined, or what it imports itself.
What stands in an exercise cell is the learner's, and an instructor's cell is not in the learner's edition:
nothing builds on either.
"""

import builtins
import dis
from collections.abc import Iterator
from types import CodeType

from course_lib.authoring.page import Page, Section
from course_lib.authoring.problem import Problem
from course_lib.authoring.source import Cell

ALWAYS = {*dir(builtins), "display", "get_ipython", "__name__"}


def defined(page: Page) -> Iterator[Problem]:
    """Every name that a section uses is defined in that section, in the set-up cell, or by import."""
    setup: set[str] = set()
    for section in page.sections:
        available = ALWAYS | setup
        theirs: set[str] = set()    # bound by an exercise or an instructor's cell of this section
        for cell in section.cells:
            if cell.kind != "code":
                continue
            binds, missing = _names(cell, available)
            for name, line in missing.items():
                yield page.problem("names", cell, _why(page, section, name, theirs), line)
            if cell.exercise or "instructor" in cell.tags:
                theirs |= binds
                available -= binds
            else:
                theirs -= binds
                available |= binds
            if "setup" in cell.tags:
                setup |= binds


def _names(cell: Cell, available: set[str]) -> tuple[set[str], dict[str, int]]:
    """What a cell binds, and what it uses that is neither available nor bound before, with the line of that.

    The compiler has settled every scope already, so this reads its result: at a cell's top a name is loaded
    by LOAD_NAME; in a function, which runs later, a global one by LOAD_GLOBAL.
    """
    try:
        code = compile(cell.source, "cell", "exec")
    except SyntaxError:    # reported when the editions are made
        return set(), {}
    bound: set[str] = set()
    missing: dict[str, int] = {}
    later: dict[str, int] = {}
    there = set(available)
    for name, action, line in _uses(code):
        if action == "LOAD_NAME" and name not in there:
            missing.setdefault(name, line)
        elif action == "STORE_NAME":
            bound.add(name)
            there.add(name)
        elif action == "DELETE_NAME":
            bound.discard(name)
            there.discard(name)
    for inner in _inner(code):
        own: set[str] = set()    # a class body binds names of its own
        for name, action, line in _uses(inner):
            own |= {name} if action == "STORE_NAME" else set()
            bound |= {name} if action == "STORE_GLOBAL" else set()
            if action in ("LOAD_GLOBAL", "LOAD_NAME") and name not in own:
                later.setdefault(name, line)
    missing |= {name: line for name, line in later.items() if name not in available | bound | missing.keys()}
    return bound, missing


def _uses(code: CodeType) -> Iterator[tuple[str, str, int]]:
    """(name, operation, line) for every operation on a name, in the order in which they stand in the code."""
    starts = dict(dis.findlinestarts(code))
    line = 1
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset) or line
        if instruction.opname.endswith(("_NAME", "_GLOBAL")):
            yield instruction.argval, instruction.opname, line


def _inner(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)


def _why(page: Page, section: Section, name: str, theirs: set[str]) -> str:
    if name in theirs:
        return f"`{name}` is bound in an exercise or instructor's cell, on which nothing builds; bind it here"
    for other in page.sections:
        for cell in other.cells:
            if other is not section and cell.kind == "code" and name in _names(cell, set())[0]:
                where = f"section {other.heading.text!r}" if other.heading else "the cells before section 1"
                return f"`{name}` is from {where}; define it here too, or in the set-up cell"
    return f"`{name}` is not defined above, in this section or in the set-up cell"
