"""The class on one page, for the instructor: points, exercises, and what to teach again tomorrow."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from course_lib.grading.exports.class_figures import distribution, outcomes
from course_lib.grading.exports.class_summary import (
    GROUPS,
    Mistake,
    Summary,
    commonest_mistakes,
    summarise,
)
from course_lib.grading.exports.page import name, page, paragraphs, table, text
from course_lib.grading.exports.words import number
from course_lib.grading.records import Record

_MISTAKES = 8  # told with their words; more than that is not taught in a lesson
_NAMES = 6


def write_class_report(records: Sequence[Record], path: Path) -> None:
    """Write the page of `class_report`."""
    path.write_text(class_report(records), encoding="utf-8", newline="\n")


def class_report(records: Sequence[Record]) -> str:
    """The page. It names students and hidden stages: it is not for learners.

    Raises:
        ValueError: there are no records.
    """
    if not records:
        raise ValueError("there are no records to report on.")
    summaries = summarise(records)
    points = [record.points for record in records]
    most = max(record.of for record in records)
    late = sum(bool(record.late) for record in records)
    title = f"{records[0].title}: the class"
    body = [
        f"<header><h1>{text(title)}</h1>"
        f"<p>{len(records)} {_plural(len(records), 'submission')}{f', {late} late' if late else ''}. Points:"
        f" median {number(median(points))}, mean {number(fmean(points))}, of {number(most)}.</p>"
        '<p class="quiet">For the instructor: this page names students and what hidden stages found.</p></header>',
        "<main>",
        "<h2>To teach again tomorrow</h2>", *_reteach(commonest_mistakes(records), len(records)),
        "<h2>Points</h2>", distribution(records),
    ]
    if summaries:
        body += ["<h2>Exercises</h2>", outcomes(summaries), _exercises(summaries)]
    return page(title, "\n".join([*body, *_by_hand(records), _conditions(records), "</main>"]))


def _reteach(mistakes: list[Mistake], students: int) -> list[str]:
    if not mistakes:
        return ["<p>No mistake was recognised in any answer.</p>"]
    told = []
    for each in mistakes[:_MISTAKES]:
        count = len(each.students)
        hidden = f" {each.hidden} of them in a hidden stage: they were not told." if each.hidden else ""
        told.append(
            f'<section class="failed"><h3>{text(f"{each.number} {each.title}: {each.name}")}</h3>'
            f'<p><span class="word">{count} of {students} {_plural(students, "student")}</span>'
            f' <span class="quiet">({_few(each.students)}).{hidden}</span></p>'
            f"{paragraphs([each.shows, f'**Next:** {each.try_next}'])}</section>")
    rest = mistakes[_MISTAKES:]
    if rest:
        rows = [[text(f"{each.number} {each.title}"), text(each.name), str(len(each.students))]
                for each in rest]
        told.append(f"<details><summary>{len(rest)} more</summary>"
                    f"{table(['exercise', 'mistake', 'students'], rows, numbers={2})}</details>")
    return told


def _exercises(summaries: list[Summary]) -> str:
    rows = [[text(f"{each.number} {each.title}"), f"{each.share:.0%}", f"{each.tried} of {each.students}",
             *(str(sum(each.statuses[status] for status in statuses)) for _, statuses in GROUPS)]
            for each in summaries]
    earned, possible = sum(each.points for each in summaries), sum(each.of for each in summaries)
    foot = ["all", f"{earned / possible if possible else 0:.0%}", "", "", "", "", ""]
    return table(["exercise", "points earned", "tried", *(word for word, _ in GROUPS)], rows,
                 numbers={1, 2, 3, 4, 5, 6}, foot=foot)


def _by_hand(records: Sequence[Record]) -> list[str]:
    """Submissions in which something could not be read or run, or that do what no answer needs to do."""
    rows = []
    for record in records:
        ended = [f"{result.number} {result.title}: {result.status}" for result in record.exercises
                 if result.status in ("broken", "stopped")]
        if record.problems or record.look_at or ended:
            rows.append([name(record.student), paragraphs([*record.problems, *record.look_at, *ended])])
    return ["<h2>To look at by hand</h2>", table(["student", "what"], rows, numbers=set())] if rows else []


def _conditions(records: Sequence[Record]) -> str:
    stamps = {str(key): record.stamp[key] for record in records for key in record.stamp}
    words = "; ".join(f"{key}: {_flat(value)}" for key, value in sorted(stamps.items()))
    return f'<footer class="quiet"><p>Graded with {text(words) or "nothing noted"}.</p></footer>'


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(each)}" for key, each in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, (list, tuple)) else str(value)


def _few(students: Sequence[str]) -> str:
    rest = len(students) - _NAMES
    return ", ".join(map(name, students[:_NAMES])) + (f" and {rest} more" if rest > 0 else "")


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
