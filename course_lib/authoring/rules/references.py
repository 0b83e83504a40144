"""References: every chapter ends with where its ideas come from."""

import re
from collections.abc import Iterator

from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem

HEADING = re.compile(r"^(#{2,4} References|\*\*References\*\*\.?)\s*$", re.MULTILINE)
ENTRY = re.compile(r"^[-*] (.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)    # an item, with its indented further lines
YEAR = r"\b(?:1[89]|20)\d\d\b"
TITLE = r"(?:\*[^*]+\*|\"[^\"]+\"|“[^”]+”|\[[^\]]+\]\([^)]*\))"
FORM = "Authors. *Title*. Venue, year"
FULL = re.compile(rf"(?=.*{YEAR})[A-ZÀ-Þ][^*\"“\[]*\w.*?{TITLE}\W+[A-Za-z].*", re.DOTALL)


def references(page: Page) -> Iterator[Problem]:
    """From chapter 1 on, the last section has a list under `### References`: authors, title, venue, year."""
    last = [cell for cell in page.sections[-1].cells if cell.kind == "markdown"]
    for cell in last:
        if heading := HEADING.search(cell.source):
            entries = list(ENTRY.finditer(cell.source, heading.end()))
            if not entries:
                yield page.problem("references", cell, f"under References stands a list of `- {FORM}`")
            for entry in entries:
                if not FULL.fullmatch(entry[1]):
                    line = cell.source.count("\n", 0, entry.start()) + 1
                    yield page.problem("references", cell, f"a reference is `{FORM}`, not `{entry[1]}`", line)
            return
    if page.lesson.chapter >= 1:
        yield page.problem("references", None, "the last section has no `### References`")
