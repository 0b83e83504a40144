import pytest

from course_lib.experiments import ch07_longer, ch07_models
from course_lib.experiments.ch07_longer import CONDITIONS, EXPERIMENT, measure


def test_a_tiny_run_has_the_figures_of_scenes():
    found = measure("hybrid", EXPERIMENT.tiny, 0)
    assert list(found) == ["scenes_iou", "scenes_boundary_f1", "scenes_digit_iou"]
    assert all(0 <= number <= 1 for number in found.values())
    assert measure("hybrid", EXPERIMENT.tiny, 0) == found


@pytest.mark.parametrize("condition", CONDITIONS)
def test_nothing_but_the_steps_differs_from_the_shorter_run(condition, monkeypatch):
    seen = []
    monkeypatch.setattr(ch07_longer, "trained", lambda *arguments: seen.append(arguments))
    monkeypatch.setattr(ch07_longer, "evaluate", lambda model, task, count: {"count": count})
    full, shorter = EXPERIMENT.full, ch07_models.EXPERIMENT.full
    assert measure(condition, full, 2) == {"scenes_count": shorter.test_scenes}
    (name, task, config, seed), = seen
    assert (name, task, seed) == (condition, "scenes", 2) and full.seeds == shorter.seeds
    assert config.steps_scenes == 4 * shorter.steps_scenes == full.steps
    assert {k: v for k, v in vars(config).items() if k != "steps_scenes"} == {
        k: v for k, v in vars(shorter).items() if k != "steps_scenes"}
