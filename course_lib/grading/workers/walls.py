"""Walls around what is run: which kinds there are, and which of them stand.

The strongest is a view of the file system, without network and other processes, made by namespaces of our own or by
bubblewrap; where both are refused, Landlock and a filter of system calls take away rights one by one. Limits and clock
hold without any of them.
"""

from dataclasses import dataclass, field

from course_lib.grading.workers import landlock

ALL = ("namespaces", "bubblewrap", "landlock", "filter")


@dataclass
class Walls:
    """Which walls stand around the workers of one server."""

    private: bool = False  # own user, process, mount and IPC namespaces for each worker; the view
    inside: bool = False  # all of them inside bubblewrap; the view
    rules: landlock.Rules | None = None
    filtered: bool = False
    offline: bool = False  # own network namespace
    nobody: bool = False  # the workers are another user than the grader
    exempt: bool = False  # they are root outside too, whom the limit of processes does not bind
    reaper: bool = False
    size: int | None = None  # an open file that tells this process's size, where there is one
    maps: int | None = None  # another that tells its areas of memory
    home: int | None = None  # the server's process namespace
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def asks_for_signals(self) -> bool:
        """Whether the filter must stop signals to other processes, because nothing better does."""
        return not (self.private or self.inside or (self.rules and self.rules.abi >= 6))
