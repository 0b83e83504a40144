"""Links: what a lesson points to is there, from wherever the notebook lies."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from course_lib.authoring.page import Page, line_at, prose
from course_lib.authoring.problem import Problem

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^)>\s]*)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML = re.compile(r"<(img|a|iframe|video|script)\b[^>]*?\b(?:src|href)\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


def links(page: Page) -> Iterator[Problem]:
    """Local targets exist, headings linked to are there, and pictures have words and come from here."""
    for cell in page.markdown:
        text = prose(cell.source)
        found = [(match.start(), bool(match[1]), match[3]) for match in LINK.finditer(text)]
        found += [(match.start(), match[1].lower() != "a", match[2]) for match in HTML.finditer(text)]
        for start, embedded, target in found:
            why = _wrong(page, embedded, target)
            if why:
                yield page.problem("links", cell, why, line_at(text, start))
        for match in LINK.finditer(text):
            if match[1] and not match[2].strip():
                yield page.problem("links", cell, "a picture has words: ![what is to be seen](file)",
                                   line_at(text, match.start()))


def _wrong(page: Page, embedded: bool, target: str) -> str | None:
    """Why a target is not to be had, or None."""
    if SCHEME.match(target):
        local = not embedded or target.startswith(("data:", "attachment:"))
        return None if local else f"{target} is fetched from the network; keep a copy in the repository"
    file, _, anchor = unquote(target).partition("#")
    if not file:
        there = {heading.text.replace(" ", "-") for heading in page.headings}    # as JupyterLab makes them
        return None if anchor in there else f"no heading has the anchor #{anchor}"
    root = page.lesson.path.resolve().parent.parent
    if Path(file).suffix == ".ipynb" and "/" not in file:
        there = (root / "solutions" / file).with_suffix(".py").exists() or (root / "chapters" / file).exists()
        return None if there else f"there is no lesson {file}"
    # The notebook is opened in chapters/, in solutions/, and as the learner's copy in work/.
    for folder in ("chapters", "solutions", "work"):
        if not Path(os.path.normpath(root / folder / file)).exists():
            return (f"{file} is not there when the notebook lies in {folder}/; "
                    "link a file as ../chapters/..., which holds from every folder")
    return None
