"""What an experiment is: its conditions, its sizes, and what measures one condition with one seed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

SIZES = ("tiny", "small", "full")


@dataclass(frozen=True)
class Experiment:
    """An experiment of a lesson: what `course_lib/experiments/chNN_name.py` holds under the name EXPERIMENT.

    conditions  the things compared, in the order in which they are told
    measure     measure(condition, config, seed) -> figure name -> number. Depends on its arguments alone
    tiny        the configuration the tests re-run: seconds, and too little to show anything
    small       the live one of the notebook: a cell's worth, the same direction as the full one
    full        the recorded one

    A configuration is a frozen dataclass of numbers and strings, and tuples of them, with a field `seeds`.
    One that runs on a GPU has a field `device`, too.
    """

    title: str
    conditions: tuple[str, ...]
    measure: Callable[[str, Any, int], Mapping[str, float]]
    tiny: Any
    small: Any
    full: Any

    def config(self, size: Any) -> Any:
        """The configuration of that size. A configuration of the experiment's own kind is handed back."""
        if isinstance(size, type(self.full)):
            return size
        if size not in SIZES:
            kind = f"{type(self.full).__module__}.{type(self.full).__name__}"
            raise ValueError(f"size must be one of {', '.join(SIZES)}, or a {kind}, got {size!r}.")
        return getattr(self, size)


def config_as_dict(config: Any) -> dict[str, Any]:
    """A configuration as JSON knows it: tuples have become lists."""
    if not is_dataclass(config) or isinstance(config, type):
        raise ValueError(f"A configuration must be a dataclass, got {config!r}.")
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
