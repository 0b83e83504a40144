"""JUnit's XML, which continuous integration shows as a table of tests: a suite a student, a case an exercise."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from course_lib.grading.exports.words import clean, one_line, told
from course_lib.grading.records import ExerciseResult, Record

_SKIPPED = ("unattempted", "missing")
_ERRORS = ("broken", "stopped")


def write_junit(records: Sequence[Record], path: Path) -> None:
    """Write the report. Not attempted is skipped, wrong is a failure, what could not run is an error.

    Of hidden stages it says what learners are told: in continuous integration they read it.
    """
    suites = [_suite(record) for record in records]
    root = ElementTree.Element("testsuites", name=one_line(records[0].title) if records else "",
                               **{kind: str(sum(int(suite.attrib[kind]) for suite in suites))
                                  for kind in ("tests", "failures", "errors")})
    root.extend(suites)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(record: Record) -> ElementTree.Element:
    counts = {kind: sum(result.status in statuses for result in record.exercises)
              for kind, statuses in (("skipped", _SKIPPED), ("errors", _ERRORS), ("failures", ("failed",)))}
    suite = ElementTree.Element(
        "testsuite", name=one_line(record.student), tests=str(len(record.exercises)),
        time=f"{record.seconds.get('total', 0):.3f}", **{kind: str(count) for kind, count in counts.items()})
    for result in record.exercises:
        _add_case(suite, record, result)
    if record.problems:
        ElementTree.SubElement(suite, "system-err").text = clean("\n".join(record.problems))
    return suite


def _add_case(suite: ElementTree.Element, record: Record, result: ExerciseResult) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=f"chapter {result.chapter}", name=one_line(f"{result.number} {result.title}"),
        time=f"{record.seconds.get(result.id, 0):.3f}")
    lines = [clean(line) for line in told(result)]
    said = {"message": lines[0] if lines else result.status}
    if result.status in _SKIPPED:
        ElementTree.SubElement(case, "skipped", said).text = "\n".join(lines)
    elif result.status in _ERRORS:
        ElementTree.SubElement(case, "error", said, type=result.status).text = "\n".join(lines)
    elif result.status == "failed":
        kind = result.finding.name if result.finding and not result.stage_hidden else "failed"
        ElementTree.SubElement(case, "failure", said, type=one_line(kind)).text = "\n".join(lines)
    if result.printed:
        ElementTree.SubElement(case, "system-out").text = clean(result.printed)
