"""A whole class: what was collected goes in, one record a submission comes out, and what people read."""

import hashlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from tqdm import tqdm

from course_lib.grading.assignment import Assignment
from course_lib.grading.marking import Plan, digest_of, mark
from course_lib.grading.reading.collect import Collection, Submission, collect
from course_lib.grading.records import Record, RecordError, file_names, read_record, write_record
from course_lib.grading.workers.limits import Limits
from course_lib.grading.workers.run import Workers
from course_lib.paths import CHAPTERS, ROOT

SEED = "seed.txt"
Engine = Callable[[Sequence[Submission], Plan], Iterator[Record]]


def grade(
    place: Path,
    out: Path,
    assignment: Assignment,
    *,
    seed_file: Path | None = None,
    limits: Limits = Limits(),
    jobs: int | None = None,
    engine: Engine | None = None,
    progress: bool = True,
) -> tuple[list[Record], Collection]:
    """Grade all submissions. A record is on disk as soon as it is made; those that are there are not made again.

    Args:
        place: the folder or the archive of the submissions; see `collect`.
        out: where records go, in `records/`. Started again with the same `out`, a run that was killed goes on.
        assignment: what counts.
        seed_file: any text, kept private; the inputs are drawn from it. Without one, `out/seed.txt` is used, and
            made if it is not there.
        limits: of one answer.
        jobs: submissions graded side by side; as many as there are cores if not given.
        engine: what runs them, in place of processes on this machine.
        progress: show a bar on stderr.

    Returns:
        The records by student, and what was collected.

    Raises:
        FileNotFoundError, ValueError: there is nothing to grade, a chapter has no notebook, or `out` holds a record
            that cannot be read.
    """
    collection = collect(place)
    folder = out / "records"
    folder.mkdir(parents=True, exist_ok=True)
    plan = make_plan(assignment, read_seed(seed_file or out / SEED, make=seed_file is None), limits,
                     hide=(place.resolve(), out.resolve()))
    names = file_names(submission.student for submission in collection.submissions)
    records: dict[str, Record] = {}
    waiting: list[Submission] = []
    for submission in collection.submissions:
        record = _recalled(folder / f"{names[submission.student]}.json", submission, plan)
        if record is None:
            waiting.append(submission)
        else:
            records[submission.student] = record
    run = engine or (lambda submissions, plan: on_this_machine(submissions, plan, jobs))
    with tqdm(total=len(collection.submissions), initial=len(records), unit="submission", disable=not progress,
              file=sys.stderr) as bar:
        for record in run(waiting, plan):
            write_record(record, folder / f"{names[record.student]}.json")
            records[record.student] = record
            bar.update()
    return [records[student] for student in sorted(records)], collection


def make_plan(assignment: Assignment, seed: str, limits: Limits, hide: tuple[Path, ...] = ()) -> Plan:
    """How the class is graded, from what the instructor gave. The seed's text decides the inputs, its hash is shown."""
    notebooks = {}
    for chapter in assignment.chapters:
        found = sorted(CHAPTERS.glob(f"{chapter:02}_*.ipynb"))
        if not found:
            raise FileNotFoundError(f"chapter {chapter} has no notebook in {CHAPTERS}.")
        notebooks[chapter] = found[0]
    digest = hashlib.sha256(seed.encode()).hexdigest()
    stamp = {
        "versions": _versions(),
        "seed": digest[:16],
        "bank": _hash_of(sorted((ROOT / "course_lib" / "exercises").rglob("*.py"))),
        "library": _hash_of(sorted((ROOT / "course_lib").rglob("*.py"))),
        "release": _hash_of(notebooks.values()),
        "assignment": _hash_of_text(json.dumps(asdict(assignment), sort_keys=True)),
        "limits": asdict(limits),
    }
    # Another part of the hash than the one that is shown: 63 bits, which torch's generators take.
    return Plan(assignment, int(digest[16:32], 16) >> 1, notebooks, stamp, limits, hide)


def read_seed(path: Path, *, make: bool) -> str:
    """The private text that inputs are drawn from; a new one, readable by its owner alone, if it may be made."""
    if path.exists():
        text = path.read_text(encoding="utf-8").strip()
        if not text:
            raise ValueError(f"{path} is empty; write any text into it that learners do not know.")
        return text
    if not make:
        raise FileNotFoundError(f"there is no seed file {path}; write any text into it that learners do not know.")
    text = secrets.token_hex(16)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return text


def on_this_machine(submissions: Sequence[Submission], plan: Plan, jobs: int | None = None) -> Iterator[Record]:
    """Records as they are made, in processes of this machine."""
    jobs = min(jobs or _cores(), len(submissions))
    if jobs <= 1:
        with Workers(hide=plan.hide, limits=plan.limits) as workers:
            for submission in submissions:
                yield mark(submission, plan, workers)
        return
    # Spawned, not forked: torch may have started threads in this process.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin) as pool:
        try:
            for done in as_completed([pool.submit(mark_here, submission, plan) for submission in submissions]):
                yield done.result()
        except BrokenProcessPool:
            raise RuntimeError("a grading process ended, perhaps for want of memory. Start the same command again, with"
                               " fewer --jobs: what is graded is kept.") from None
        finally:
            pool.shutdown(cancel_futures=True)


_workers: Workers | None = None  # of this process, kept from one submission to the next


def mark_here(submission: Submission, plan: Plan) -> Record:
    """Grade a submission in this process, with workers that are started once."""
    global _workers
    if _workers is None:
        import atexit

        _workers = Workers(hide=plan.hide, limits=plan.limits)
        atexit.register(_workers.close)
        _workers.__enter__()
    return mark(submission, plan, _workers)


def _recalled(path: Path, submission: Submission, plan: Plan) -> Record | None:
    """What an earlier run wrote about just this submission under just this plan."""
    if not path.exists():
        return None
    try:
        record = read_record(path)
    except RecordError:
        return None
    stamp = {key: value for key, value in record.stamp.items() if key != "walls"}
    expected = json.loads(json.dumps(plan.stamp))
    same = record.digest == digest_of(submission) and stamp == expected and record.late == submission.late
    return record if same else None


def _begin() -> None:
    """In a new process of the pool: one thread for torch, and one that ends the process as soon as the grader is gone.

    A pool's process holds an end of its own queue, and would wait for ever on a grader that was killed.
    """
    import torch

    torch.set_num_threads(1)
    grader = parent_process()
    threading.Thread(target=lambda: (wait([grader.sentinel]), os._exit(1)), daemon=True).start()


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import torch

    try:
        course = version("attention-course")
    except PackageNotFoundError:
        course = "unknown"
    return {"python": platform.python_version(), "torch": torch.__version__.partition("+")[0], "course": course}


def _hash_of(paths: Any) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _hash_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
