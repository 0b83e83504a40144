"""A class on a Dask cluster, a submission a task. For courses that one machine would grade for hours.

    course grade submissions/ --chapters 1-3 --out graded --engine dask --scheduler tcp://10.0.0.1:8786

Workers need the same checkout, PyTorch and Python as the instructor's machine; how it is graded is compared before
anything is, and by each task. They are trusted, as this machine is: who may talk to the cluster can run anything on
it. So an answer must not, and a worker without a wall before the network is refused.

`dask worker tcp://10.0.0.1:8786 --nworkers 8 --nthreads 1` starts workers: a process grades one submission at a time.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from course_lib.grading.grade import Engine, make_plan
from course_lib.grading.marking import Plan, mark
from course_lib.grading.reading.collect import Submission
from course_lib.grading.records import Record
from course_lib.grading.workers.run import Workers

_INSTALL = "--engine dask needs Dask: python -m pip install -e .[dask]"
_one_at_a_time = threading.Lock()  # a process of Dask's has as many threads as it was given
_began_with: dict[str, str] = {}  # the library, when this process graded first: what it has imported
_plans: dict[str, Plan] = {}
_workers: list[Workers] = []


class ClusterError(ValueError):
    """The cluster cannot grade this class; the message says why and what to do."""


def on_dask(address: str, *, patience: float = 30.0) -> Engine:
    """What runs submissions on the cluster whose scheduler is at `address`, for `grade`.

    A task whose worker is lost is given to another one by Dask, three times.

    Raises, when run:
        ClusterError: Dask is not installed; nobody answers within `patience` seconds; a worker would grade otherwise
            than this machine; the scheduler is lost, or workers again and again with one submission. What is graded
            is kept.
    """
    try:
        import distributed
    except ImportError:
        raise ClusterError(_INSTALL) from None

    def run(submissions: Sequence[Submission], plan: Plan) -> Iterator[Record]:
        try:
            client = distributed.Client(address, timeout=patience)
        except (OSError, ValueError) as error:
            raise ClusterError(f"no scheduler of Dask's answers at {address}: {error}") from None
        with client:
            _refuse_misfits(client, plan)
            yield from _records(client, submissions, plan)

    return run


def _refuse_misfits(client, plan: Plan) -> None:
    found = client.run(why_not, plan, on_error="return")
    if not found:
        raise ClusterError("the cluster has no workers; start one with: dask worker ADDRESS --nthreads 1")
    wrong = [f"{worker} {why if isinstance(why, str) else f'cannot say how it grades: {why!r:.200}'}"
             for worker, why in found.items() if why]
    if wrong:
        raise ClusterError("the cluster would not grade as this machine does. Give its workers the same checkout and"
                           " libraries, and start them again; what is graded is kept.\n  " + "\n  ".join(wrong))


def _records(client, submissions: Sequence[Submission], plan: Plan) -> Iterator[Record]:
    from distributed import CancelledError, as_completed
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    # A class at once would lie in the scheduler's memory, and large ones draw its warnings.
    waiting = iter(submissions)
    students = {}

    def hand_out(number: int) -> Iterator:
        for submission in islice(waiting, number):
            task = client.submit(grade_there, submission, plan, pure=False)
            students[task.key] = submission.student
            yield task

    lost = []
    going = as_completed(list(hand_out(4 * max(1, sum(client.ncores().values())))))
    for task in going:
        student = students.pop(task.key)
        try:
            yield task.result()
        except KilledWorker:
            lost.append(student)
        except (CancelledError, CommClosedError) as error:
            raise ClusterError(f"the scheduler was lost: {error}. Start the same command again when it is back: what"
                               " is graded is kept.") from None
        for another in hand_out(1):
            going.add(another)
    if lost:
        raise ClusterError(f"workers were lost again and again over the submissions of: {', '.join(lost)}. Perhaps they"
                           " have too little memory. Start the same command again: only these are graded.")


def grade_there(submission: Submission, plan: Plan) -> Record:
    """In a worker of Dask's: grade one submission.

    Raises:
        ClusterError: this worker joined later, and would grade otherwise.
    """
    if wrong := why_not(plan):
        raise ClusterError(f"a worker that joined later {wrong}. What is graded is kept.")
    with _one_at_a_time:
        return mark(submission, replace(plan, notebooks=_own(plan).notebooks), _ready(plan))


def why_not(plan: Plan) -> str:
    """In a worker of Dask's: why it would not grade as `plan` says. Empty if it would."""
    with _one_at_a_time:
        mine, wanted = (dict(_flat(each.stamp)) for each in (_own(plan), plan))
        if _began_with.setdefault("library", mine["library"]) != mine["library"]:
            return "was started before its checkout was changed"
        for name, value in wanted.items():
            if name != "seed" and mine.get(name) != value:
                return f"has {name} {mine.get(name)}, where it is {value} here"
        return closed_in(_ready(plan).walls)


def closed_in(walls: Sequence[str]) -> str:
    """Empty if what is run cannot reach the cluster, judged by the sentences of the walls."""
    [network] = [wall for wall in walls if wall.startswith("No network:")]
    if "it stands" in network or "TCP is closed" in network:
        return ""
    return f"has no wall before the network, through which an answer could command the cluster ({network})"


def _own(plan: Plan) -> Plan:
    """What this machine would make of the same assignment."""
    key = repr((plan.assignment, plan.limits))
    if key not in _plans:
        _plans[key] = make_plan(plan.assignment, "", plan.limits)
    return _plans[key]


def _ready(plan: Plan) -> Workers:
    """The workers of this process, started once."""
    if not _workers:
        import atexit

        import torch

        torch.set_num_threads(1)
        workers = Workers(hide=plan.hide, limits=plan.limits)
        workers.__enter__()
        atexit.register(workers.close)
        _workers.append(workers)
    return _workers[0]


def _flat(stamp: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in stamp.items():
        yield from value.items() if isinstance(value, Mapping) else [(key, value)]
