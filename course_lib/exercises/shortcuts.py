"""Notice when an answer calls a function that would be the answer, under whatever name it was imported."""

import importlib
import sys
import threading
from types import FrameType, FunctionType
from typing import Any

from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# PyTorch's built-ins have no Python code to recognise. They are recognised by a part of their operator's name, which is
# the same in torch, torch.nn.functional, torch.Tensor, torch.special and torch.ops.
_OPERATORS = {
    "torch.softmax": ("softmax", "softmin", "logsumexp", "cumsumexp", "scaled_dot_product", "multi_head_attention"),
    "torch.nn.functional.scaled_dot_product_attention": ("scaled_dot_product", "multi_head_attention"),
}


class ShortcutUsed(Exception):
    """Raised inside the answer at the moment it calls a forbidden function."""

    def __init__(self, name: str):
        super().__init__(f"{name} is not allowed in this exercise")
        self.name = name


class watch_for:
    """Context manager: raise `ShortcutUsed` when one of `names` is called. `used` keeps what was called first.

    Python functions and modules are recognised by their code object, PyTorch's built-ins by their operator: in the
    call itself, in what PyTorch hands to its kernels, and as compiled functions that Python calls. So an alias, a copy
    in a variable, a call through `torch.ops`, in a traced module or in another thread is seen as well. What takes the
    watch off is itself a shortcut. It runs in the learner's own process: it finds what is called, and cannot hold
    somebody who takes Python itself apart.
    """

    def __init__(self, names: tuple[str, ...]):
        self.used: str | None = None
        self._operators = [part for name in names for part in _OPERATORS.get(name, ())]
        self._codes = {function_of(name).__code__: name for name in names if name not in _OPERATORS}
        self._modes = [_Calls(self), _Kernels(self)] if self._operators else []

    def __enter__(self) -> "watch_for":
        self._previous, self._hook = sys.getprofile(), self._on_call
        for mode in self._modes:
            mode.__enter__()
        threading.setprofile(self._hook)
        sys.setprofile(self._hook)
        return self

    def __exit__(self, *exception: Any) -> None:
        taken_off = sys.getprofile() is not self._hook
        sys.setprofile(self._previous)
        threading.setprofile(None)
        for mode in reversed(self._modes):
            mode.__exit__(*exception)
        if taken_off:
            self.used = self.used or "sys.setprofile"

    def see(self, operator: str) -> None:
        """Raise `ShortcutUsed` if that is a name of an operator that must not be called."""
        if any(part in operator for part in self._operators):
            self._stop(operator)

    def _on_call(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "call" and frame.f_code in self._codes:
            self._stop(self._codes[frame.f_code])
        elif event == "c_call" and self._operators:
            self.see(getattr(function, "__name__", None) or "")

    def _stop(self, name: str) -> None:
        self.used = self.used or name
        raise ShortcutUsed(name)


class _Calls(TorchFunctionMode):
    """PyTorch's functions as they are called from Python."""

    def __init__(self, watch: watch_for):
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._watch.see(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


class _Kernels(TorchDispatchMode):
    """Operators on their way to a kernel, whoever called them."""

    def __init__(self, watch: watch_for):
        super().__init__()
        self._watch = watch

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._watch.see(func.__name__)
        return func(*args, **(kwargs or {}))


def function_of(name: str) -> FunctionType:
    """The function, the `forward` of the module, or the `__init__` of the class, of this name."""
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    return getattr(found, "forward", found.__init__) if isinstance(found, type) else found
