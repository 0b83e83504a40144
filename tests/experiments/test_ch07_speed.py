import pytest
import torch
from torch import nn

from course_lib.experiments import ch07_speed
from course_lib.experiments.ch07_speed import CONDITIONS, EXPERIMENT, measure, seconds_a_run

CONFIG = EXPERIMENT.tiny


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_tiny_run_has_the_figures_of_a_full_one(condition):
    found = measure(condition, CONFIG, 0)
    assert list(found) == [f"ms_{side}" for side in EXPERIMENT.full.sides]
    assert all(0 < number < 60_000 for number in found.values())


def test_the_median_of_the_runs_after_the_first(monkeypatch):
    starts_and_ends = iter([0.0, 100.0, 200.0, 203.0, 300.0, 301.0, 400.0, 402.0])
    monkeypatch.setattr(ch07_speed.time, "perf_counter", lambda: next(starts_and_ends))
    assert seconds_a_run(nn.Identity(), torch.zeros(1), runs=3) == 2


def test_pictures_are_as_large_as_their_figure_says(monkeypatch):
    seen = []
    monkeypatch.setattr(ch07_speed, "seconds_a_run", lambda model, image, runs: seen.append(
        (model.training, tuple(image.shape), runs)) or 0.5)
    assert measure("plain", EXPERIMENT.full, 0) == {f"ms_{side}": 500 for side in (64, 128, 256, 512)}
    assert seen == [(False, (1, 1, side, side), 7) for side in (64, 128, 256, 512)]
    seen.clear()
    measure("plain", CONFIG, 0)
    assert [shape[2:] for _, shape, _ in seen] == [(4, 4), (8, 8), (16, 16), (32, 32)]


def test_one_thread_and_no_gradients():
    seen = []

    class Model(nn.Module):
        def forward(self, x):
            seen.append((torch.get_num_threads(), torch.is_grad_enabled()))
            return x

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        seconds_a_run(Model(), torch.zeros(1), runs=2)
        assert seen == [(1, False)] * 3 and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
