"""The processes that train one model together: one, or as many as `torchrun` has started."""

import atexit
import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Team:
    """This process's place among those that train together."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process is the one that evaluates, writes and shows progress."""
        return self.rank == 0

    def share(self, model: nn.Module) -> nn.Module:
        """The model, made to average its gradients over the team. It starts from rank 0's weights."""
        if self.size == 1:
            return model
        return DistributedDataParallel(model, [self.device] if self.device.type == "cuda" else None)

    def mean(self, numbers: Tensor) -> Tensor:
        """The mean over the team, entry by entry."""
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers / self.size

    def from_leader(self, value: object) -> object:
        """Rank 0's value, in every process."""
        box = [value]
        if self.size > 1:
            dist.broadcast_object_list(box, device=self.device)
        return box[0]


def join_team(device: torch.device | str | None = None) -> Team:
    """The team of this process: alone, unless it was started by `torchrun`.

    Args:
        device: where to train. Not given: a GPU of its own where there is one, else the CPU.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if device is None:
        device = default_device()
    device = torch.device(device)
    if size == 1:
        return Team(0, 1, device)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)  # not earlier: the next training joins the same group
    return Team(dist.get_rank(), dist.get_world_size(), device)


def default_device() -> torch.device:
    """A CUDA GPU where there is one, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
