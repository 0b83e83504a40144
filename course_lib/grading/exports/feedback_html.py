"""Feedback for one learner: a page that stands alone, to be mailed, put on a platform, or printed."""

import re
from collections.abc import Mapping
from pathlib import Path

from course_lib.grading.exports.page import name, page, paragraphs, pre, table, text
from course_lib.grading.exports.words import HEADINGS, number, told
from course_lib.grading.records import ExerciseResult, Record

_PRINTED = 4_000  # characters shown; the record holds more


def write_feedback(record: Record, path: Path, cards: Mapping[str, str] | None = None) -> None:
    """Write the page of `feedback_html`."""
    path.write_text(feedback_html(record, cards), encoding="utf-8", newline="\n")


def feedback_html(record: Record, cards: Mapping[str, str] | None = None) -> str:
    """What was asked, what came out, which misconception, what to try next, and the points.

    Of a hidden stage the page says that it was one, and nothing else.

    Args:
        record: the learner's.
        cards: what was asked, by exercise, as HTML (`cards_of` reads it from the notebooks).
    """
    late = '<p class="quiet">Handed in late.</p>' if record.late else ""
    due = f'<p class="quiet">Due {text(_when(record.due))}</p>' if record.due else ""
    head = (f"<header><h1>{text(record.title) or 'Feedback'}</h1><p>{name(record.student)}</p>"
            f'<p class="points">{number(record.points)} of {number(record.of)} points</p>{due}{late}</header>')
    problems = ""
    if record.problems:
        problems = ('<section class="problems"><h3>What could not be read</h3>'
                    f"{paragraphs(list(record.problems))}</section>")
    exercises = "".join(_section(result, (cards or {}).get(result.id, "")) for result in record.exercises)
    return page(f"{record.title}: {record.student}", f"{head}<main>{problems}{_overview(record)}{exercises}"
                                                      f"</main>{_footer(record)}")


def _overview(record: Record) -> str:
    rows = [[f'<a href="#{_anchor(result)}">{text(f"{result.number} {result.title}")}</a>',
             HEADINGS[result.status], f"{number(result.points)} of {number(result.of)}"]
            for result in record.exercises]
    return "<h2>At a glance</h2>" + table(["exercise", "", "points"], rows, numbers={2})


def _section(result: ExerciseResult, card: str) -> str:
    passed = result.status == "passed"
    asked = _folded("What was asked", f"<div>{card}</div>", shut=passed) if card else ""
    misconception = f": {text(result.finding.name)}" if _is_named(result) else ""
    printed = result.printed[:_PRINTED] + ("\n..." if len(result.printed) > _PRINTED else "")
    output = _folded("What your code printed", pre(printed), shut=True) if printed.strip() else ""
    title = text(f"{result.number} {result.title}")
    word = HEADINGS[result.status].capitalize() + misconception
    return (
        f'<section class="{result.status}" id="{_anchor(result)}"><h3>{title}</h3><p><span class="word">{word}</span>,'
        f" {number(result.points)} of {number(result.of)} points</p>{asked}{paragraphs(told(result))}{output}</section>"
    )


def _folded(summary: str, body: str, *, shut: bool) -> str:
    return f"<details{'' if shut else ' open'}><summary>{summary}</summary>{body}</details>"


def _is_named(result: ExerciseResult) -> bool:
    """Whether the mistake has a name that says something, and may be said."""
    return result.finding is not None and not result.stage_hidden and result.finding.name != "difference"


def _when(due: str) -> str:
    """As people write it: "2026-12-01, 23:59"."""
    return re.sub(r"(\d\d:\d\d):00\b", r"\1", due.replace("T", ", "))


def _anchor(result: ExerciseResult) -> str:
    return "ex-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in result.number)


def _footer(record: Record) -> str:
    files = ", ".join(f"<code>{text(file)}</code>" for file in record.files) or "nothing"
    return (f'<footer class="quiet"><p>Graded was: {files}.</p>'
            f"<p>Its sha256: <code>{text(record.digest)}</code></p></footer>")
