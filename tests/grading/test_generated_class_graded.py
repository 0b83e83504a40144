"""The class of forty, graded in one run: every outcome as expected; and a run that is killed goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from course_lib.grading.assignment import whole_chapters
from course_lib.grading.grade import grade
from course_lib.grading.records import file_names
from course_lib.grading.workers.limits import Limits
from course_lib.paths import ROOT, SOLUTIONS

sys.path.insert(0, str(Path(__file__).parent))
from generated.compare import unexpected  # noqa: E402
from generated.slips import Expected  # noqa: E402
from generated.students import hand_in, make_class  # noqa: E402

pytestmark = pytest.mark.skipif(not any(SOLUTIONS.glob("01_*.ipynb")), reason="a release has no solutions")
LIMITS = Limits(seconds=6.0)  # more than any honest answer takes on a busy machine


@pytest.fixture(scope="module")
def forty():
    return make_class(40, hanging=2, seed=2)


@pytest.fixture(scope="module")
def graded(forty, tmp_path_factory):
    """Where the submissions and the records of the class are, and the records."""
    folder = tmp_path_factory.mktemp("generated")
    hand_in(forty, folder / "in")
    records, collection = grade(
        folder / "in", folder / "out", whole_chapters("1-3"), limits=LIMITS, jobs=2, progress=False)
    assert collection.notes == ()
    return folder, records


def test_every_outcome_of_a_class_is_as_expected(forty, graded):
    assert unexpected(forty, graded[1]) == []


def test_nobody_honest_is_pointed_out(forty, graded):
    odd = {each.name for each in forty if each.hanging or "ends the process" in each.story.values()}
    assert {record.student for record in graded[1] if record.look_at} <= odd


def test_another_outcome_than_the_expected_one_is_seen(forty, graded):
    _, records = graded
    passed = Expected("passed")
    student, id = next((each, id) for each in forty for id, want in each.expected.items() if want == passed)
    was, student.expected[id] = student.expected[id], Expected("failed", "no scale")
    found = unexpected(forty, records)
    student.expected[id] = was
    assert len(found) == 1 and student.name in found[0] and id in found[0]
    assert len(unexpected(forty, records[1:])) == len(unexpected(forty[1:], records)) == 1


def test_a_run_that_is_killed_loses_nothing_and_repeats_nothing(forty, graded, tmp_path):
    """A real process and a real SIGKILL. The records are those of the run that nobody killed."""
    unbroken, some = graded[0] / "out", forty[:7]
    records = tmp_path / "out" / "records"
    hand_in(some, tmp_path / "in")
    command = [sys.executable, "-m", "course_lib.cli", "grade", str(tmp_path / "in"), "--chapters", "1-3",
               "--out", str(tmp_path / "out"), "--seed-file", str(unbroken / "seed.txt"),
               "--timeout", str(LIMITS.seconds), "--jobs", "2"]
    options = {"cwd": ROOT, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}

    said = tmp_path / "said"
    with said.open("wb") as file:  # not a pipe, which whatever is left behind would hold open
        run = subprocess.Popen(command, stdout=file, stderr=file, **options)
    end = time.monotonic() + 120
    while len(list(records.glob("*.json"))) < 2 and run.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    children = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    assert run.wait() == -signal.SIGKILL, said.read_text()
    _, left = psutil.wait_procs(children, timeout=20)
    for process in left:
        process.kill()
    assert left == []
    kept = {path: _identity(path) for path in records.glob("*.json")}
    assert 2 <= len(kept) < len(some), said.read_text()

    with said.open("wb") as file:
        assert subprocess.call(command, stdout=file, stderr=file, timeout=300, **options) == 0, said.read_text()
    assert {path: _identity(path) for path in kept} == kept
    names = {f"{name}.json" for name in file_names(each.name for each in some).values()}
    assert {path.name for path in records.iterdir()} == names
    for name in names:
        assert _but_for_time(records / name) == _but_for_time(unbroken / "records" / name), name


def _identity(path):
    """What changes when a file is written again, be it with the same bytes."""
    about = path.stat()
    return path.read_bytes(), about.st_mtime_ns, about.st_ino


def _but_for_time(path):
    record = json.loads(path.read_bytes())
    return list(record.pop("seconds")), json.dumps(record)
