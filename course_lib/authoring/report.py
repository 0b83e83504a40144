"""What a build prints: how long each notebook took, where, and with how much memory."""

from course_lib.authoring.execute import Run
from course_lib.authoring.source import Lesson

NOTEBOOK_SECONDS = 90    # on two cores; what a lesson may take
CELL_SECONDS = 45
WORTH_NAMING = 1.0       # seconds


def describe(lesson: Lesson, edition: str, run: Run) -> str:
    """A line on the run, one on each slow cell, and a warning for what takes longer than a lesson may."""
    lines = {cell.id: cell.line for cell in lesson.cells}
    memory = f", {run.peak_mib} MiB at most" if run.peak_mib is not None else ""
    told = [f"{lesson.slug}, {edition}: {run.seconds:.1f} s{memory}"]
    if run.seconds > NOTEBOOK_SECONDS:
        told[0] += f"   WARNING: over {NOTEBOOK_SECONDS} s"
    for identity, seconds in run.slowest():
        if seconds >= WORTH_NAMING:
            late = f"   WARNING: over {CELL_SECONDS} s" if seconds > CELL_SECONDS else ""
            told.append(f"  {seconds:5.1f} s  line {lines[identity]} ({identity}){late}")
    return "\n".join(told)
