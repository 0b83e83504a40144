"""What each verb of the `course` command does.

A verb imports what it needs when it runs, so that `course --help` answers at once. It gets what was typed and
the options that it passes on, and returns the exit status.
"""

import sys
from argparse import Namespace

from course_lib.refused import Refused, refusing


def lab(arguments: Namespace, options: list[str]) -> int:
    """Open JupyterLab on a chapter."""
    from course_lib.lab import open_lab
    from course_lib.workspace import chapters, find_chapter

    with refusing(LookupError):
        # What an instructor gives out may begin with any chapter.
        chapter = find_chapter(arguments.chapter or min(chapters(), default="0"))
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

    with refusing(ValueError):
        problems = build(arguments.chapters or None, check=arguments.check)
    return 1 if problems else 0


def reset(arguments: Namespace, options: list[str]) -> int:
    """A fresh copy of a chapter in work/."""
    from course_lib import workspace

    with refusing(LookupError):
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
    with refusing(ValueError):
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
    with refusing(ValueError, FileNotFoundError, FileExistsError, FloatingPointError):
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
    with refusing(LookupError):
        find(arguments.name)
    if arguments.size == "small":
        print(experiments.summary(experiments.run(arguments.name, "small")))
        return 0
    path = experiments.record(arguments.name)
    result = experiments.load_record(arguments.name)
    print(f"{experiments.summary(result)}\n{experiments.provenance(result)}\n{path}")
    return 0
