"""JUnit's XML, which continuous integration shows as a table of tests: a suite a student, a case an exercise."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from course_lib.grading.records import ExerciseResult, Record

_SKIPPED = ("unattempted", "missing")
_ERRORS = ("broken", "stopped")


def write_junit(records: Sequence[Record], path: Path) -> None:
    """Write the report. Not attempted is skipped, wrong is a failure, what could not run is an error."""
    root = ElementTree.Element("testsuites", name=_clean(records[0].title) if records else "")
    for record in records:
        counts = {kind: sum(result.status in statuses for result in record.exercises)
                  for kind, statuses in (("skipped", _SKIPPED), ("errors", _ERRORS), ("failures", ("failed",)))}
        suite = ElementTree.SubElement(
            root, "testsuite", name=_clean(record.student), tests=str(len(record.exercises)),
            time=f"{record.seconds.get('total', 0):.3f}", **{kind: str(count) for kind, count in counts.items()})
        for result in record.exercises:
            _add_case(suite, record, result)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ElementTree.Element, record: Record, result: ExerciseResult) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=f"chapter {result.chapter}", name=_clean(f"{result.number} {result.title}"),
        time=f"{record.seconds.get(result.id, 0):.3f}")
    words = [result.finding.shows, result.finding.try_next] if result.finding else []
    text = _clean("\n".join([*words, *result.messages]))
    if result.status in _SKIPPED:
        ElementTree.SubElement(case, "skipped", message=result.status)
    elif result.status in _ERRORS:
        ElementTree.SubElement(case, "error", type=result.status, message=_first_line(text)).text = text
    elif result.status == "failed":
        kind = result.finding.name if result.finding else "failed"
        ElementTree.SubElement(case, "failure", type=_clean(kind), message=_first_line(text)).text = text
    if result.printed:
        ElementTree.SubElement(case, "system-out").text = _clean(result.printed)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 does not know; ElementTree escapes the rest."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
