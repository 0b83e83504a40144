"""What happened in a training, to look at and to plot."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class History:
    """A training, step by step.

    Attributes:
        loss: of each step's batch, before the step; the mean over all processes.
        lr: the learning rate of each step.
        grad_norm: length of the whole gradient at each step, before it was clipped.
        evaluations: (steps made, figures), as `evaluate` gave them.
        seconds: how long it took, evaluations included.
        reached_target: whether it ended because the target was reached.
    """

    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    evaluations: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    seconds: float = 0.0
    reached_target: bool = False

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.loss)

    @property
    def last(self) -> dict[str, float]:
        """The figures of the last evaluation; empty if there was none."""
        return self.evaluations[-1][1] if self.evaluations else {}

    def curve(self, figure: str) -> tuple[list[int], list[float]]:
        """Steps made, and a figure's values after them.

        Raises:
            ValueError: no evaluation has a figure of that name.
        """
        found = [(step, figures[figure]) for step, figures in self.evaluations if figure in figures]
        if not found:
            known = ", ".join(self.last) or "none"
            raise ValueError(f"no evaluation has a figure {figure!r}; there are: {known}.")
        steps, values = zip(*found)
        return list(steps), list(values)

    def plot(self) -> "Figure":
        """Loss, learning rate and every figure of the evaluations over the steps, a panel each."""
        import matplotlib.pyplot as plt  # a slow import, and trainings run without figures

        each = range(1, self.steps + 1)
        curves = {"loss": (each, self.loss), "learning rate": (each, self.lr)}
        curves |= {name: self.curve(name) for name in self.last}
        fig, axes = plt.subplots(1, len(curves), figsize=(3.2 * len(curves), 2.6), layout="constrained")
        for ax, (name, (steps, values)) in zip(axes, curves.items()):
            ax.plot(steps, values, marker="" if name in ("loss", "learning rate") else ".")
            ax.set(title=name, xlabel="step", ylabel=name)
        return fig
