"""Gradescope's results.json: what its autograder platform reads after a run.

Fields as Gradescope documents them under "Autograder specifications": a score for each test, a text that the
student sees, `visibility` for what only the instructor may see.
"""

import json
from pathlib import Path
from typing import Any

from course_lib.grading.records import ExerciseResult, Record

_WORDS = {
    "unattempted": "Not attempted.",
    "missing": "The exercise was not found in the notebook.",
    "broken": "The code could not be run.",
    "stopped": "The code was stopped.",
}


def gradescope_results(record: Record) -> dict[str, Any]:
    """The content of results.json. What the code printed is for the instructor alone."""
    return {
        "score": record.points,
        "execution_time": round(record.seconds.get("total", 0)),
        "output": "\n".join(record.problems),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(result) for result in record.exercises],
        "extra_data": {"stamp": dict(record.stamp)},
    }


def write_gradescope(record: Record, path: Path) -> None:
    """Write results.json."""
    path.write_text(json.dumps(gradescope_results(record), ensure_ascii=False, indent=1), encoding="utf-8")


def _test(result: ExerciseResult) -> dict[str, Any]:
    passed = result.status == "passed"
    lines = [f"All {result.stages} stages hold."] if passed else [_WORDS.get(result.status, "")]
    if result.finding:
        lines += [result.finding.shows, f"Next: {result.finding.try_next}"]
    lines += result.messages
    return {
        "number": result.number,
        "name": result.title,
        "score": result.points,
        "max_score": result.of,
        "status": "passed" if passed else "failed",
        "output": "\n".join(line for line in lines if line),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"exercise": result.id, "outcome": result.status},
    }
