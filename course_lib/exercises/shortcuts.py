"""Notice when an answer calls a function that would be the answer, under whatever name it was imported."""

import importlib
import sys
from types import CodeType, FrameType
from typing import Any

from torch.overrides import TorchFunctionMode

# PyTorch's built-ins have no Python code to recognise. They are recognised by a part of their operator's name, which is
# the same in torch, torch.nn.functional, torch.Tensor, torch.special and torch.ops.
_OPERATORS = {
    "torch.softmax": ("softmax", "softmin", "logsumexp", "scaled_dot_product", "multi_head_attention"),
    "torch.nn.functional.scaled_dot_product_attention": ("scaled_dot_product", "multi_head_attention"),
}


class ShortcutUsed(Exception):
    """Raised inside the answer at the moment it calls a forbidden function."""

    def __init__(self, name: str):
        super().__init__(f"{name} is not allowed in this exercise")
        self.name = name


class watch_for(TorchFunctionMode):
    """Context manager: raise `ShortcutUsed` when one of `names` is called. `used` keeps what was called first.

    Python functions and modules are recognised by their code object, PyTorch's built-ins by their operator, so an
    alias, a copy in a variable or a call through `torch.ops` is seen as well.
    """

    def __init__(self, names: tuple[str, ...]):
        super().__init__()
        self.used: str | None = None
        self._operators = [part for name in names for part in _OPERATORS.get(name, ())]
        self._codes = {_code(name): name for name in names if name not in _OPERATORS}

    def __enter__(self) -> "watch_for":
        self._previous = sys.getprofile()
        super().__enter__()
        sys.setprofile(self._on_call)
        return self

    def __exit__(self, *exception: Any) -> None:
        sys.setprofile(self._previous)
        super().__exit__(*exception)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        operator = getattr(func, "__name__", "")
        for part in self._operators:
            if part in operator:
                self._stop(operator)
        return func(*args, **(kwargs or {}))

    def _on_call(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in self._codes:
            self._stop(self._codes[frame.f_code])

    def _stop(self, name: str) -> None:
        self.used = self.used or name
        raise ShortcutUsed(name)


def _code(name: str) -> CodeType:
    """The code object of the function, the `forward` of the module, or the `__init__` of the class, of this name."""
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, type):
        found = getattr(found, "forward", found.__init__)
    return found.__code__
