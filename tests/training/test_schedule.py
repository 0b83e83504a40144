import math

import pytest

from course_lib.training import warmup_cosine


def test_it_rises_in_a_line_and_falls_along_half_a_cosine():
    factors = [warmup_cosine(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)                     # half way down
    assert factors[32] == pytest.approx(0.5 * (1 + math.cos(math.pi * 22 / 90)))
    assert all(late < early for early, late in zip(factors[10:], factors[11:]))
    assert 0 < factors[-1] < 0.001


def test_without_warmup_the_first_step_is_the_largest():
    assert warmup_cosine(0, 10, 0.0) == 1.0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_schedule(steps):
    assert all(0 < warmup_cosine(step, steps, warmup) <= 1 for step in range(steps) for warmup in (0.0, 0.1, 0.9))
