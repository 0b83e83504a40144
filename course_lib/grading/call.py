"""What a class was graded with, written down beside its records, so that it can be graded again from these alone."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.grading.assignment import Assignment
from course_lib.grading.typed import typed_values
from course_lib.grading.workers.limits import Limits

CALL = "call.json"


@dataclass(frozen=True)
class Call:
    """What `course grade` was asked.

    Attributes:
        place: where the submissions were.
        seed_file: where the private seed is. Its text is in no other file.
        assignment: what counted, as it was read then.
        limits: of one answer.
    """

    place: Path
    seed_file: Path
    assignment: Assignment
    limits: Limits


def write_call(call: Call, out: Path) -> None:
    """Write it into `out`, the folder of the results."""
    content = {"place": str(call.place.resolve()), "seed_file": str(call.seed_file.resolve()),
               "assignment": asdict(call.assignment), "limits": asdict(call.limits)}
    if call.seed_file.resolve().is_relative_to(out.resolve()):  # the folder may be moved, with its seed
        content["seed_file"] = call.seed_file.resolve().relative_to(out.resolve()).as_posix()
    out.mkdir(parents=True, exist_ok=True)
    (out / CALL).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def read_call(out: Path) -> Call:
    """Read it from the folder of the results.

    Raises:
        ValueError: there is none, or it is not whole.
    """
    path = out / CALL
    if not path.exists():
        raise ValueError(f"there is no {path}: {out} was not written by this course's `course grade`.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        assignment = Assignment(**typed_values(Assignment, content["assignment"]))
        limits = Limits(**typed_values(Limits, content["limits"]))
        return Call(Path(content["place"]), out / content["seed_file"], assignment, limits)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not whole ({type(error).__name__}: {error}). Run `course grade` again with what it"
                         f" was called with and --out {out}: what is graded is kept.") from None
