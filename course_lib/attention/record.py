"""See the weights: `with record_attention(model) as maps: model(x)`, then look at maps["blocks.0.attn"].

While a recorder is open, every attend inside the model takes its explicit path and leaves its weights here.
Hooks tell the recorder which module is running. They are gone when the block ends, whatever happened in it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

UNNAMED = "attend"  # the name of calls that stand in no submodule


@contextmanager
def record_attention(model: nn.Module | None = None, *, detach: bool = True) -> Iterator[dict[str, Tensor]]:
    """Collect the weights of every attend that runs inside the block.

    The dict fills as the calls happen, in their order. A key is the name, as in `model.named_modules()`, of
    the innermost module whose forward is running (a shared module has its first name). Calls in the model's
    own forward stand under "attend". A module's second call stands under "name#2", its third under "name#3".
    Weights are those before dropout, (B, H, N, M) where there are heads.

    Blocks may be nested; each records what its own model does. Other threads are not recorded, nor is code
    under `torch.compile`, nor the replicas of `DataParallel`: record the module that these wrap.

    Args:
        model: whose attention to record. Without one, every attend in the block is recorded, under "attend".
        detach: False leaves the weights in the autograd graph, to differentiate a loss by a map.

    Raises:
        ValueError: model is not an nn.Module.
        RuntimeError: at the end of the block, if nothing was recorded.
    """
    if model is not None and not isinstance(model, nn.Module):
        raise ValueError(f"model must be an nn.Module, or left out, got {type(model).__name__}.")
    recorder = _Recorder(model, detach)
    token = _open.set((*_open.get(), recorder))
    try:
        yield recorder.maps
    finally:
        _open.reset(token)
        recorder.remove_hooks()
    if not recorder.maps:
        raise RuntimeError(
            "Nothing was recorded: no attend ran in this block. Run the model in it, as model(x), not as "
            "model.forward(x). Only softmax attention made with attend has weights to record. A model under "
            "torch.compile or DataParallel is recorded through the module that it wraps."
        )


def is_recorded() -> bool:
    """Whether a recorder waits for the weights of the call that is running now."""
    if torch.compiler.is_compiling():  # compiled code is kept: the answer of now would hold for ever
        return False
    return any(recorder.where() is not None for recorder in _open.get())


def hand_to_recorders(weights: Tensor) -> None:
    """Leave the weights with every recorder that waits for them."""
    if is_recorded():
        for recorder in _open.get():
            recorder.keep(weights)


class _Recorder:
    def __init__(self, model: nn.Module | None, detach: bool) -> None:
        self.maps: dict[str, Tensor] = {}
        self.model = model
        self.detach = detach
        self.calls: Counter[str] = Counter()
        self.running: list[str] = []  # names of the modules whose forward is running, outermost first
        self.hooks: list[RemovableHandle] = []
        for name, module in model.named_modules() if model is not None else ():
            enter = partial(self._enter, name)
            self.hooks.append(module.register_forward_pre_hook(enter, prepend=True))
            self.hooks.append(module.register_forward_hook(self._leave, always_call=True))  # also on errors

    def where(self) -> str | None:
        """The name for a call that happens now; None if the model is not running."""
        if self.model is None:
            return UNNAMED
        return (self.running[-1] or UNNAMED) if self.running else None

    def keep(self, weights: Tensor) -> None:
        name = self.where()
        if name is None:
            return
        self.calls[name] += 1
        key = name if self.calls[name] == 1 else f"{name}#{self.calls[name]}"
        self.maps[key] = weights.detach() if self.detach else weights

    def remove_hooks(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def _enter(self, name: str, module: nn.Module, args: tuple[object, ...]) -> None:
        if self._is_open_here():
            self.running.append(name)

    def _leave(self, module: nn.Module, args: tuple[object, ...], output: object) -> None:
        if self._is_open_here():
            self.running.pop()

    def _is_open_here(self) -> bool:
        """Hooks also run in other threads and in compiled code; only the thread that opened this counts."""
        return not torch.compiler.is_compiling() and self in _open.get()


_open: ContextVar[tuple[_Recorder, ...]] = ContextVar("open_recorders", default=())
