"""The `course` command. What is typed is understood here, and done in verbs.py."""

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from course_lib import verbs
from course_lib.refused import Refused

EXAMPLES = """\
examples:
  course lab                open JupyterLab on the first chapter
  course lab 1              ... on chapter 1
  course doctor             look for what is wrong with this machine, and say how to mend it
  course reset 1            a fresh copy of chapter 1; yours is kept beside it
  course progress           what you have solved
  course test -k softmax    the tests whose name holds "softmax"
  course train my_data --size 120 160 --ignore 255 --gates
                            a network for your own pictures and masks; chapter 8 shows how
"""


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
    except Refused as error:
        print(f"course {argv[0]}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("course", description="Attention in computer vision: run the course.",
                                     epilog=EXAMPLES, formatter_class=plain, allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def verb(name: str, run, summary: str, *, passes_on: bool = False) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        added.set_defaults(run=run, passes_on=passes_on)
        return added

    lab = verb("lab", verbs.lab, "open JupyterLab in work/; options go to `jupyter lab`", passes_on=True)
    lab.add_argument("chapter", nargs="?", metavar="NN", help="number or name of a chapter (default: the first there is)")
    verb("test", verbs.test, "run all tests and notebooks, in parallel; options go to pytest", passes_on=True)
    doctor = verb("doctor", verbs.doctor, "look for what is wrong with this machine; a fix for each failure")
    doctor.add_argument("--json", action="store_true", help="for programs: one JSON object")
    build = verb("build", verbs.build, "make both editions of the lessons from solutions/NN_slug.py")
    build.add_argument("chapters", nargs="*", metavar="NN", help="only these (default: all)")
    build.add_argument("--check", action="store_true", help="write nothing; fail when a notebook differs")
    reset = verb("reset", verbs.reset, "a fresh copy of a chapter in work/; the old one is kept, renamed")
    reset.add_argument("chapter", metavar="NN", help="a chapter's number or name")
    verb("progress", verbs.progress, "say what is solved, tried and left")
    data = verb("data", verbs.data, "list the real data sets, or fetch one after saying its size")
    data.add_argument("name", nargs="?", metavar="NAME")
    data.add_argument("--yes", action="store_true", help="do not ask before fetching")
    train = verb("train", verbs.train, "train a segmentation network on a folder with images/ and masks/")
    train.add_argument("folder", metavar="FOLDER")
    train.add_argument("--size", nargs=2, type=int, metavar=("H", "W"), help="resize pictures and masks to this")
    train.add_argument("--classes", type=int, metavar="N", help="how many; not needed where there is a classes.txt")
    train.add_argument("--ignore", type=int, metavar="VALUE", help="a mask's value that belongs to no class, often 255")
    train.add_argument("--neck", default="none", help="none, convolution, transformer, windows, position, channel, ...")
    train.add_argument("--gates", action="store_true", help="an attention gate on each skip")
    train.add_argument("--scales", action="store_true", help="each pixel weighs the scales of the decoder")
    train.add_argument("--width", type=float, default=16, help="channels at full resolution (default: 16)")
    train.add_argument("--levels", type=int, default=3, help="resolutions of the network (default: 3)")
    train.add_argument("--steps", type=int, default=1000)
    train.add_argument("--batch", type=int, default=8, help="pictures a step (default: 8)")
    train.add_argument("--lr", type=float, default=3e-3, help="the largest learning rate (default: 0.003)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--workers", type=int, default=0, help="processes that read pictures (default: 0)")
    train.add_argument("--out", metavar="DIR", help="where the results go (default: runs/NAME-OF-FOLDER)")
    experiment = verb("experiment", verbs.experiment, "list the lessons' experiments, or run one")
    experiment.add_argument("name", nargs="?", metavar="NAME")
    experiment.add_argument("--size", choices=("small", "full"), default="full",
                            help="full: recorded, what lessons quote; small: what they run (default: full)")
    if (Path(__file__).parent / "grading").is_dir():  # learners do not have it
        from course_lib.grading.cli import add_verbs

        add_verbs(verb)
    parser.set_defaults(verbs=list(commands.choices))
    return parser


if __name__ == "__main__":
    sys.exit(main())
