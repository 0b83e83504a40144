"""Solution regions in a code cell, and what stands in their place in either edition.

    # BEGIN SOLUTION
    weights = scores.softmax(-1)        the solved edition keeps this
    # STUB                              optional; without it the learner finds a NotImplementedError
    #| weights = ...                    the learner's edition shows `weights = ...`
    # END SOLUTION
"""

import re
from dataclasses import dataclass

BEGIN, STUB, END = "# BEGIN SOLUTION", "# STUB", "# END SOLUTION"
# What somebody meant as a marker but misspelt would publish the solution.
LOOKS_LIKE_A_MARKER = re.compile(r"\s*#.*\b(begin|end)\W{0,3}solution|\s*#+\s*stub\s*:?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Region:
    """One region: its indent, the solution's lines, and the stub's lines (None: the default stub)."""

    indent: str
    solution: tuple[str, ...]
    stub: tuple[str, ...] | None

    def stub_for(self, exercise: str) -> tuple[str, ...]:
        """What the learner finds here."""
        if self.stub is not None:
            return self.stub
        lines = ("# YOUR CODE HERE", f'raise NotImplementedError("exercise {exercise}")')
        return tuple(self.indent + line for line in lines)


class RegionError(ValueError):
    """A malformed region; `offset` is the line within the cell, from 0."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


def split(source: str) -> list[str | Region]:
    """The cell as lines and regions in their order. Raises `RegionError`."""
    parts: list[str | Region] = []
    start: int | None = None
    lines = source.split("\n")
    for offset, line in enumerate(lines):
        word = line.strip()
        if word == BEGIN:
            if start is not None:
                raise RegionError(offset, f"`{BEGIN}` inside a region; write `{END}` above it")
            start = offset
        elif word == END:
            if start is None:
                raise RegionError(offset, f"`{END}` without a `{BEGIN}` above it")
            parts.append(_region(lines, start, offset))
            start = None
        elif word == STUB:
            if start is None:
                raise RegionError(offset, f"`{STUB}` outside a region; put it between `{BEGIN}` and `{END}`")
        elif LOOKS_LIKE_A_MARKER.match(line):
            raise RegionError(offset, f"`{word}` is nearly a marker; write `{BEGIN}`, `{STUB}` or `{END}`")
        elif start is None:
            parts.append(line)
    if start is not None:
        raise RegionError(start, f"`{BEGIN}` is never closed; add `{END}` under the solution")
    return parts


def solved(source: str) -> str:
    """The cell as the solved edition has it: markers and stubs gone."""
    lines: list[str] = []
    for part in split(source):
        lines += [part] if isinstance(part, str) else part.solution
    return "\n".join(lines)


def learner(source: str, exercise: str) -> str:
    """The cell as the learner's edition has it: a stub in place of every region."""
    lines: list[str] = []
    for part in split(source):
        lines += [part] if isinstance(part, str) else part.stub_for(exercise)
    return "\n".join(lines)


def _region(lines: list[str], start: int, end: int) -> Region:
    stubs = [offset for offset in range(start, end) if lines[offset].strip() == STUB]
    if len(stubs) > 1:
        raise RegionError(stubs[1], f"a second `{STUB}` in one region; keep one")
    body_end = stubs[0] if stubs else end
    solution = tuple(lines[start + 1:body_end])
    if not any(line.strip() for line in solution):
        raise RegionError(start, f"the region holds no solution; write it under `{BEGIN}`")
    stub = tuple(_stub_line(lines[offset], offset) for offset in range(stubs[0] + 1, end)) if stubs else None
    if stub is not None and not any(line.strip() for line in stub):
        raise RegionError(stubs[0], f"nothing follows `{STUB}`; write its lines as `#| code`, or drop it")
    indent = lines[start][:lines[start].index("#")]
    return Region(indent, solution, stub)


def _stub_line(line: str, offset: int) -> str:
    code = line.lstrip()
    indent = line[:len(line) - len(code)]
    if code.startswith("#|"):
        return (indent + code[2:].removeprefix(" ")).rstrip()
    if code and not code.startswith("#"):
        raise RegionError(offset, f"a stub's lines are written as `#| code`; this one is not: `{code}`")
    return line
