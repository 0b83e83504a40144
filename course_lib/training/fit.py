"""The training loop: read `fit` first, then what it calls."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset
from tqdm import tqdm

from course_lib.training.batches import BatchIndices, batches
from course_lib.training.checkpoint import load_checkpoint, save_checkpoint
from course_lib.training.history import History
from course_lib.training.stepper import Augment, Stepper
from course_lib.training.team import Team, join_team

Evaluate = Callable[[nn.Module], Mapping[str, float]]


def fit(
    model: nn.Module,
    data: Dataset,
    *,
    steps: int,
    batch_size: int = 64,
    loss: Callable[[Any, Tensor], Tensor] | None = None,
    lr: float = 1e-3,
    weight_decay: float = 0.05,
    warmup: float = 0.1,
    clip: float = 1.0,
    label_smoothing: float = 0.0,
    augment: Augment | None = None,
    evaluate: Evaluate | None = None,
    evaluate_every: int | None = None,
    target: tuple[str, float] | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    autocast: bool = True,
    num_workers: int = 0,
    progress: bool = True,
    checkpoint: Path | str | None = None,
) -> History:
    """Train a model with AdamW (Loshchilov and Hutter 2019), warm-up and cosine. It comes back in `eval()`.

    The model is trained in place, on the device, and stays there. Shuffles, augmentation and dropout follow
    from the seed; the random state outside is as it was before.

    Started by `torchrun`, each process trains on its own part of every batch and the gradients are averaged:
    n processes take the same steps as one with n times the batch size, but for what a model does with a batch
    as a whole (batch norm) and what it draws (dropout, augmentation).

    Args:
        model: what is called as model(inputs).
        data: pairs (inputs, targets). A `TensorDataset` is read fastest.
        steps: how many; the schedule ends with the last.
        batch_size: examples a step and process. Of a smaller data set some come twice in a batch.
        loss: loss(outputs, targets) -> scalar. Cross-entropy if not given.
        lr: the largest learning rate.
        weight_decay: of matrices and kernels; vectors (biases, norms, a scalar gate) are left free.
        warmup: share of the steps in which the learning rate rises, in [0, 1).
        clip: the longest gradient that is taken as it is; longer ones are shortened to it.
        label_smoothing: share of the target spread over all classes, in [0, 1); for cross-entropy only.
        augment: augment(inputs, targets, generator) -> (inputs, targets), a batch on the device; the
            generator is a CPU one.
        evaluate: evaluate(model) -> figures, called in `eval()` and without gradients.
        evaluate_every: steps between two evaluations; a tenth of all if not given. There is one at the end.
        target: (figure, value): stop at an evaluation in which the figure is as high as that. Evaluate on
            examples that are not those you report on.
        seed: of all that is drawn.
        device: a GPU where there is one, if not given.
        autocast: on a CUDA GPU, compute in bfloat16, or in float16 where the GPU knows no other.
        num_workers: processes that read the data, as in `DataLoader`.
        progress: show a bar on stderr.
        checkpoint: a file to go on from if it is there, and to write each `evaluate_every` steps. A training
            that was interrupted and went on ends with the same weights as one that never was.

    Raises:
        ValueError: a number out of range; a target without that figure; a checkpoint of another training.
        FloatingPointError: the loss is no longer a finite number.
    """
    _check(steps=steps, batch_size=batch_size, lr=lr, weight_decay=weight_decay, warmup=warmup, clip=clip,
           label_smoothing=label_smoothing, examples=len(data))
    if loss is None:
        loss = partial(F.cross_entropy, label_smoothing=label_smoothing)
    elif label_smoothing:
        raise ValueError("label_smoothing is for fit's own cross-entropy; leave it out when you give a loss.")
    if target is not None and evaluate is None:
        raise ValueError(f"target {target} needs evaluate, which is to find {target[0]!r}.")
    every = max(1, steps // 10) if evaluate_every is None else evaluate_every
    if every < 1:
        raise ValueError(f"evaluate_every must be at least 1, got {every}.")

    team = join_team(device)
    recipe = {"steps": steps, "batch_size": batch_size, "processes": team.size, "examples": len(data),
              "lr": lr, "weight_decay": weight_decay, "warmup": warmup, "clip": clip, "seed": seed}
    with torch.random.fork_rng([team.device] if team.device.type == "cuda" else []):
        stepper = Stepper(model, loss, team, steps=steps, lr=lr, weight_decay=weight_decay, warmup=warmup,
                          clip=clip, seed=seed, augment=augment, autocast=autocast)
        if checkpoint is not None and (saved := load_checkpoint(Path(checkpoint), recipe)):
            stepper.load_state_dict(saved["training"])
        history = stepper.history
        indices = BatchIndices(len(data), batch_size, steps, seed, history.steps, team.rank, team.size)
        try:
            with tqdm(total=steps, initial=history.steps, disable=not (progress and team.leads),
                      file=sys.stderr) as bar:
                for inputs, targets in () if history.reached_target else batches(data, indices, num_workers):
                    stepper.step(inputs, targets)
                    bar.update()
                    if stepper.done % every and stepper.done < steps:
                        continue
                    stepper.collect()
                    bar.set_postfix(loss=f"{history.loss[-1]:.3f}")
                    if evaluate is not None:
                        figures = _evaluate(evaluate, model, team)
                        bar.set_postfix(figures)
                        history.evaluations.append((history.steps, figures))
                        history.reached_target = target is not None and _reached(target, figures)
                    if checkpoint is not None and team.leads:
                        state = {"recipe": recipe, "training": stepper.state_dict()}
                        save_checkpoint(Path(checkpoint), state)
                    if history.reached_target:
                        break
        finally:
            model.eval()
    return history


def _evaluate(evaluate: Evaluate, model: nn.Module, team: Team) -> dict[str, float]:
    """The leader's figures, known to all."""
    figures = None
    if team.leads:
        model.eval()
        with torch.no_grad():
            figures = {name: float(number) for name, number in evaluate(model).items()}
    return team.from_leader(figures)


def _reached(target: tuple[str, float], figures: Mapping[str, float]) -> bool:
    name, value = target
    if name not in figures:
        raise ValueError(f"target names {name!r}, but evaluate gave {', '.join(figures) or 'nothing'}.")
    return figures[name] >= value


def _check(*, steps: int, batch_size: int, lr: float, weight_decay: float, warmup: float, clip: float,
           label_smoothing: float, examples: int) -> None:
    if examples < 1:
        raise ValueError("data holds no example.")
    for name, number in {"steps": steps, "batch_size": batch_size}.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}.")
    for name, number in {"lr": lr, "clip": clip}.items():
        if not number > 0:
            raise ValueError(f"{name} must be above 0, got {number}.")
    if weight_decay < 0:
        raise ValueError(f"weight_decay must not be negative, got {weight_decay}.")
    for name, number in {"warmup": warmup, "label_smoothing": label_smoothing}.items():
        if not 0 <= number < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {number}.")
