"""Before anybody hands in: every exercise gives its points to the solved edition, and none to the untouched one."""

from dataclasses import replace
from pathlib import Path

import pytest

from course_lib import cli
from course_lib.exercises.bank import all_exercises
from course_lib.exercises.finding import Finding
from course_lib.grading.assignment import whole_chapters
from course_lib.grading.dry_run import Trial, describe_trials, dry_run
from course_lib.grading.grade import make_plan
from course_lib.grading.workers.limits import Limits
from course_lib.paths import SOLUTIONS

needs_solutions = pytest.mark.skipif(not SOLUTIONS.exists(), reason="a release has no solutions")


@needs_solutions
def test_every_exercise_of_every_chapter(capsys):
    """With a seed of its own each time: it prints it, should an exercise fail for that one alone."""
    assert cli.main(["grade", "--dry-run", "--chapters", "0-8", "--timeout", "30"]) == 0
    told = capsys.readouterr().out
    points = sum(exercise.points for exercise in all_exercises().values())
    assert f"All {len(all_exercises())} exercises: the solved edition gets all {points:g} points" in told
    assert all(f" {exercise.title} " in told for exercise in all_exercises().values())


@pytest.fixture
def plan():
    return make_plan(whole_chapters("0"), "seed", Limits())


@pytest.fixture
def trial(result):
    return Trial(result(), result("unattempted"))


def test_both_editions_are_handed_in_whole(plan, record, result):
    def engine(submissions, plan):
        handed_in.extend(submissions)
        for submission in reversed(submissions):
            yield record(submission.student, result("passed" if "solved" in submission.student else "unattempted"))

    handed_in = []
    [trial] = dry_run(plan, engine)
    assert not trial.wrong and trial.solved.status == "passed"
    for submission, folder in zip(handed_in, (SOLUTIONS, plan.notebooks[0].parent), strict=True):
        assert [file.data for file in submission.files] == [(folder / plan.notebooks[0].name).read_bytes()]


@pytest.mark.parametrize(("edition", "status", "words"), [
    ("solved", "failed", 'solved, it was failed in stage "large scores" (no shift)'),
    ("solved", "stopped", "solved, it was stopped"), ("solved", "missing", "solved, it is missing"),
    ("untouched", "passed", "untouched, it was passed"), ("untouched", "missing", "untouched, it is missing"),
    ("untouched", "broken", "untouched, it is broken")])
def test_what_must_not_come_out_is_named(trial, result, edition, status, words):
    other = Trial(*(replace(each, id="other", number="1.2") for each in (trial.solved, trial.untouched)))
    trials = [trial, replace(other, **{edition: result(status, id="other", number="1.2")})]
    assert trials[1].wrong == words
    told = describe_trials(trials)
    assert f"<- {words}" in told and told.endswith("1 of 2 exercises cannot be graded as they are: 1.2 other")


def test_a_failure_is_the_exit_status(trial, result, monkeypatch, capsys):
    from course_lib.grading import dry_run as module

    monkeypatch.setattr(module, "dry_run", lambda plan, engine: [replace(trial, solved=result("failed",
                        finding=Finding("no shift", "", "")))])
    assert cli.main(["grade", "--dry-run", "--chapters", "0"]) == 1
    assert "1 of 1 exercises cannot be graded" in capsys.readouterr().out


def test_without_the_solved_edition(plan, tmp_path):
    with pytest.raises(FileNotFoundError, match="no solved edition of chapter 0"):
        dry_run(plan, lambda submissions, plan: iter(()), solutions=tmp_path)


@pytest.mark.parametrize(("typed", "words"), [
    (["--dry-run", "in", "--chapters", "1"], "leave out SUBMISSIONS"),
    (["--dry-run", "--out", "x", "--chapters", "1"], "leave out SUBMISSIONS"),
    (["in", "--chapters", "1"], "where the results go"), (["--out", "x", "--chapters", "1"], "say what to grade"),
    (["--dry-run", "--chapters", "1", "--seed-file", "/nothing"], "no seed file")])
def test_what_does_not_go_together(typed, words, capsys):
    assert cli.main(["grade", *typed]) == 2
    assert words in capsys.readouterr().err
    assert not Path("x").exists()
