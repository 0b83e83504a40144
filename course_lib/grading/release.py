"""What learners get: the chapters of an assignment and what they need, and nothing of what grading keeps back."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from course_lib.grading.assignment import Assignment
from course_lib.grading.hidden_stages import without_hidden_stages
from course_lib.paths import ROOT

MANIFEST = "release.json"
_TOP = ("start.py", "pyproject.toml", "constraints.txt", "environment.yml", "LICENSE")
# Of the package, what a learner has no use for, or must not have.
_KEPT_BACK = ("grading", "authoring")
_NEVER = ("__pycache__", ".ipynb_checkpoints")

README = """\
# {title}

{due}```
python start.py
```

makes an environment, checks the machine, and opens JupyterLab on the notebooks in `work/`. Nothing you write there is
overwritten. Python 3.10 or newer is needed; the first start takes a few minutes, later ones seconds.

These exercises count, {points:g} points in all:

| | exercise | points |
|---|---|---|
{table}

`check("...")` in the cell of an exercise says what is right and what is not, `hint("...")` helps. When the work is graded,
each answer runs alone, on more inputs than `check` has: an answer that was fitted to those is not enough.

Hand in the notebooks from `work/`, as they are. Write each answer in its own cell. Cells of your own are run before it.
"""


def release(assignment: Assignment, out: Path, root: Path = ROOT) -> Path:
    """Write the folder for learners, and the same as a zip archive beside it.

    Args:
        assignment: which chapters, and what counts.
        out: the folder; it must not be there yet, or be empty.
        root: the instructor's checkout.

    Returns:
        The archive.

    Raises:
        FileExistsError: `out` holds something.
        FileNotFoundError: a chapter's notebook has not been built.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give a new folder.")
    notebooks = [_notebook_of(chapter, root) for chapter in assignment.chapters]
    for source, name in _files(assignment, notebooks, root):
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("course_lib/exercises/bank/") and name.endswith(".py"):
            target.write_text(without_hidden_stages(source.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(source, target)
    (out / "README.md").write_text(_readme(assignment), encoding="utf-8", newline="\n")
    manifest = {"title": assignment.title, "due": assignment.due, "chapters": list(assignment.chapters),
                "points": dict(assignment.points), "release": digest_of(out)}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Path(shutil.make_archive(str(out), "zip", root_dir=out.parent, base_dir=out.name))


def digest_of(folder: Path) -> str:
    """16 hexadecimal digits for the notebooks of a release: what the learner was given to write in."""
    digest = hashlib.sha256()
    for path in sorted((folder / "chapters").glob("*.ipynb")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _notebook_of(chapter: int, root: Path) -> Path:
    found = sorted((root / "chapters").glob(f"{chapter:02}_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"chapter {chapter} has no notebook in chapters/; `python start.py build {chapter}`"
                                " makes it.")
    return found[0]


def _files(assignment: Assignment, notebooks: list[Path], root: Path) -> Iterator[tuple[Path, str]]:
    """Each file that is handed out, and its name there."""
    for name in _TOP:
        yield root / name, name
    for notebook in notebooks:
        yield notebook, f"chapters/{notebook.name}"
    for path in sorted((root / "chapters" / "results").glob("*.json")):
        if int(path.name[:2]) in assignment.chapters:
            yield path, f"chapters/results/{path.name}"
    yield root / "chapters" / "GLOSSARY.md", "chapters/GLOSSARY.md"
    wanted = _wanted_by(assignment)
    for path in sorted((root / "course_lib").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.suffix == ".pyc" and wanted(name):
            yield path, name


def _wanted_by(assignment: Assignment) -> Callable[[str], bool]:
    banks = {f"ch{chapter:02}" for chapter in assignment.chapters}

    def wanted(name: str) -> bool:
        parts = name.split("/")
        if parts[1] in _KEPT_BACK or any(part in _NEVER for part in parts):
            return False
        in_a_bank = parts[1:3] == ["exercises", "bank"] and len(parts) > 4
        return not in_a_bank or parts[3] in banks

    return wanted


def _readme(assignment: Assignment) -> str:
    from course_lib.exercises.bank import number_of

    rows = [f"| {number_of(id)} | {exercise.title} | {assignment.points[id]:g} |"
            for chapter in assignment.chapters for id, exercise in assignment.exercises(chapter).items()]
    due = f"Due {assignment.due.replace('T', ', ')}.\n\n" if assignment.due else ""
    return README.format(title=assignment.title, due=due, points=sum(assignment.points.values()), table="\n".join(rows))
