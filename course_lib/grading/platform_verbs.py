"""The verbs for learning platforms: points into Canvas' gradebook, an autograder for Gradescope."""

import secrets
import shlex
from argparse import Namespace
from pathlib import Path

from course_lib.grading.verbs import read_asked
from course_lib.refused import Refused, refusing


def canvas(arguments: Namespace, options: list[str]) -> int:
    """Fill a column of the gradebook that was exported."""
    from course_lib.grading.exports.canvas import describe_filled, write_canvas
    from course_lib.grading.exports.canvas_book import GradebookError
    from course_lib.grading.records import read_records

    with refusing(ValueError, FileNotFoundError, FileExistsError):
        records = read_records(Path(arguments.graded) / "records")
        try:
            filled = write_canvas(Path(arguments.gradebook), Path(arguments.out), records,
                                  arguments.column or records[0].title, scale=arguments.scale)
        except GradebookError as error:
            raise ValueError(str(error) if arguments.column else f"{error} Give one with --column.") from None
    print(describe_filled(filled))
    print(f"{arguments.out}: in Canvas, Grades, Import. It shows what would change before it does.")
    return 0 if filled.filled else 1


def autograder(arguments: Namespace, options: list[str]) -> int:
    """Make the zip that Gradescope builds its autograder from."""
    from course_lib.grading.exports.autograder import write_autograder
    from course_lib.grading.grade import read_seed

    if any(c in "\"'\\$`\n" for c in arguments.torch_from):
        raise Refused(f"{arguments.torch_from!r} is no address of a package index.")
    with refusing(ValueError, FileNotFoundError, FileExistsError):
        read_asked(arguments)  # what is wrong with it is told here, and not by Gradescope
        seed = read_seed(Path(arguments.seed_file), make=False) if arguments.seed_file else secrets.token_hex(16)
        extra = {"seed.txt": f"{seed}\n".encode()}
        which = f"--chapters {shlex.quote(arguments.chapters or '')}"
        if arguments.assignment:
            extra["assignment.toml"] = Path(arguments.assignment).read_bytes()
            which = "--assignment assignment.toml"
        write_autograder(Path(arguments.out), extra=extra, torch_from=arguments.torch_from,
                         options=f"{which} --seed-file seed.txt --timeout {arguments.timeout:g} --jobs 1")
    print(f"{arguments.out}: in Gradescope, Configure Autograder, Zip file upload. Choose a container with 2 GB of"
          " memory or more.\nIt holds the private seed and the references: keep it to yourself.")
    return 0
