"""A run in words: the table of its figures and the line that says where they come from."""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any


def summary(result: dict[str, Any], figures: Sequence[str] | None = None, *, digits: int = 3) -> str:
    """The figures of a run or record as a text table: a row for each condition, mean and spread over seeds.

    figures  which ones, in this order; without it, all
    digits   after the point. A count, which is whole and the same for every seed, is shown without

    A condition that has no such figure gets a dash. The spread is the standard deviation (n - 1). Raises
    ValueError for a figure that was not measured at all.
    """
    measured = result["figures"]
    known = list(dict.fromkeys(figure for numbers in measured.values() for figure in numbers))
    chosen = list(figures) if figures is not None else known
    for figure in chosen:
        if figure not in known:
            raise ValueError(f"{result['name']} did not measure {figure!r}. It measured: {', '.join(known)}.")
    rows = [["", *(figure.replace("_", " ") for figure in chosen)]]
    for condition, numbers in measured.items():
        rows.append([condition, *(_cell(numbers.get(figure), digits) for figure in chosen)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    seeds = len(result["config"]["seeds"])
    last = f"mean \N{PLUS-MINUS SIGN} standard deviation over {seeds} seeds" if seeds > 1 else "one seed"
    return "\n".join([*(_line(row, widths) for row in rows), last])


def provenance(record: dict[str, Any]) -> str:
    """One line that says what made a record: size, seeds, duration, machine, versions, code."""
    machine, version = record["machine"], record["versions"]
    seeds = len(record["config"]["seeds"])
    return (f"{record['name']}, {record['size']} run: {seeds} seed{'s' if seeds > 1 else ''}, "
            f"{_duration(record['duration'])} on {machine['model']} ({machine['device'].upper()}), "
            f"Python {version['python']}, torch {version['torch']}, code {record['code'][:8]}")


def _line(row: list[str], widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
    return "   ".join(cells).rstrip()


def _cell(numbers: list[float] | None, digits: int) -> str:
    if numbers is None:
        return "-"
    if numbers[0] == int(numbers[0]) > 1 and len(set(numbers)) == 1:
        return f"{int(numbers[0]):,}"
    spread = f" \N{PLUS-MINUS SIGN} {stdev(numbers):.{digits}f}" if len(numbers) > 1 else ""
    return f"{mean(numbers):.{digits}f}{spread}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
