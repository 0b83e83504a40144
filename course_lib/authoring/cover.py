"""A chapter's cover: the picture that the README shows, taken out of the built notebook, so it is always the one a run made."""

import base64
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course_lib.authoring.problem import Problem

TAG = "cover"    # on the code cell whose first picture it is; one a chapter at most


def cover_path(notebook: Path) -> Path:
    """Where the cover of the chapter lies: `covers/NN_slug.png` beside the learner's notebook."""
    return notebook.parent / "covers" / f"{notebook.stem}.png"


def cover_of(notebook: NotebookNode) -> bytes | None:
    """The first picture in the outputs of the cell tagged `cover`; None where there is none."""
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output.data["image/png"])
    return None


def write_cover(notebook: NotebookNode, path: Path) -> None:
    picture = cover_of(notebook)
    if picture:
        cover_path(path).parent.mkdir(exist_ok=True)
        cover_path(path).write_bytes(picture)


def check_cover(notebook: NotebookNode, path: Path) -> Iterator[Problem]:
    """A cover file that is not the notebook's picture, or that is missing."""
    picture, stored = cover_of(notebook), cover_path(path)
    if picture is not None and not (stored.exists() and stored.read_bytes() == picture):
        yield Problem(stored, None, "check", "the cover is not the picture in the notebook; run `course build`")
