"""Two gradings of the same class: whose points changed, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.grading.exports.words import number, one_line
from course_lib.grading.records import ExerciseResult, Record, read_records


@dataclass(frozen=True)
class Change:
    """An exercise of a student that came out differently. `old` or `new` is None where it was not graded."""

    student: str
    old: ExerciseResult | None
    new: ExerciseResult | None

    @property
    def points(self) -> float:
        """How many more than before; less than 0 for fewer."""
        return (self.new.points if self.new else 0.0) - (self.old.points if self.old else 0.0)


@dataclass(frozen=True)
class Difference:
    """What differs between two gradings.

    Attributes:
        changes: by student, in the order of the course.
        handed_in_anew: students whose submission is not the one that was graded before.
        appeared, gone: students who are in one of them only.
        conditions: what was graded with, where that differs, in words.
    """

    changes: tuple[Change, ...]
    handed_in_anew: tuple[str, ...]
    appeared: tuple[str, ...]
    gone: tuple[str, ...]
    conditions: tuple[str, ...]


def compare_folders(old: Path, new: Path) -> Difference:
    """Compare two folders of records.

    Raises:
        RecordError: one of them has none, or one that is not whole.
    """
    return compare(read_records(old), read_records(new))


def compare(old: Sequence[Record], new: Sequence[Record]) -> Difference:
    """Compare two gradings, student by student, exercise by exercise. Times do not count."""
    before, after = ({record.student: record for record in records} for records in (old, new))
    both = sorted(set(before) & set(after))
    return Difference(
        changes=tuple(change for student in both for change in _changes(before[student], after[student])),
        handed_in_anew=tuple(student for student in both if before[student].digest != after[student].digest),
        appeared=tuple(sorted(set(after) - set(before))),
        gone=tuple(sorted(set(before) - set(after))),
        conditions=tuple(_conditions(before, after)),
    )


def _changes(old: Record, new: Record) -> Iterator[Change]:
    earlier, later = ({result.id: result for result in record.exercises} for record in (old, new))
    for id in [*later, *(id for id in earlier if id not in later)]:
        change = Change(new.student, earlier.get(id), later.get(id))
        if change.old is None or change.new is None or _outcome(change.old) != _outcome(change.new):
            yield change


def _outcome(result: ExerciseResult) -> tuple[Any, ...]:
    return (result.points, result.of, result.status, result.stage, result.stages_passed, result.stages,
            result.finding and result.finding.name)


def _conditions(old: dict[str, Record], new: dict[str, Record]) -> Iterator[str]:
    values: dict[str, tuple[set[str], set[str]]] = {}
    for side, records in enumerate((old, new)):
        for record in records.values():
            for key, value in _flat(record.stamp):
                values.setdefault(key, (set(), set()))[side].add(value)
    for key, (before, after) in sorted(values.items()):
        if before != after:
            yield f"{key}: {_either(before)} -> {_either(after)}"


def _flat(stamp: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each thing on its own: of many versions, or many walls, only what changed is worth a line."""
    for key, value in stamp.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}, {name}", str(each)) for name, each in value.items())
        elif isinstance(value, list | tuple):  # sentences: "No network: it stands."
            yield from ((f"{key}, {name}", rest.strip() or "told") for name, _, rest in (
                str(each).partition(":") for each in value))
        else:
            yield key, str(value)


def _either(values: set[str]) -> str:
    return " or ".join(sorted(values)) or "not told"


def describe(difference: Difference) -> str:
    """In words, the changes of points first. For the instructor: it names hidden stages."""
    moved = [change for change in difference.changes if change.points]
    reworded = [change for change in difference.changes if not change.points]
    parts = []
    if difference.conditions:
        parts.append("\n  ".join(["Graded under other conditions:", *difference.conditions]))
    parts.append(_told("points changed", moved) if moved else "Nobody's points changed.")
    if reworded:
        parts.append(_told("the same points, otherwise judged", reworded))
    for what, students in (("handed in anew", difference.handed_in_anew), ("only in the new grading",
                           difference.appeared), ("only in the old grading", difference.gone)):
        if students:
            parts.append(f"{len(students)} {what}: {', '.join(map(_name, students))}")
    return "\n\n".join(parts)


def _told(what: str, changes: Sequence[Change]) -> str:
    students = dict.fromkeys(change.student for change in changes)
    lines = [f"{what.capitalize()}: {len(students)} {'student' if len(students) == 1 else 'students'}"]
    for student in students:
        theirs = [change for change in changes if change.student == student]
        total = sum(change.points for change in theirs)
        moved = any(change.points for change in theirs)
        lines.append(f"  {_name(student)}" + (f": {_signed(total)}" if moved else ""))
        lines += [f"    {why(change)}" for change in theirs]
    return "\n".join(lines)


def why(change: Change) -> str:
    """A change in a line: which exercise, points, and what it was and is."""
    some = change.new or change.old
    points = " -> ".join(_points(each) for each in (change.old, change.new))
    return f"{some.number} {some.title}: {points}; {_state(change.old)} -> {_state(change.new)}"


def _points(result: ExerciseResult | None) -> str:
    return f"{number(result.points)}/{number(result.of)}" if result else "-"


def _state(result: ExerciseResult | None) -> str:
    if result is None:
        return "not graded"
    kind = "the hidden stage" if result.stage_hidden else "stage"
    stage = f' in {kind} "{result.stage}"' if result.stage else ""
    return result.status + stage + (f" ({result.finding.name})" if result.finding else "")


def _name(student: str) -> str:
    return one_line(student) or "(no name)"


def _signed(points: float) -> str:
    return f"{'+' if points > 0 else ''}{number(points)}"
