"""What was asked: an exercise's card, from the notebook that learners were given, as HTML."""

import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt

from course_lib.grading.exports.words import clean

_HEADING = re.compile(r"\A\s*#+ [^\n]*\n+(?:\*\*difficulty\*\*[^\n]*\n+)?")  # the feedback has its own
_MATH = re.compile(r"\$\$?([^$\n]+?)\$\$?")


def cards_of(notebooks: Iterable[Path]) -> dict[str, str]:
    """Exercise id -> the text above its cell, as HTML. A formula stays as it was typed, set like code."""
    cards: dict[str, str] = {}
    for path in notebooks:
        card = ""
        for cell in nbformat.read(path, as_version=4).cells:
            tags = cell.metadata.get("tags", ())
            if "card" in tags:
                card = cell.source
            elif "exercise" in cell.metadata and card:
                cards.setdefault(cell.metadata["exercise"], card_html(card))
                card = ""
    return cards


def card_html(markdown: str) -> str:
    """A card's text, without its heading. HTML in it is shown, not used; pictures are left out."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])
    text = _MATH.sub(lambda formula: f"`{formula[1]}`", _HEADING.sub("", clean(markdown)))
    rendered = renderer.render(text).replace("<table>", '<div class="scroll"><table>')
    return rendered.replace("</table>", "</table></div>")
