"""One step of a training: forward, backward, clip, update."""

import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from course_lib.training.history import History
from course_lib.training.schedule import warmup_cosine
from course_lib.training.team import Team

Augment = Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]]


class Stepper:
    """A training between two steps: model, optimizer, schedule and what happened so far. See `fit`.

    What a step draws follows from the seed, the step and the rank alone. So nothing random has to be saved.
    """

    def __init__(
        self, model: nn.Module, loss: Callable[[Any, Tensor], Tensor], team: Team, *, steps: int, lr: float,
        weight_decay: float, warmup: float, clip: float, seed: int, augment: Augment | None, autocast: bool,
    ) -> None:
        self.model = model.to(team.device)
        self.shared = team.share(self.model)
        self.loss, self.team, self.clip, self.seed, self.augment = loss, team, clip, seed, augment
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(decay_groups(self.parameters, weight_decay), lr)
        last = steps - 1  # after the last step the schedule asks for one more
        self.schedule = LambdaLR(self.optimizer, lambda step: warmup_cosine(min(step, last), steps, warmup))
        on = autocast and team.device.type == "cuda"
        half = torch.bfloat16 if on and torch.cuda.is_bf16_supported() else torch.float16
        self.autocast = torch.autocast(team.device.type, half, enabled=on)
        self.scaler = torch.amp.GradScaler(team.device.type, enabled=on and half == torch.float16)
        self.history = History()
        self.fresh: list[Tensor] = []  # loss and gradient's length of steps that history does not have yet
        self.since = time.perf_counter()

    @property
    def done(self) -> int:
        """How many steps were made."""
        return self.history.steps + len(self.fresh)

    def step(self, inputs: Tensor, targets: Tensor) -> None:
        """One step on one batch."""
        draws = zlib.crc32(f"{self.seed}/{self.done}/{self.team.rank}".encode())
        torch.manual_seed(draws)
        self.model.train()
        inputs, targets = inputs.to(self.team.device), targets.to(self.team.device)
        if self.augment is not None:
            inputs, targets = self.augment(inputs, targets, Generator().manual_seed(draws))
        with self.autocast:
            loss = self.loss(self.shared(inputs), targets)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.history.lr += self.schedule.get_last_lr()[:1]
        self.schedule.step()
        # Reading a number from a GPU waits for it, so they are read many steps at a time.
        self.fresh.append(torch.stack([loss.detach().float(), norm.float()]))

    def collect(self) -> None:
        """Put the steps made since the last time into the history.

        Raises:
            FloatingPointError: a loss among them is not a finite number.
        """
        losses, norms = self.team.mean(torch.stack(self.fresh)).cpu().unbind(1)  # (steps, 2) -> 2 x (steps,)
        if not losses.isfinite().all():
            bad = self.history.steps + int((~losses.isfinite()).nonzero()[0, 0]) + 1
            raise FloatingPointError(f"the loss of step {bad} is not a finite number. Try a lower lr, and"
                                     " look whether the data are finite.")
        self.history.loss += losses.tolist()
        self.history.grad_norm += norms.tolist()
        self.fresh = []
        now = time.perf_counter()
        self.history.seconds, self.since = self.history.seconds + now - self.since, now

    def state_dict(self) -> dict[str, Any]:
        """All that a training needs to go on from here."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict(), "scaler": self.scaler.state_dict(),
                "history": asdict(self.history)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: it is the state of a model with other parameters.
        """
        now = {name: tuple(tensor.shape) for name, tensor in self.model.state_dict().items()}
        there = {name: tuple(tensor.shape) for name, tensor in state["model"].items()}
        if now != there:
            odd = sorted(name for name in now.keys() | there.keys() if now.get(name) != there.get(name))
            raise ValueError(f"the checkpoint is of another model: {', '.join(odd[:5])} differ in shape or"
                             " are in one of the two only. Move the file away or give another path to start"
                             " anew.")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.history = History(**state["history"])


def decay_groups(parameters: list[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """Matrices and kernels with weight decay; biases, norms and scalar gates without.

    Decay would pull a norm's scale to 0, which is not its neutral value; a vector has no surplus to shrink.
    """
    return [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]
