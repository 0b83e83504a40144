"""What an instructor should see before anything is given back, in words for a terminal."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from course_lib.grading.exports.words import number, one_line
from course_lib.grading.records import Record
from course_lib.grading.roster import Roll

_MOST = 12  # students told of one by one; the class's page has all of them
_LONG = 300  # characters about one of them


def describe_class(records: Sequence[Record], notes: Sequence[str] = (), roll: Roll | None = None) -> str:
    """How it went, then who is missing or late, and which submissions a person should open.

    Args:
        records: of the class, at least one.
        notes: what `collect` said of files that belong to nobody.
        roll: who should have handed in, held against who did.
    """
    only = one_for_all([(record.student, record.files) for record in records])
    worth = " or ".join(sorted({number(record.of) for record in records}))
    lines = [f"{len(records)} {_plural(len(records), 'submission')},"
             f" {fmean(record.points for record in records):.1f} of {worth} points on average", *only]
    lines += describe_roll(roll) if roll else []
    late = [record.student for record in records if record.late]
    if late:
        lines.append(f"Late: {names(late)}")
    odd = [(record.student, what) for record in records if (what := list(_odd(record)))]
    if odd:
        lines.append(f"To look at by hand, {len(odd)} {_plural(len(odd), 'submission')}:")
        lines += [f"  {one_line(student)}: {_short('; '.join(what))}" for student, what in odd[:_MOST]]
        if len(odd) > _MOST:
            lines.append(f"  and {len(odd) - _MOST} more: class.html has them all")
    lines += [f"Nobody's: {_short(note)}" for note in notes]
    ended = {word: sum(result.status == word for record in records for result in record.exercises)
             for word in ("broken", "stopped")}
    if any(ended.values()):
        lines.append(f"Answers that could not run: {ended['broken']}; that were stopped: {ended['stopped']}. class.html"
                     " says whose.")
    return "\n".join(lines)


def _odd(record: Record) -> Iterator[str]:
    yield from record.problems
    yield from record.look_at
    if record.files and not record.problems and all(result.status == "missing" for result in record.exercises):
        yield "no answer to any exercise was found: is it the right notebook?"


def one_for_all(handed_in: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A warning if a whole class looks like one student: a folder was packed, and not what is in it.

    `handed_in`: a student's name and files each.
    """
    if len(handed_in) != 1 or len(handed_in[0][1]) < 2:
        return []
    return [f"All files were taken for those of one student, {one_line(handed_in[0][0])}. If that is the folder of a"
            " class, give the folder itself, or pack what is in it."]


def describe_roll(roll: Roll) -> list[str]:
    """Who is missing, and who is on no list."""
    lines = [f"Not handed in, {len(roll.missing)} of {roll.size}: {names(roll.missing)}" if roll.missing else
             f"All {roll.size} on the list have handed in."]
    return lines + [f"Not on the list: {one_line(student)}: {one_line(why)}" for student, why in roll.strangers]


def names(students: Sequence[str]) -> str:
    """Some names, and how many more."""
    shown = "; ".join(map(one_line, students[:3 * _MOST]))
    return shown + (f" and {len(students) - 3 * _MOST} more" if len(students) > 3 * _MOST else "")


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
