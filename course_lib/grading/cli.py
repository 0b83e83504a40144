"""The instructor's part of the `course` command. What is typed is understood here, and done in verbs.py and
platform_verbs.py."""

import argparse
import math
from collections.abc import Callable

from course_lib.grading import platform_verbs, verbs


def add_verbs(verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Add them with `verb(name, run, summary)`, which returns a parser for what the verb takes."""
    release = verb("release", verbs.release, "make the folder and the archive that learners get")
    _add_assignment(release)
    release.add_argument("--out", required=True, metavar="DIR", help="a new folder; DIR.zip is written beside it")

    collect = verb("collect", verbs.collect, "say who handed in what, and run nothing of it")
    collect.add_argument("place", metavar="SUBMISSIONS", help="a folder, or a zip as the platform hands it out")
    _add_assignment(collect)
    _add_students(collect)

    grade = verb("grade", verbs.grade, "grade the submissions in a folder or an archive")
    grade.add_argument("place", metavar="SUBMISSIONS", nargs="?", help="a folder, or a zip as the platform hands it out")
    _add_assignment(grade)
    grade.add_argument("--out", metavar="DIR", help="records, grades, feedback; a run that was killed goes on there")
    grade.add_argument("--seed-file", metavar="F", help="private text that the inputs are drawn from (default: one is"
                       " made in DIR)")
    grade.add_argument("--dry-run", action="store_true", help="without SUBMISSIONS: the solved edition must get every"
                       " point, the untouched one none")
    _add_students(grade)
    _add_engine(grade)
    _add_timeout(grade)

    regrade = verb("regrade", verbs.regrade, "grade again what was graded, and say whose points changed and why")
    regrade.add_argument("--diff", required=True, metavar="OLD", help="the folder that `course grade` wrote")
    regrade.add_argument("place", metavar="SUBMISSIONS", nargs="?", help="where they are now, if they were moved")
    regrade.add_argument("--out", metavar="NEW", help="the new results (default: OLD-regraded)")
    _add_engine(regrade)

    canvas = verb("canvas", platform_verbs.canvas, "enter the points in a gradebook that was exported from Canvas")
    canvas.add_argument("graded", metavar="GRADED", help="the folder that `course grade` wrote")
    canvas.add_argument("gradebook", metavar="EXPORT.csv", help="in Canvas: Grades, Export, Export Entire Gradebook")
    canvas.add_argument("--out", required=True, metavar="FILLED.csv", help="a new file: the same with a column filled")
    canvas.add_argument("--column", metavar="C", help="its title, or the number in brackets (default: the assignment's"
                        " title)")
    canvas.add_argument("--scale", action="store_true", help="convert the points to those that are possible in Canvas")

    autograder = verb("autograder", platform_verbs.autograder, "make the zip that Gradescope's autograder is built from")
    _add_assignment(autograder)
    autograder.add_argument("--out", required=True, metavar="X.zip", help="a new file")
    autograder.add_argument("--seed-file", metavar="F", help="private text that the inputs are drawn from (default: a"
                            " new one)")
    autograder.add_argument("--torch-from", default="", metavar="ADDRESS", help="take PyTorch from this index, such as"
                            " that of its CPU builds; pytorch.org's installation page shows it")
    _add_timeout(autograder)


def _add_assignment(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--chapters", metavar="1-3", help="all exercises of these chapters")
    which.add_argument("--assignment", metavar="FILE", help="a TOML file: title, due, chapters, leave_out, points")


def _add_students(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--students", metavar="FILE", help="the class, to say who is missing: a name a line, or a"
                        " gradebook that was exported from Canvas (.csv)")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, metavar="N", help="submissions side by side (default: one a core)")
    parser.add_argument("--engine", choices=("here", "dask"), default="here", help="here: this machine; dask: a cluster")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of the cluster, as in tcp://10.0.0.1:8786")


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", type=_seconds, default=10.0, metavar="S",
                        help="seconds for one answer (default: 10)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is needed, got {text!r}")
    return seconds
