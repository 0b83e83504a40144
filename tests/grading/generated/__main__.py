"""Grade a class that was made up, and say how fast it went and what came out unexpected.

    python -m tests.grading.generated --size 200 --hanging 10 --out DIR --jobs 2
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from course_lib.grading.assignment import whole_chapters
from course_lib.grading.grade import grade
from course_lib.grading.workers.limits import Limits

from .compare import unexpected
from .students import hand_in, make_class
from .tree import Watch


def main() -> int:
    arguments = _arguments()
    out = Path(arguments.out)
    if out.exists() and any(out.iterdir()):
        print(f"{out} is not empty. Give a new folder.", file=sys.stderr)
        return 2
    students = make_class(arguments.size, hanging=arguments.hanging, seed=arguments.seed)
    hand_in(students, out / "submissions")
    answered = sum(want.status not in ("missing", "unattempted")
                   for each in students for want in each.expected.values())
    handed_in = sum(len(each.files) for each in students)
    size = sum(len(data) for each in students for data in each.files.values())
    print(f"{len(students)} submissions, {handed_in} files of {size / 2**20:.0f} MiB, {answered} answers,"
          f" {sum(each.hanging for each in students)} without an end")

    watch = Watch()
    watch.start()
    start = time.perf_counter()
    records, _ = grade(out / "submissions", out / "graded", whole_chapters("1-3"),
                       limits=Limits(seconds=arguments.timeout), jobs=arguments.jobs)
    seconds = time.perf_counter() - start
    watch.stop()
    print(f"{seconds:.1f} s with {arguments.jobs} jobs: {len(records) / seconds:.2f} submissions a second,"
          f" {1000 * seconds / max(1, answered):.0f} ms an answer")
    print(f"peak memory {watch.peak / 2**20:.0f} MiB, in up to {watch.most} processes")
    print("outcomes: " + ", ".join(f"{count} {status}" for status, count in Counter(
        result.status for record in records for result in record.exercises).most_common()))

    wrong = unexpected(students, records)
    print("\n".join(wrong) or "every outcome is as expected")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.grading.generated", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=200, help="submissions (200)")
    parser.add_argument("--hanging", type=int, default=10, help="of them with an answer that never ends (10)")
    parser.add_argument("--out", required=True, help="a new folder, for the submissions and their records")
    parser.add_argument("--jobs", type=int, default=2, help="submissions graded side by side (2)")
    parser.add_argument("--timeout", type=float, default=Limits().seconds, help="seconds an answer may take")
    parser.add_argument("--seed", type=int, default=0, help="decides the class")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
