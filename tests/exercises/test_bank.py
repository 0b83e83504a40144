"""Every exercise of the bank: its mistakes are rejected and recognised, its variants accepted, for 20 seeds."""

import time

import pytest

from course_lib.exercises.bank import all_exercises, all_questions, number_of
from course_lib.exercises.judging import judge

SEEDS = range(20)
CASES = [pytest.param(exercise, id=exercise.id) for exercise in all_exercises().values()]


@pytest.mark.parametrize("exercise", CASES)
def test_every_mistake_is_rejected_and_recognised(exercise, record_property):
    outcomes = [
        (mistake.name, seed, judge(exercise, mistake.answer, seed=seed))
        for mistake in exercise.mistakes
        for seed in SEEDS
    ]
    accepted = [(name, seed) for name, seed, verdict in outcomes if verdict.status != "failed"]
    mistaken = [
        (name, seed, verdict.finding.name)
        for name, seed, verdict in outcomes
        if verdict.finding and verdict.finding.name != name
    ]
    n = len(outcomes)
    record_property(
        "course_report",
        {
            "exercise_engine": {
                "mistakes_rejected": (n - len(accepted), n),
                "mistakes_recognised": (n - len(accepted) - len(mistaken), n),
            }
        },
    )
    assert not accepted and not mistaken


@pytest.mark.parametrize("exercise", CASES)
def test_the_reference_and_every_variant_are_accepted(exercise, record_property):
    answers = {"reference": exercise.reference, **exercise.variants}
    refused, milliseconds = [], []
    for name, answer in answers.items():
        for seed in SEEDS:
            start = time.perf_counter()
            verdict = judge(exercise, answer, seed=seed, hidden=True)
            milliseconds.append(1000 * (time.perf_counter() - start))
            if verdict.status != "passed":
                refused.append((name, seed, verdict.stage.name, verdict.finding))
    n = len(answers) * len(SEEDS)
    record_property(
        "course_report",
        {"exercise_engine": {"variants_accepted": (n - len(refused), n), "check_ms": milliseconds}},
    )
    assert not refused


@pytest.mark.parametrize("exercise", CASES)
def test_an_exercise_is_complete(exercise):
    assert len(exercise.mistakes) >= 5 and len(exercise.variants) >= 2
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len({stage.name for stage in exercise.stages}) == len(exercise.stages)
    assert any(stage.hidden for stage in exercise.stages) and len(exercise.visible_stages()) >= 3
    assert 1 <= exercise.difficulty <= 5 and 1 <= exercise.importance <= 5
    assert exercise.points >= 1 and exercise.minutes >= 1
    assert len(exercise.hints) == 3 and all(len(hint) > 20 for hint in exercise.hints)
    for mistake in exercise.mistakes:
        assert len(mistake.shows) > 30 and len(mistake.try_next) > 10, mistake.name
    assert number_of(exercise.id).startswith(f"{exercise.chapter}.")


@pytest.mark.parametrize("exercise", CASES)
def test_inputs_follow_the_seed(exercise):
    from course_lib.exercises.exercise import draw_case

    for stage in exercise.stages:
        first, again, other = (str(draw_case(exercise, stage, seed)) for seed in (1, 1, 2))
        assert first == again
        assert first != other, f"{stage.name} does not depend on its seed"


@pytest.mark.parametrize("question", [pytest.param(q, id=q.id) for q in all_questions().values()])
def test_every_option_has_a_reason(question):
    assert question.text.strip()
    for option in question.options:
        assert len(option.reason) >= 20 and option.reason != option.text
    assert any(not option.right for option in question.options)


def test_ids_do_not_collide():
    assert not set(all_exercises()) & set(all_questions())
