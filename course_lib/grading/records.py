"""What grading writes down: one JSON record a submission. Everything that people read is made from records."""

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from unicodedata import category

from course_lib.exercises.finding import Finding
from course_lib.grading.typed import typed_values

FORMAT = 1
STATUSES = ("passed", "failed", "unattempted", "missing", "broken", "stopped")


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one submission.

    Attributes:
        id, number, chapter, title: which exercise ("1.2" is the number on its card).
        points, of: earned, and how many there are.
        status: "passed"; "failed", an output was wrong; "unattempted", the stub is as it was; "missing", no cell
            has it; "broken", the code cannot run; "stopped", it was ended for its time, its memory or its conduct.
        stage: the first stage that did not hold; None where it came to no stage.
        stage_hidden: whether that stage runs only in grading. Its inputs are told to nobody.
        stages_passed, stages: how far it came.
        finding: what was wrong, what to try next. Learners do not see that of a hidden stage.
        messages: how the answer was found, what else was noticed, in words for the learner; nothing of a hidden
            stage.
        printed: what the code printed, cut short. Learners see it: let it be of the open stages alone.
    """

    id: str
    number: str
    chapter: int
    title: str
    points: float
    of: float
    status: str
    stage: str | None = None
    stage_hidden: bool = False
    stages_passed: int = 0
    stages: int = 0
    finding: Finding | None = None
    messages: tuple[str, ...] = ()
    printed: str = ""


@dataclass(frozen=True)
class Record:
    """One submission, graded.

    Attributes:
        student: the name under which it was handed in.
        lms_id: the learning platform's number for the student, or None.
        title, due: of the assignment; due may be None.
        files, digest: what was handed in, and its sha256.
        late: as the platform marked it; None where it did not say.
        problems: what could not be read.
        look_at: for the instructor alone: what a person should see before the points are given out.
        exercises: in the order of the course.
        stamp: versions, the seed's hash, the bank's, the release's, and the walls that stood.
        seconds: how long it took, "total" and by exercise: all that differs when the same is graded again.
    """

    student: str
    title: str
    files: tuple[str, ...]
    digest: str
    exercises: tuple[ExerciseResult, ...]
    stamp: Mapping[str, Any]
    lms_id: str | None = None
    due: str | None = None
    late: bool | None = None
    problems: tuple[str, ...] = ()
    look_at: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Earned in all."""
        return math.fsum(result.points for result in self.exercises)

    @property
    def of(self) -> float:
        """How many there are in all."""
        return math.fsum(result.of for result in self.exercises)


class RecordError(ValueError):
    """A file is not a whole record of this format."""


def write_record(record: Record, path: Path) -> None:
    """Write a record, whole or not at all: the file is there only once it is complete."""
    text = json.dumps({"format": FORMAT, "points": record.points, "of": record.of, **asdict(record)},
                      ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    # Halves of characters, as names in a broken encoding have and as code can print: UTF-8 has none, JSON does.
    text = re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        RecordError: it is none, or of another format; the message names the file and what is wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise RecordError(f"{path} is a record of format {content.get('format')}; this course reads"
                              f" {FORMAT}.")
        results = tuple(_result(each) for each in content["exercises"])
        record = Record(**typed_values(Record, content | {"exercises": results}))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path} is not a whole record ({_in_words(error)}). Delete it and grade again:"
                          " only this submission is run.") from None
    if (record.points, record.of) != (content.get("points"), content.get("of")):
        raise RecordError(f"{path} says {content.get('points')} of {content.get('of')} points, and its exercises"
                          f" add up to {record.points} of {record.of}: it was edited by hand, or damaged.")
    return record


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, by student.

    Raises:
        RecordError: there are none, or one of them is not whole.
    """
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise RecordError(f"there is no record in {folder}.")
    return sorted(records, key=lambda record: record.student)


def same_but_for_time(one: Record, other: Record) -> bool:
    """Whether two records say the same."""
    return asdict(one) | {"seconds": 0} == asdict(other) | {"seconds": 0}


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A file name for each student: letters, digits, - and _ of the name, and a part of its hash.

    Two names never share one, also where files do not tell upper from lower case, and none leads out of a folder.
    Nobody can choose a name to get another's: the hash has 64 bits.
    """
    return {student: _file_name(student) for student in students}


def _file_name(student: str) -> str:
    # Marks, of which some scripts make their vowels, are part of a letter.
    kept = "".join(c if c.isalnum() or c in "-_" or category(c)[0] == "M" else "_" for c in student)
    kept = kept.encode("utf-8")[:80].decode("utf-8", "ignore")  # a file name has 255 bytes, not 255 letters
    if not kept or kept.startswith("-"):
        kept = f"_{kept[1:]}"  # a program would take it for an option
    return f"{kept}-{sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _result(content: Mapping[str, Any]) -> ExerciseResult:
    finding = content["finding"]
    if finding is not None:
        finding = Finding(**typed_values(Finding, finding))
    values = typed_values(ExerciseResult, {**content, "finding": finding})
    if values["status"] not in STATUSES:
        raise ValueError(f"status {values['status']!r} is none of {', '.join(STATUSES)}")
    return ExerciseResult(**values)


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
