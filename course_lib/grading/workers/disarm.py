"""Take from a worker what its exercise forbids, before the answer is called.

To watch for a call is not enough here: a thread from before, or a watch whose parts were exchanged, would get round
it. A worker is a fork that ends with its exercise, so nobody else misses what is gone.
"""

import warnings
from types import CodeType
from typing import Any

import torch

from course_lib.exercises.shortcuts import ShortcutUsed, function_of

# What PyTorch's functions come down to on the CPU, by the name under which an exercise forbids them.
_ATTENTION = ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_attention_math",
              "_native_multi_head_attention", "_transformer_encoder_layer_fwd")
_KERNELS = {
    "torch.softmax": ("_softmax", "_softmax.out", "_log_softmax", "_log_softmax.out", "_safe_softmax",
                      "_masked_softmax", "logsumexp", "logsumexp.out", "_logcumsumexp",
                      "_logcumsumexp.out", *_ATTENTION),
    "torch.nn.functional.scaled_dot_product_attention": _ATTENTION,
}
_BACKENDS = ("CPU", "MkldnnCPU", "SparseCPU", "SparseCsrCPU", "QuantizedCPU")
_SAME_ELSEWHERE = {"torch.softmax": ("scipy.special.softmax", "scipy.special.log_softmax", "scipy.special.logsumexp")}
_gone: list[torch.library.Library] = []  # what was exchanged stays so as long as these live


def prepare(names: tuple[str, ...]) -> None:
    """Import what `disarm` will have to find, once for all workers."""
    for name in _everywhere(names):
        if name not in _KERNELS:
            function_of(name)


def disarm(names: tuple[str, ...]) -> None:
    """Make the functions of these dotted names raise `ShortcutUsed`, whoever calls them, in every thread.

    There is no way back in this process. PyTorch's own gradients are left alone: the calling half needs them.
    """
    for name in _everywhere(names):
        if name in _KERNELS:
            _take_kernels(name)
        elif not name.startswith("torch.autograd."):
            function = function_of(name)
            function.__code__ = _refusal(name, function.__code__)


def _everywhere(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*names, *(other for name in names for other in _SAME_ELSEWHERE.get(name, ())))


def _take_kernels(name: str) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ShortcutUsed(name)

    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Overriding a previously registered kernel"
        for kernel in _KERNELS[name]:
            for backend in _BACKENDS:
                library.impl(kernel, refuse, backend)
    _gone.append(library)


def _refusal(name: str, instead_of: CodeType) -> CodeType:
    """Code that takes whatever that code takes, and raises."""
    made: dict[str, Any] = {}
    exec(f"def refuse(*_, **__):\n    from course_lib.exercises.shortcuts import ShortcutUsed\n"
         f"    raise ShortcutUsed({name!r})", made)
    return made["refuse"].__code__.replace(co_freevars=instead_of.co_freevars)
