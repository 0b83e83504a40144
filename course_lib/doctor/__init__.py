"""Look for what is wrong with a machine, before a learner meets it in the middle of a lesson."""

import json
from collections.abc import Callable, Iterator

from course_lib.doctor import content, machine, software
from course_lib.doctor.finding import Finding

CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    software.python, software.packages, software.versions, software.operators, software.kernel,
    content.work, content.data, content.fonts,
    machine.disk, machine.threads, machine.gpu, machine.speed,
)

__all__ = ["CHECKS", "Finding", "examine", "print_findings"]


def examine(checks: tuple[Callable[[], Iterator[Finding]], ...] = CHECKS) -> list[Finding]:
    """Run the checks, cheapest first. A check that breaks is a failure itself; the others go on."""
    findings = []
    for check in checks:
        try:
            findings += check()
        except Exception as error:   # whatever a broken machine throws
            says = f"{type(error).__name__}: {error}".splitlines()[0]
            fix = "install again: remove the folder .venv, then run `python start.py`"
            findings.append(Finding(check.__name__, "fail", says, fix))
    return findings


def print_findings(findings: list[Finding], *, as_json: bool = False) -> int:
    """Print the report; returns the exit status, 1 when there is a failure."""
    failures = sum(finding.status == "fail" for finding in findings)
    if as_json:
        print(json.dumps({"healthy": not failures, "findings": [vars(each) for each in findings]}, indent=1))
        return int(failures > 0)
    for finding in findings:
        mark = {"ok": "  ok", "note": "note", "fail": "FAIL"}[finding.status]
        print(f"{mark}  {finding.check:<14}{finding.says}")
        if finding.fix:
            print(f"{'':20}fix: {finding.fix}")
    print(f"\n{'All is well' if not failures else f'{failures} to mend'}: {len(findings)} findings.")
    return int(failures > 0)
