"""What an instructor is told about the walls that stood: a sentence each, with what it leaves open."""

from course_lib.grading.workers.walls import Walls


def sentences(walls: Walls) -> list[str]:
    """One sentence a wall, for the report. Each ends in "stands." or "stand." where nothing is left open."""
    by = "own namespaces" if walls.private else "bubblewrap" if walls.inside else ""
    return [
        _limits(walls),
        "A read-only view of the files without the instructor's folders: " + _view(walls, by),
        "Scratch space and shared memory end with the exercise and have a limit: " + _scratch(walls, by),
        "No network: " + _network(walls),
        "Other processes cannot be looked into or ended: " + _apart(walls, by),
        "Workers are another user than the grader: "
        + ("it stands." if walls.nobody else f"missing{_why(walls, 'nobody')}."),
        "No process outlives its exercise: "
        + ("it stands." if by or walls.reaper else "missing; a process that left its session may stay."),
    ]


def _limits(walls: Walls) -> str:
    if walls.exempt:
        return "Limits of time, memory, open files and file size: they stand; the number of processes: missing (root)."
    return "Limits of time, memory, processes, open files and file size: they stand."


def _view(walls: Walls, by: str) -> str:
    if walls.private:
        return f"it stands ({by}{_refused(walls)})."
    if walls.inside:
        open_ = "" if walls.rules else ", but the grader's own source can be read"
        return f"it stands ({by}{_refused(walls)}){open_}."
    if not walls.rules:
        return f"missing{_why(walls, 'namespaces', 'bubblewrap', 'landlock')}."
    open_ = "; that other files exist, how large and how old they are can be seen"
    if not walls.filtered:
        open_ += "; rights and dates of the grader's files can be changed"
    return f"it stands (Landlock, version {walls.rules.abi}{_refused(walls)}){open_}."


def _scratch(walls: Walls, by: str) -> str:
    if by and (walls.private or walls.filtered):
        return f"they stand ({by})."
    left = [] if walls.filtered or by else ["shared memory can stay behind"]
    left += [] if walls.rules or by else ["files can be written wherever the workers' user may"]
    left += [] if by else ["a file has a limit, all files together have none"]
    left += ["shared memory is left for the next worker"] if by else []
    return f"they stand in part: {', '.join(left)}."


def _network(walls: Walls) -> str:
    if walls.offline or walls.filtered:
        return f"it stands ({'own namespace' if walls.offline else 'filter of system calls'})."
    reasons = _why(walls, "namespaces" if "namespaces" in walls.missing else "offline", "bubblewrap", "filter")
    if walls.rules and walls.rules.abi >= 4:
        return f"TCP is closed (Landlock), UDP and sockets in the file system are open{reasons}."
    return f"missing{reasons}."


def _apart(walls: Walls, by: str) -> str:
    if by:
        return f"it stands ({by})."
    if walls.rules and (walls.rules.abi >= 6 or walls.filtered):
        return f"it stands (Landlock{'' if walls.rules.abi >= 6 else ', filter of system calls'})."
    if walls.nobody:
        return "it stands (another user)."
    half = "they cannot be ended (filter of system calls), the rest is " if walls.filtered else ""
    return f"{half}missing{_why(walls, 'namespaces', 'landlock', 'filter')}."


def _refused(walls: Walls) -> str:
    """Which better walls were tried and do not stand."""
    tried = {name: reason for name, reason in walls.missing.items() if name in ("namespaces", "bubblewrap")}
    return "".join(f"; {_NAMES[name]}: {reason}" for name, reason in tried.items() if reason != "not asked for")


_NAMES = {
    "namespaces": "own namespaces",
    "bubblewrap": "bubblewrap",
    "landlock": "Landlock",
    "filter": "filter of system calls",
    "nobody": "",
    "offline": "",
}


def _why(walls: Walls, *names: str) -> str:
    told = [f"{_NAMES[name]}: {walls.missing[name]}".removeprefix(": ") for name in names if name in walls.missing]
    return f" ({'; '.join(told)})" if told else ""
