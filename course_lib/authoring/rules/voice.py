"""Voice: plain sentences, no filler, nothing shouted. The list is short; an author's ear does the rest."""

import re
from collections.abc import Iterator

from course_lib.authoring.page import Page, line_at, prose
from course_lib.authoring.problem import Problem

FILLER = re.compile(
    r"\b(in this (section|chapter|notebook|lesson),? (we|you)|let('|’)s dive|dive (in|into|deep\w*)|delve"
    r"|simply|obviously|needless to say|(important|worth) (to note|noting)|as you can see|without further ado"
    r"|(incredibly|extremely) \w+|amazing|awesome|exciting|powerful|game.chang\w+|cutting.edge"
    r"|congratulations|well done|great job)\b", re.IGNORECASE)
EXCLAMATION = re.compile(r"(?<=[\w)\]\"'’”*])!(?=[\s*\"'’”)]|$)", re.MULTILINE)
EMOJI = re.compile("[\U0001F000-\U0001FAFF\u2600-\u26FF\u2705\u2728\u274C\u2B50\uFE0F]")


def voice(page: Page) -> Iterator[Problem]:
    """No filler words and no exclamation marks in prose, no emoji anywhere."""
    for cell in page.lesson.cells:
        for found in EMOJI.finditer(cell.source):
            line = line_at(cell.source, found.start())
            yield page.problem("voice", cell, f"{found[0]!r} is an emoji", line)
    for cell in page.markdown:
        text = prose(cell.source)
        for found in FILLER.finditer(text):
            words, line = " ".join(found[0].split()), line_at(text, found.start())
            yield page.problem("voice", cell, f"`{words}` is filler; say the thing itself", line)
        for found in EXCLAMATION.finditer(text):
            line = line_at(text, found.start())
            yield page.problem("voice", cell, "an exclamation mark; end the sentence with a full stop", line)
