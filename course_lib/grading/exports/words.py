"""What a record says to a learner. Everything that a learner may come to read is worded here."""

import re

from course_lib.grading.records import ExerciseResult

HEADINGS = {
    "passed": "right",
    "failed": "not yet",
    "unattempted": "not attempted",
    "missing": "not found",
    "broken": "could not run",
    "stopped": "stopped",
}
_FIRST = {
    "unattempted": "The line `raise NotImplementedError` is still there.",
    "missing": "No answer was found in what was handed in.",
    "broken": "The code could not be run.",
    "stopped": "The code was stopped before it was through.",
}
HIDDEN = (
    "It did not hold in a hidden stage: one that runs only in grading, on other inputs that the exercise allows."
    " Read again what was asked, and try your answer on inputs that are small, large, or odd in shape."
)

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")  # colours, titles
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def told(result: ExerciseResult) -> list[str]:
    """What a learner is told about an exercise, a paragraph each, with `code` and **bold** marked up.

    Of a stage that was hidden nothing is told but that it was: a finding holds shapes and numbers of its inputs.
    """
    if result.status == "passed":
        return [f"All {result.stages} stages hold.", *result.messages]
    lines = [_FIRST[result.status]] if result.status in _FIRST else []
    if result.stage_hidden:
        lines.append(HIDDEN)
    else:
        if result.finding:
            lines += [result.finding.shows, f"**Next:** {result.finding.try_next}"]
        if result.stage:
            lines.append(f"It came as far as the stage **{result.stage}**, {result.stages_passed + 1} of"
                         f" {result.stages}.")
    return [*lines, *result.messages]


def clean(text: str) -> str:
    """Without what no document can hold: control characters, a terminal's colours, halves of characters."""
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    return _UNFIT.sub("\ufffd", text.replace("\r", "\n"))


def one_line(text: str) -> str:
    """For a title or a name: clean, and on one line."""
    return " ".join(clean(text).split())


def number(points: float) -> str:
    """Points as people write them: at most two decimals, and no needless ".0"."""
    return f"{round(points, 2):.2f}".rstrip("0").rstrip(".")
