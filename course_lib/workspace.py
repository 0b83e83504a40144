"""The learner's folder `work/`: chapters are copied into it, never overwritten, and set aside by `reset`."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary

from course_lib.paths import CHAPTERS, work_dir

_EDITIONS = ".editions.json"    # in work/: which edition each copy was made from


@dataclass(frozen=True)
class Copied:
    """What `fill` did: names of files it copied, and of files of which the course now has a newer edition."""

    new: list[str]
    outdated: list[str]


def chapters() -> dict[str, Path]:
    """Every chapter's learner notebook by its slug ("01_dot_product_attention"), in order."""
    return {path.stem: path for path in sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))}


def pages() -> dict[str, Path]:
    """What the chapters link to: the glossary."""
    return {path.stem: path for path in sorted(CHAPTERS.glob("*.md"))}


def find_chapter(name: str) -> Path:
    """A chapter's learner notebook by number ("1", "01"), slug or a part of it; or a page ("GLOSSARY").

    Raises:
        LookupError: No chapter, or more than one, goes by this name; the nearest are named.
    """
    known = chapters() | pages()
    wanted = Path(name).name.removesuffix(".ipynb").removesuffix(".md")
    if wanted.isdigit():
        fits = [slug for slug in chapters() if int(slug[:2]) == int(wanted)]
    else:
        fits = [slug for slug in known if slug == wanted] or [slug for slug in known if wanted in slug]
    if len(fits) == 1:
        return known[fits[0]]
    near = fits or get_close_matches(wanted, known, n=3, cutoff=0.4) or list(known)
    raise LookupError(f"there is no single chapter '{name}'; there is: {', '.join(near) or 'none yet'}")


def fill() -> Copied:
    """Copy each chapter, and each page they link to, into work/ if it is not there yet."""
    folder = work_dir()
    folder.mkdir(parents=True, exist_ok=True)
    editions = _read_editions(folder)
    copied = Copied(new=[], outdated=[])
    for source in [*chapters().values(), *pages().values()]:
        target = folder / source.name
        if not target.exists():
            _copy(source, target, editions)
            copied.new.append(source.name)
        elif editions.get(source.name, _digest(source)) != _digest(source):
            copied.outdated.append(source.name)
    _write_editions(folder, editions)
    return copied


def reset(source: Path) -> tuple[Path, Path | None]:
    """Put a fresh copy of the chapter `source` into work/.

    Returns the copy, and where the learner's own one lies now (None: there was none).
    """
    folder = work_dir()
    folder.mkdir(parents=True, exist_ok=True)
    target, kept = folder / source.name, None
    if target.exists():
        kept = _free_name(target)
        target.rename(kept)
    editions = _read_editions(folder)
    _copy(source, target, editions)
    _write_editions(folder, editions)
    return target, kept


def _free_name(path: Path) -> Path:
    """Beside `path`, with the time in its name (01_slug.2026-01-31-141500.ipynb); never one that is taken."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    candidate, count = path.with_name(f"{path.stem}.{stamp}{path.suffix}"), 1
    while candidate.exists():
        count += 1
        candidate = path.with_name(f"{path.stem}.{stamp}-{count}{path.suffix}")
    return candidate


def _copy(source: Path, target: Path, editions: dict[str, str]) -> None:
    shutil.copyfile(source, target)     # not copy2: the copy is the learner's, made now and writable
    editions[source.name] = _digest(source)
    if target.suffix == ".ipynb":       # signed, or JupyterLab strips the stored feedback of its styles
        NotebookNotary().sign(nbformat.read(target, as_version=4))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_editions(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / _EDITIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write_editions(folder: Path, editions: dict[str, str]) -> None:
    (folder / _EDITIONS).write_text(json.dumps(editions, indent=1) + "\n", encoding="utf-8")
