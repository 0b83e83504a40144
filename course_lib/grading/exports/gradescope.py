"""Gradescope's results.json: what its autograder platform reads after a run.

Fields as Gradescope documents them under "Autograder specifications": a score for each test, a text that the
student sees, `visibility` for what only the instructor may see.
"""

import json
from pathlib import Path
from typing import Any

from course_lib.grading.exports.words import HEADINGS, clean, one_line, told
from course_lib.grading.records import ExerciseResult, Record, read_record


def gradescope_results(record: Record) -> dict[str, Any]:
    """The content of results.json. What the code printed is left out: who may hand in again would mine it.

    The stamp (versions, hashes, walls) goes into `extra_data`, which only the instructor's export has.
    """
    return {
        "score": record.points,
        "execution_time": round(record.seconds.get("total", 0)),
        "output": clean("\n".join(record.problems)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"stamp": dict(record.stamp)},
        "tests": [_test(result) for result in record.exercises],
    }


def write_gradescope(record: Record, path: Path) -> None:
    """Write results.json."""
    text = json.dumps(gradescope_results(record), allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _test(result: ExerciseResult) -> dict[str, Any]:
    return {
        "number": result.number,
        "name": one_line(f"{result.title}: {HEADINGS[result.status]}"),
        "score": result.points,
        "max_score": result.of,
        "status": "passed" if result.status == "passed" else "failed",
        "output": clean("\n".join(told(result)).replace("**", "")),
        "visibility": "visible",
        "extra_data": {"exercise": result.id, "outcome": result.status},
    }


if __name__ == "__main__":  # with a record and results.json, in Gradescope's container
    import sys

    write_gradescope(read_record(Path(sys.argv[1])), Path(sys.argv[2]))
