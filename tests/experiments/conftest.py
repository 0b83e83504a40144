from dataclasses import dataclass

import pytest

from course_lib.experiments import records, running
from course_lib.experiments.experiment import Experiment


@dataclass(frozen=True)
class Config:
    seeds: tuple[int, ...]
    base: float = 1.0


class Toy:
    """An experiment that counts its measurements and can be told to break off."""

    def __init__(self):
        self.calls = []
        self.break_at = None
        sizes = {"tiny": Config((0,)), "small": Config((0, 1)), "full": Config((0, 1, 2))}
        self.experiment = Experiment("A toy", ("low", "high"), self.measure, **sizes)

    def measure(self, condition, config, seed):
        if (condition, seed) == self.break_at:
            raise KeyboardInterrupt
        self.calls.append((condition, seed))
        return {"level": config.base * (10 if condition == "high" else 1) + seed, "parameters": 1234}


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """The toy experiment in the place of chapter 1's, with records and work in folders of their own."""
    toy = Toy()
    monkeypatch.setattr(running, "find", lambda name: toy.experiment)
    monkeypatch.setattr(records, "find", lambda name: toy.experiment)
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    return toy

