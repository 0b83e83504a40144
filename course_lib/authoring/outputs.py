"""What a stored output may hold: nothing that another run, or another machine, would give differently."""

import re
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_lib.paths import ROOT

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
IMAGES = ("image/png", "image/jpeg")
IMG_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)


def clean(cell: NotebookNode) -> None:
    """Take out of an executed cell what is of the run: progress bars, colour codes, frames of libraries."""
    kept: list[NotebookNode] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            output.text = _without_progress(output.text) if output.name == "stderr" else output.text
            if not output.text:
                continue
            # How a stream is cut into messages is a matter of timing.
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.evalue = ANSI.sub("", output.evalue)
            frames = [ANSI.sub("", frame) for frame in output.traceback]
            output.traceback = [frame for frame in frames if not frame.startswith("File ")]
        kept.append(output)
    if "outputs" in cell:
        cell.outputs = kept
    cell.metadata.pop("execution", None)


def faults(cell: NotebookNode) -> Iterator[str]:
    """What is wrong with the stored outputs of a code cell, one sentence each."""
    if cell.execution_count is None and cell.source.strip():
        yield "was never run; run `course build`"
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            yield f"raised {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"wrote to stderr: {output.text.strip()!r}; a lesson runs without warnings"
            continue    # a warning's text has paths too, and goes with it
        yield from _portability(output)
        yield from _alternative_text(output)


def _without_progress(text: str) -> str:
    """Drop the lines that redraw themselves (tqdm's), keep every other."""
    lines = [ANSI.sub("", line) for line in text.split("\n") if "\r" not in line]
    return "\n".join(lines) if any(line.strip() for line in lines) else ""


def _portability(output: NotebookNode) -> Iterator[str]:
    text = _text_of(output)
    for place in sorted(_machine_paths(), key=len, reverse=True):
        # A whole path, or the head of a longer one: `/tmp` in `/tmp/x`, not in `/tmpfile`.
        if re.search(rf"(?<![\w.]){re.escape(place)}(?![\w-])", text):
            yield f"has the machine's path {place} in its output; print one relative to the checkout, or none"
            break
    if found := ADDRESS.search(text):
        yield f"has a memory address ({found[0]}) in its output, which is another one in every run"


def _alternative_text(output: NotebookNode) -> Iterator[str]:
    if output.output_type not in ("display_data", "execute_result"):
        return
    for kind in IMAGES:
        alt = output.metadata.get("alt") or output.metadata.get(kind, {}).get("alt")
        if kind in output.data and not alt:
            yield 'shows a picture without an alternative text; end it with viz.show(fig, alt="...")'
    for tag in IMG_TAG.findall(output.data.get("text/html", "")):
        if not re.search(r"\balt\s*=", tag):
            yield "shows an <img> without alt"


def _text_of(output: NotebookNode) -> str:
    """Everything readable of an output: not the pictures' bytes, in which any letters may meet."""
    data = {kind: value for kind, value in output.get("data", {}).items() if kind not in IMAGES}
    readable = {**output, "data": data}
    return re.sub(r"base64,[\w+/=]+", "", "\n".join(_strings(readable)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _machine_paths() -> set[str]:
    places = {Path.home(), ROOT, Path(tempfile.gettempdir()), Path(sys.prefix), Path(sys.base_prefix)}
    places |= {Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages()]}
    places |= {place.resolve() for place in places}
    # The root folder says nothing, and /usr is the same everywhere.
    told = {str(place) for place in places if len(place.parts) > 1 and str(place) != "/usr"}
    return told | {"site-packages"}
