"""The closing report of a test run: what the tests measured, summed over all workers.

A test adds to it through pytest's own fixture:

    record_property("course_report", {"exercise_engine": {"mistakes_rejected": (24, 24), "check_ms": [3.1]}})

The outer key is a group. Inside, a name that ends in `_ms` holds a list of durations, shown as median and
largest; every other name holds a pair (how many, of how many), summed and shown with its share. The groups of
this course are `exercise_engine` (mistakes_rejected, mistakes_recognised, variants_accepted, check_ms) and
`notebook_cells` (compared; written by the plugin).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import pytest

KEY = "course_report"


class CourseReport:
    """Gathers in the process that prints; with xdist, reports come there from every worker."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, list[float]]] = defaultdict(dict)
        self.seconds: dict[str, float] = defaultdict(float)     # notebook -> run time

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test recorded, once, and the time of each phase of a notebook's cell."""
        file = report.nodeid.split("::")[0]
        if file.endswith(".ipynb"):
            self.seconds[file] += report.duration
        if report.when == "call":
            for key, groups in report.user_properties:
                if key == KEY:
                    self.add(groups)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report, if there is anything in it."""
        lines = list(self.lines())
        if lines:
            terminalreporter.section("course report")
            for line in lines:
                terminalreporter.write_line(line)

    def add(self, groups: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        """Add one test's figures; raises ValueError for a pair that is none."""
        for group, figures in groups.items():
            for name, value in figures.items():
                known = self.figures[group].setdefault(name, [] if name.endswith("_ms") else [0, 0])
                if name.endswith("_ms"):
                    known += value
                elif len(value) == 2:
                    known[:] = [known[0] + value[0], known[1] + value[1]]
                else:
                    raise ValueError(f"{KEY}: {group}.{name} must be (how many, of how many), got {value!r}")

    def lines(self) -> Iterator[str]:
        """The report, line by line."""
        for group, figures in sorted(self.figures.items()):
            for name, value in figures.items():
                label = f"{group}: {name}".replace("_", " ")
                if name.endswith("_ms"):
                    if value:
                        summary = f"median {median(value):.1f}, largest {max(value):.1f}, of {len(value)}"
                        yield f"{label:<42} {summary}"
                else:
                    yield f"{label:<42} {value[0]:g} of {value[1]:g} ({value[0] / max(value[1], 1):.1%})"
        for notebook, seconds in sorted(self.seconds.items()):
            yield f"{'run time: ' + notebook:<60} {seconds:5.1f} s"
