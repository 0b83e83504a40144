"""A class on a cluster of two workers: the same records as on this machine, whatever becomes of a worker."""

import os
import signal
import sys
from dataclasses import replace

import nbformat
import pytest

from course_lib import cli
from course_lib.grading import on_dask as module
from course_lib.grading.assignment import whole_chapters
from course_lib.grading.grade import make_plan
from course_lib.grading.marking import mark
from course_lib.grading.on_dask import ClusterError, closed_in, on_dask, why_not
from course_lib.grading.reading.archives import File
from course_lib.grading.reading.collect import Submission
from course_lib.grading.records import same_but_for_time
from course_lib.grading.workers.limits import Limits
from course_lib.paths import SOLUTIONS

distributed = pytest.importorskip("distributed", reason="the engine for clusters is optional: pip install -e .[dask]")
pytestmark = pytest.mark.skipif(not SOLUTIONS.exists() or not hasattr(os, "fork"), reason="needs solutions, and fork")
HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def plan():
    return make_plan(whole_chapters("0"), "private", Limits(seconds=20))


@pytest.fixture(scope="module")
def cluster(plan):
    wrong = why_not(plan)
    if wrong:
        pytest.skip(f"this machine {wrong}")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, **HERE) as cluster:
        yield cluster
    while module._workers:
        module._workers.pop().close()


def submission(student, answer=None):
    notebook = nbformat.read(SOLUTIONS / "00_start_here.ipynb", as_version=4)
    for cell in notebook.cells:
        if answer and cell.metadata.get("exercise"):
            cell.source = answer
    return Submission(student, (File(f"{student}/00.ipynb", nbformat.writes(notebook).encode()),), late=True, lms_id="7")


WRONG = "def weighted_mean(*inputs):\n    return None"
SLOW = "import time\ntime.sleep(0.5)\n" + WRONG
NAMES = ("ada", "王小明", "bob", "eve", "joe", "kim")


def test_the_same_records_as_on_this_machine(cluster, plan):
    submissions = [submission(name, WRONG if number % 2 else None) for number, name in enumerate(NAMES)]
    here = {each.student: mark(each, plan, module._ready(plan)) for each in submissions}
    there = list(on_dask(cluster.scheduler_address)(submissions, plan))
    assert sorted(record.student for record in there) == sorted(NAMES)
    assert {record.points for record in there} == {0, 1}
    for record in there:
        assert same_but_for_time(record, here[record.student])


def test_a_worker_that_is_lost_costs_nobody_anything(cluster, plan):
    with distributed.Client(cluster) as client:
        victim, _ = client.run(os.getpid).values()
    run = on_dask(cluster.scheduler_address)([submission(name, SLOW) for name in NAMES], plan)
    first = next(run)
    os.kill(victim, signal.SIGKILL)
    assert sorted([first.student, *(record.student for record in run)]) == sorted(NAMES)


def test_a_scheduler_that_is_lost(plan, monkeypatch):
    class Lost:
        key = "ada"

        def result(self):
            raise distributed.CancelledError("scheduler-connection-lost")

    class Client:
        submit = staticmethod(lambda *_, **__: Lost())
        ncores = staticmethod(dict)

    monkeypatch.setattr(distributed, "as_completed", list)
    with pytest.raises(ClusterError, match="the scheduler was lost: .*what is graded is kept"):
        next(module._records(Client(), [Submission("ada", ())], plan))


def test_a_submission_that_costs_worker_after_worker_is_named_at_the_end(plan, record, monkeypatch):
    """The others are graded first. Dask gives such a task up by itself."""
    class Task:
        def __init__(self, student):
            self.key = student

        def result(self):
            if self.key == "eve":
                raise distributed.scheduler.KilledWorker("task", None, 3)
            return record(self.key)

    class Tasks(list):
        add = list.append

    class Client:
        submit = staticmethod(lambda function, submission, plan, pure: Task(submission.student))
        ncores = staticmethod(dict)

    monkeypatch.setattr(distributed, "as_completed", Tasks)
    names, graded = [*"abcdef", "eve", *"ghi"], []
    with pytest.raises(ClusterError, match="submissions of: eve.*only these are graded"):
        for each in module._records(Client(), [Submission(name, ()) for name in names], plan):
            graded.append(each.student)
    assert graded == [name for name in names if name != "eve"]


@pytest.mark.parametrize("change", [{"bank": "0123"}, {"versions": {"python": "3.11", "torch": "1.0", "course": "0"}}])
def test_a_worker_that_would_grade_otherwise_is_refused(cluster, plan, change):
    """As the instructor's machine sees it: its own stamp is another than the workers'."""
    other = replace(plan, stamp={**plan.stamp, **change})
    with pytest.raises(ClusterError, match=r"(?s)same checkout.*tcp://\S+ has \w+ \S+, where it is \S+ here"):
        next(on_dask(cluster.scheduler_address)([submission("ada")], other))


def test_a_worker_that_joined_later_is_refused_too(cluster, plan, monkeypatch):
    monkeypatch.setattr(module, "_refuse_misfits", lambda client, plan: None)
    with pytest.raises(ClusterError, match="a worker that joined later has bank"):
        next(on_dask(cluster.scheduler_address)([submission("ada")], replace(plan, stamp={**plan.stamp, "bank": "0"})))


def test_a_checkout_that_was_changed_under_a_worker(plan, monkeypatch):
    monkeypatch.setattr(module, "_began_with", {"library": "earlier"})
    assert why_not(plan) == "was started before its checkout was changed"


@pytest.mark.parametrize(("sentence", "closed"), [
    ("No network: it stands.", True), ("No network: TCP is closed (Landlock), UDP is open.", True),
    ("No network: missing (Operation not permitted).", False), ("No network: UDP is closed.", False)])
def test_without_a_wall_before_the_network_an_answer_could_command_the_cluster(sentence, closed):
    assert bool(closed_in(["Limits: they stand.", sentence])) is not closed


def test_nobody_at_the_address(plan):
    with pytest.raises(ClusterError, match="no scheduler of Dask's answers at tcp://127.0.0.1:9"):
        next(on_dask("tcp://127.0.0.1:9", patience=1)([], plan))


def test_a_cluster_without_workers(plan):
    with distributed.LocalCluster(n_workers=0, **HERE) as empty:
        with pytest.raises(ClusterError, match="no workers; start one"):
            next(on_dask(empty.scheduler_address)([], plan))


@pytest.mark.parametrize(("more", "words"), [
    (["--engine", "dask"], "--engine dask --scheduler ADDRESS"),
    (["--scheduler", "tcp://x:1"], "--engine dask --scheduler"),
    (["--engine", "dask", "--scheduler", "tcp://x:1"], "pip install -e .[dask]")])
def test_what_is_typed_wrongly_or_not_installed(tmp_path, capsys, monkeypatch, more, words):
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "in").mkdir()
    assert cli.main(["grade", str(tmp_path / "in"), "--chapters", "0", "--out", str(tmp_path / "out"), *more]) == 2
    assert words in capsys.readouterr().err


def test_from_the_command_line(cluster, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada.ipynb").write_bytes(submission("ada").files[0].data)
    typed = ["grade", str(tmp_path / "in"), "--chapters", "0", "--out", str(tmp_path / "out"), "--engine", "dask",
             "--scheduler", cluster.scheduler_address]
    assert cli.main(typed) == 0
    assert "1 submission, 1.0 of 1 points" in capsys.readouterr().out
