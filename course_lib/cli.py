"""The `course` command. A verb imports what it needs when it runs, so `course --help` answers at once."""

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches

EXAMPLES = """\
examples:
  course lab                open JupyterLab on chapter 0
  course lab 1              ... on chapter 1
  course doctor             look for what is wrong with this machine, and say how to mend it
  course reset 1            a fresh copy of chapter 1; yours is kept beside it
  course progress           what you have solved
  course test -k softmax    the tests whose name holds "softmax"
"""


class Refused(Exception):
    """What was asked for does not exist or needs a yes; the message says what does or how."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `course ARGV`; returns the exit status: 0 fine, 1 found wanting, 2 not understood, 130 stopped."""
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not argv:
        parser.print_help()
        return 0
    known = parser.get_default("verbs")
    if not argv[0].startswith("-") and argv[0] not in known:
        near = get_close_matches(argv[0], known, n=2, cutoff=0.4) or known
        print(f"course: there is no '{argv[0]}'; there is: {', '.join(near)}", file=sys.stderr)
        return 2
    arguments, options = parser.parse_known_args(argv)
    if options and not arguments.passes_on:
        parser.error(f"not understood: {' '.join(options)}; `course {argv[0]} --help` says what is")
    try:
        return arguments.run(arguments, options)
    except (LookupError, Refused) as error:
        print(f"course {argv[0]}: {error.args[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("course", description="Attention in computer vision: run the course.",
                                     epilog=EXAMPLES, formatter_class=plain, allow_abbrev=False)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)

    def verb(name: str, run, summary: str, *, passes_on: bool = False) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        added.set_defaults(run=run, passes_on=passes_on)
        return added

    lab = verb("lab", _lab, "open JupyterLab in work/; further options go to `jupyter lab`", passes_on=True)
    lab.add_argument("chapter", nargs="?", default="0", metavar="NN", help="number or name of a chapter")
    verb("test", _test, "run all tests and notebooks, in parallel; options go to pytest", passes_on=True)
    doctor = verb("doctor", _doctor, "look for what is wrong with this machine; a fix for each failure")
    doctor.add_argument("--json", action="store_true", help="for programs: one JSON object")
    build = verb("build", _build, "make both editions of the lessons from solutions/NN_slug.py")
    build.add_argument("chapters", nargs="*", metavar="NN", help="only these (default: all)")
    build.add_argument("--check", action="store_true", help="write nothing; fail when a notebook differs")
    reset = verb("reset", _reset, "a fresh copy of a chapter in work/; the old one is kept, renamed")
    reset.add_argument("chapter", metavar="NN", help="a chapter's number or name")
    verb("progress", _progress, "say what is solved, tried and left")
    data = verb("data", _data, "list the real data sets, or say how large one is and fetch it into data/")
    data.add_argument("name", nargs="?", metavar="NAME")
    data.add_argument("--yes", action="store_true", help="do not ask before fetching")
    experiment = verb("experiment", _experiment, "list the lessons' experiments, or run one and record it")
    experiment.add_argument("name", nargs="?", metavar="NAME")
    experiment.add_argument("--size", choices=("small", "full"), default="full",
                            help="full: what the lessons quote, recorded; small: what they run (default: full)")
    parser.set_defaults(verbs=list(verbs.choices))
    return parser


def _lab(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.lab import open_lab

    return open_lab(arguments.chapter, options)


def _test(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.testing.command import run_tests

    return run_tests(options)


def _doctor(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.doctor import examine, print_findings

    return print_findings(examine(), as_json=arguments.json)


def _build(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.authoring import build

    try:
        return 1 if build(arguments.chapters or None, check=arguments.check) else 0
    except ValueError as error:
        raise Refused(str(error)) from None


def _reset(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib import workspace

    fresh, kept = workspace.reset(arguments.chapter)
    print(f"Fresh: {fresh}" + (f"\nYours: {kept}" if kept else ""))
    return 0


def _progress(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.exercises import progress_table

    print(progress_table())
    return 0


def _data(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib.data.real import find, folder_of, real_sets, size_of

    if arguments.name is None:
        for entry in real_sets():
            there = "there" if folder_of(entry).is_dir() else size_of(entry)
            print(f"{entry.name:<18}{there:>8}  {entry.title}: {entry.about}")
        return 0
    try:
        entry = find(arguments.name)
    except ValueError as error:
        raise Refused(str(error)) from None
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


def _experiment(arguments: argparse.Namespace, options: list[str]) -> int:
    from course_lib import experiments

    if arguments.name is None:
        print("\n".join(experiments.names()))
        return 0
    if arguments.size == "small":
        print(experiments.summary(experiments.run(arguments.name, "small")))
        return 0
    path = experiments.record(arguments.name)
    result = experiments.load_record(arguments.name)
    print(f"{experiments.summary(result)}\n{experiments.provenance(result)}\n{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
