"""Headings: `# N · Title` once and first, `## k · Title` counted from 1, and the fixed last sections."""

import re
from collections.abc import Iterator

from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem

NUMBERED = re.compile(r"(\d+) · (\S.*)")
OPENING = "Three questions from earlier chapters"           # from chapter 2 on
CLOSING = ("What goes wrong in the wild", "Recap")          # from chapter 1 on
UNNUMBERED = {OPENING, *CLOSING}


def title(page: Page) -> Iterator[Problem]:
    """The first cell begins with the one `# N · Title`, where N is the chapter."""
    tops = [heading for heading in page.headings if heading.level == 1]
    first = page.lesson.cells[0] if page.lesson.cells else None
    if not tops or tops[0].cell is not first or tops[0].offset != 0:
        yield page.problem("title", first, f"the lesson begins with `# {page.lesson.chapter} · Title`")
    for heading in tops[:1]:
        found = NUMBERED.fullmatch(heading.text)
        if not found or int(found[1]) != page.lesson.chapter:
            yield page.problem("title", heading.cell, f"the title is `# {page.lesson.chapter} · Title`, "
                               f"not `# {heading.text}`", heading.offset + 1)
    for heading in tops[1:]:
        yield page.problem("title", heading.cell, "a second `#` heading; write `##`", heading.offset + 1)


def sections(page: Page) -> Iterator[Problem]:
    """`##` headings are numbered from 1 in order; only the fixed sections may go without a number."""
    number = 0
    names = []
    for heading in (heading for heading in page.headings if heading.level == 2):
        found, line = NUMBERED.fullmatch(heading.text), heading.offset + 1
        names.append(found[2] if found else heading.text)
        number += bool(found)
        if found and int(found[1]) != number:
            yield page.problem("sections", heading.cell, f"section {number} is numbered {found[1]}", line)
        if not found and heading.text not in UNNUMBERED:
            message = f"a section is `## {number + 1} · Title`, not `## {heading.text}`"
            yield page.problem("sections", heading.cell, message, line)
    if number == 0:
        yield page.problem("sections", None, "the lesson has no section `## 1 · Title`")
    if page.lesson.chapter >= 1 and tuple(names[-2:]) != CLOSING:
        yield page.problem("sections", None, f"the last two sections are {' and '.join(map(repr, CLOSING))}")
    if page.lesson.chapter >= 2 and names[:1] != [OPENING]:
        yield page.problem("sections", None, f"the first section is {OPENING!r}")
