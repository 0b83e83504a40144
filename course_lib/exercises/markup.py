"""Words for a notebook: HTML that keeps its contrast in a light and a dark theme, and the same as plain text."""

import html
import re
from dataclasses import dataclass
from typing import Any

# Only translucent greys and mid-tone accents: they can be read on a white page and on a black one.
GREEN, AMBER, BLUE, GREY = "#2a9d6f", "#d9822b", "#4a90d9", "#8a8a8a"

_CODE = re.compile(r"(`[^`]+`)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_STRESSED = re.compile(r"(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])")


@dataclass(frozen=True)
class Message:
    """What is shown: Jupyter takes the HTML, everything else the text."""

    text: str
    html: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


def message(colour: str, heading: str, lines: list[str], extra_html: str = "") -> Message:
    """A card: a heading and paragraphs, in which `code`, **bold** and *stress* are marked up. Everything else is escaped.

    A line in three backticks is a block of fixed width.
    """
    text = "\n".join([heading, *map(_plain, lines)])
    return Message(text, card(colour, heading, "".join(map(paragraph, lines)) + extra_html))


def card(colour: str, heading: str, body_html: str) -> str:
    style = (
        f"border-left:5px solid {colour};background:rgba(127,127,127,.1);padding:.6em 1em;margin:.4em 0;"
        "max-width:52em;line-height:1.45"
    )
    return f'<div style="{style}"><div style="font-weight:600">{inline(heading)}</div>{body_html}</div>'


def paragraph(text: str) -> str:
    if text.startswith("```"):
        style = "background:rgba(127,127,127,.12);padding:.5em;overflow-x:auto"
        return f'<pre style="{style}">{html.escape(text.strip("`"))}</pre>'
    return f'<p style="margin:.35em 0">{inline(text)}</p>'


def inline(text: str) -> str:
    """Marks up `code`, **bold**, *stress* and line breaks. Stars inside code are Python's power, not bold."""
    escaped = html.escape(text, quote=False).replace("\n", "<br>")
    return "".join(
        f"<code>{piece[1:-1]}</code>" if piece.startswith("`") else _stress(piece, "<b>", "<em>")
        for piece in _CODE.split(escaped)
    )


def _plain(text: str) -> str:
    pieces = _CODE.split(text.strip("`") if text.startswith("```") else text)
    return "".join(piece if piece.startswith("`") else _stress(piece) for piece in pieces)


def _stress(piece: str, bold: str = "", stressed: str = "") -> str:
    """The stars of **bold** and *stress* put into tags, or taken away where there are none."""
    piece = _BOLD.sub(rf"{bold}\1{bold.replace('<', '</')}", piece)
    return _STRESSED.sub(rf"{stressed}\1{stressed.replace('<', '</')}", piece)
