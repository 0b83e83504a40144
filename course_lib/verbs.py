"""What each verb of the `course` command does.

A verb imports what it needs when it runs, so that `course --help` answers at once. It gets what was typed and
the options that it passes on, and returns the exit status.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager


class Refused(Exception):
    """What was asked for does not exist, or needs a yes; the message says what does exist, or how."""


@contextmanager
def _refusing(*unknown: type[Exception]) -> Iterator[None]:
    """Around the finding of something by its name: what that raises is a slip of the person, not ours."""
    try:
        yield
    except unknown as error:
        raise Refused(error.args[0]) from None


def lab(arguments: Namespace, options: list[str]) -> int:
    """Open JupyterLab on a chapter."""
    from course_lib.lab import open_lab
    from course_lib.workspace import find_chapter

    with _refusing(LookupError):
        chapter = find_chapter(arguments.chapter)
    return open_lab(chapter.name, options)


def test(arguments: Namespace, options: list[str]) -> int:
    """Run the tests and every notebook."""
    from course_lib.testing.command import run_tests

    return run_tests(options)


def doctor(arguments: Namespace, options: list[str]) -> int:
    """Look for what is wrong with this machine."""
    from course_lib.doctor import examine, print_findings

    return print_findings(examine(), as_json=arguments.json)


def build(arguments: Namespace, options: list[str]) -> int:
    """Make the notebooks from their sources, or check them."""
    from course_lib.authoring import build

    with _refusing(ValueError):
        problems = build(arguments.chapters or None, check=arguments.check)
    return 1 if problems else 0


def reset(arguments: Namespace, options: list[str]) -> int:
    """A fresh copy of a chapter in work/."""
    from course_lib import workspace

    with _refusing(LookupError):
        chapter = workspace.find_chapter(arguments.chapter)
    fresh, kept = workspace.reset(chapter)
    print(f"Fresh: {fresh}" + (f"\nYours: {kept}" if kept else ""))
    return 0


def progress(arguments: Namespace, options: list[str]) -> int:
    """What is solved, tried and left."""
    from course_lib.exercises import progress_table

    print(progress_table())
    return 0


def data(arguments: Namespace, options: list[str]) -> int:
    """List the real data sets, or fetch one."""
    from course_lib.data.real import find, folder_of, real_sets, size_of

    if arguments.name is None:
        for entry in real_sets():
            there = "there" if folder_of(entry).is_dir() else size_of(entry)
            print(f"{entry.name:<18}{there:>8}  {entry.title}: {entry.about}")
        return 0
    with _refusing(ValueError):
        entry = find(arguments.name)
    if not arguments.yes and not folder_of(entry).is_dir():
        question = f"{entry.title} is {size_of(entry)} to fetch, into {folder_of(entry)}."
        if not sys.stdin.isatty():
            raise Refused(f"{question} Add --yes to fetch it.")
        if input(f"{question} Fetch it? [y/N] ").strip().lower() not in ("y", "yes"):
            return 0
    from course_lib.data import download

    try:
        download(arguments.name)
    except OSError as error:    # no network, no room, or a set that is not complete
        print(f"course data: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def train(arguments: Namespace, options: list[str]) -> int:
    """Train a segmentation network on a folder."""
    from pathlib import Path

    from course_lib.training import train_on_folder

    out = Path(arguments.out) if arguments.out else Path("runs") / Path(arguments.folder).resolve().name
    network = {name: getattr(arguments, name) for name in ("neck", "gates", "scales", "width", "levels")}
    with _refusing(ValueError, FileNotFoundError, FileExistsError, FloatingPointError):
        run = train_on_folder(
            arguments.folder, size=arguments.size and tuple(arguments.size), num_classes=arguments.classes,
            ignore_index=arguments.ignore, options=network, steps=arguments.steps, batch_size=arguments.batch,
            lr=arguments.lr, seed=arguments.seed, num_workers=arguments.workers, out=out)
    print(run)
    print(f"{out}: the network, its masks of the test pictures, and these figures")
    return 0


def experiment(arguments: Namespace, options: list[str]) -> int:
    """List the experiments, or run one."""
    from course_lib import experiments
    from course_lib.experiments.registry import find

    if arguments.name is None:
        print("\n".join(experiments.names()))
        return 0
    with _refusing(LookupError):
        find(arguments.name)
    if arguments.size == "small":
        print(experiments.summary(experiments.run(arguments.name, "small")))
        return 0
    path = experiments.record(arguments.name)
    result = experiments.load_record(arguments.name)
    print(f"{experiments.summary(result)}\n{experiments.provenance(result)}\n{path}")
    return 0


def release(arguments: Namespace, options: list[str]) -> int:
    """Make what learners get."""
    from pathlib import Path

    from course_lib.grading.release import release as make_release

    with _refusing(ValueError, FileNotFoundError, FileExistsError):
        archive = make_release(_assignment(arguments), Path(arguments.out))
    print(f"{arguments.out}, and the same packed: {archive}")
    return 0


def grade(arguments: Namespace, options: list[str]) -> int:
    """Grade what was handed in."""
    from pathlib import Path

    from course_lib.grading.grade import grade as grade_all
    from course_lib.grading.limits import Limits
    from course_lib.grading.papers import write_papers
    from course_lib.paths import CHAPTERS

    out = Path(arguments.out)
    with _refusing(ValueError, FileNotFoundError):
        assignment = _assignment(arguments)
        records, collection = grade_all(
            Path(arguments.place), out, assignment, limits=Limits(seconds=arguments.timeout), jobs=arguments.jobs,
            seed_file=Path(arguments.seed_file) if arguments.seed_file else None)
    notebooks = [path for chapter in assignment.chapters for path in CHAPTERS.glob(f"{chapter:02}_*.ipynb")]
    written = write_papers(records, out, notebooks)
    for note in collection.notes:
        print(f"note: {note}")
    mean = sum(record.points for record in records) / len(records)
    print(f"{len(records)} submissions, {mean:.1f} of {records[0].of:g} points on average")
    for wall in records[0].stamp["walls"]:
        print(f"wall: {wall}")
    print("For code that you do not trust, run this in a container or a virtual machine that holds nothing else.")
    print("\n".join(map(str, written)))
    return 0


def _assignment(arguments: Namespace):
    from pathlib import Path

    from course_lib.grading.assignment import read_assignment, whole_chapters

    if arguments.assignment:
        return read_assignment(Path(arguments.assignment))
    return whole_chapters(arguments.chapters)
