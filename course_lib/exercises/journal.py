"""What a learner has done so far, kept beside their notebooks as one line of JSON an event.

A line is appended and nothing is ever rewritten, so two notebooks open at once, a crash or a full disk cannot lose what
was there before.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from course_lib.paths import work_dir


def progress_file() -> Path:
    return work_dir() / "progress.jsonl"


def note(event: str, id: str, **details: Any) -> None:
    """Append one event. A folder that cannot be written to is reported on stderr and never stops a lesson."""
    line = {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "event": event,
        "id": id,
        **details,
    }
    try:
        progress_file().parent.mkdir(parents=True, exist_ok=True)
        with progress_file().open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        print(
            f"Your progress could not be saved in {progress_file().parent.name}/: {error.strerror}. "
            "The lesson goes on.",
            file=sys.stderr,
        )


def events() -> Iterator[dict[str, Any]]:
    """All events, oldest first. A line that is not whole, from a full disk or a crash, is passed over."""
    try:
        lines = progress_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(event, dict) and {"event", "id"} <= event.keys():
            yield event


def state_of_exercises() -> dict[str, tuple[bool, int]]:
    """For each exercise that was tried: whether it was ever solved, and how many checks failed before that."""
    state: dict[str, tuple[bool, int]] = {}
    for event in events():
        if event["event"] == "check" and event.get("status") in ("passed", "failed"):
            solved, failures = state.get(event["id"], (False, 0))
            if not solved:
                passed = event["status"] == "passed"
                state[event["id"]] = (passed, failures + (not passed))
    return state
