"""Run an experiment: every condition with every seed, each measured and timed."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tqdm import tqdm

from course_lib.experiments.code_hash import code_hash
from course_lib.experiments.experiment import config_as_dict
from course_lib.experiments.machine import machine, versions
from course_lib.experiments.registry import find, module_name

Measured = dict[str, Any]                   # {"figures": {name: number}, "seconds": number}


class Memory(Protocol):
    """Where a run keeps what it has measured, and finds what an interrupted one had."""

    def recall(self, condition: str, seed: int) -> Measured | None: ...

    def keep(self, condition: str, seed: int, measured: Measured) -> None: ...


def run(name: str, size: Any = "small", *, conditions: Sequence[str] | None = None, progress: bool = True,
        memory: Memory | None = None) -> dict[str, Any]:
    """Run an experiment and return what it measured.

    name        one of `names()`
    size        "tiny", "small" or "full", or a configuration of the experiment's own kind
    conditions  some of the experiment's, in this order; without it, all
    progress    show a bar on stderr, a step for each condition and seed
    memory      what `record` goes on from after an interruption

    Returns a dict as it stands in a record: "figures" holds condition -> figure -> one number for each seed,
    in the order of the configuration's seeds. Raises LookupError for an unknown name (with the nearest ones)
    and ValueError for an unknown size or condition.
    """
    experiment = find(name)
    config = experiment.config(size)
    chosen = _chosen(experiment.conditions, conditions)
    figures: dict[str, dict[str, list[float]]] = {}
    seconds: dict[str, list[float]] = {}
    total = len(chosen) * len(config.seeds)
    with tqdm(total=total, desc=name, disable=not progress, file=sys.stderr) as bar:
        for seed in config.seeds:              # seeds outside: an interrupted run has whole comparisons
            for condition in chosen:
                bar.set_postfix_str(f"{condition}, seed {seed}")
                measured = memory.recall(condition, seed) if memory else None
                if measured is None:
                    measured = _measure(experiment.measure, condition, config, seed)
                    if memory:
                        memory.keep(condition, seed, measured)
                for figure, number in measured["figures"].items():
                    figures.setdefault(condition, {}).setdefault(figure, []).append(number)
                seconds.setdefault(condition, []).append(measured["seconds"])
                bar.update()
    return {
        "name": name,
        "title": experiment.title,
        "size": size if isinstance(size, str) else "own",
        "config": config_as_dict(config),
        "figures": figures,
        "seconds": seconds,
        "duration": round(sum(map(sum, seconds.values())), 1),
        "versions": versions(),
        "machine": machine(getattr(config, "device", "cpu")),
        "code": code_hash(module_name(name)),
    }


def _chosen(known: tuple[str, ...], wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None:
        return known
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted or isinstance(wanted, str):
        raise ValueError(f"conditions must be some of {', '.join(map(repr, known))}, got {wanted!r}.")
    return tuple(wanted)


def _measure(measure: Callable[..., Any], condition: str, config: Any, seed: int) -> Measured:
    start = time.perf_counter()
    figures = {figure: float(number) for figure, number in measure(condition, config, seed).items()}
    return {"figures": figures, "seconds": round(time.perf_counter() - start, 3)}
