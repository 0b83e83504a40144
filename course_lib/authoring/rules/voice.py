"""Voice: plain sentences, no filler, nothing shouted. The list is short; an author's ear does the rest."""

import re
from collections.abc import Iterator

from course_lib.authoring.page import Page, line_at, prose
from course_lib.authoring.problem import Problem

FILLER = re.compile(
    r"\b(in this (section|chapter|notebook|lesson),? (we|you)|let('|’)s dive|dive (in|into|deep\w*)|delve|simply|obviously"
    r"|needless to say|it (is|should be) (important|worth) (to note|noting)|as you can see|without further ado"
    r"|(super|incredibly|extremely) \w+|amazing|awesome|exciting|powerful|game.chang\w+|cutting.edge"
    r"|as an AI|congratulations|well done|great job)\b", re.IGNORECASE)
EXCLAMATION = re.compile(r"(?<=[\w)\]\"'’”*])!(?=[\s*\"'’”)]|$)", re.MULTILINE)
EMOJI = re.compile("[\U0001F000-\U0001FAFF\U00002600-\U000026FF\U00002705\U00002728\U0000274C\U00002B50\uFE0F]")


def voice(page: Page) -> Iterator[Problem]:
    """No filler words and no exclamation marks in prose, no emoji anywhere."""
    for cell in page.lesson.cells:
        for found in EMOJI.finditer(cell.source):
            yield page.problem("voice", cell, f"{found[0]!r} is an emoji", line_at(cell.source, found.start()))
    for cell in page.markdown:
        text = prose(cell.source)
        for found in FILLER.finditer(text):
            yield page.problem("voice", cell, f"`{' '.join(found[0].split())}` is filler; say the thing itself",
                               line_at(text, found.start()))
        for found in EXCLAMATION.finditer(text):
            yield page.problem("voice", cell, "an exclamation mark; end the sentence with a full stop",
                               line_at(text, found.start()))
