"""Outputs that would be taken for right, or that break whoever looks at them."""

from hostile_bank.attack import ATTACKED, RIGHT, attack

_LYING = """
import torch
class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True
"""
_EQUAL = """
class Equal:
    __eq__ = __le__ = __ge__ = __lt__ = __contains__ = lambda *_: True
    __ne__ = lambda *_: False
    __hash__ = lambda self: 0
    __bool__ = lambda self: True
    __getattr__ = __getitem__ = __call__ = lambda self, *_: self
"""


def _returns(name, tries, expression, status="failed", before="import torch"):
    return attack(name, tries, status, f"{before}\ndef softmax(scores):\n    return {expression}\n")


ATTACKS = (
    _returns("equals everything", "An object that is equal to whatever it is compared with.", "Equal()", before=_EQUAL),
    _returns("subclass that says yes", "A tensor whose every operation says True.",
             "scores.detach().as_subclass(Lying)", before=_LYING),
    attack("comparison patched", "torch.allclose and all others say True.", "failed",
           "import torch\nfor name in ('allclose', 'equal', 'isclose', 'eq'):\n"
           "    setattr(torch, name, lambda *a, **k: True)\ntorch.Tensor.__eq__ = torch.Tensor.all = lambda *a, **k: True\n"
           "def softmax(scores): return scores\n"),
    _returns("only NaN", "NaN is compared as equal somewhere.", "torch.full_like(scores, float('nan'))"),
    _returns("NaN from the inputs", "NaN that keeps the gradient.", "scores * float('nan')"),
    _returns("only infinity", "Infinity is within any tolerance of something.", "scores * 0 + float('inf')"),
    _returns("a million million numbers", "A tensor of 10**12 elements that has one number in memory.",
             "scores.flatten()[:1].expand(10**6, 10**6)"),
    _returns("strides of zero", "The right shape over one number.", "scores.new_zeros(1).expand(scores.shape)"),
    _returns("overlapping memory", "A shape whose strides overlap.", "scores.as_strided(scores.shape, (1,) * scores.dim())"),
    _returns("no numbers", "Axes of length zero and of 2**40.", "torch.empty(2**20, 0, 2**20)"),
    _returns("meta", "A tensor of the right shape without any numbers.", "torch.empty(scores.shape, device='meta')"),
    _returns("sparse", "A sparse tensor.", "scores.detach().softmax(-1).to_sparse()"),
    _returns("quantized", "A quantized tensor.", "torch.quantize_per_tensor(scores.detach(), 0.1, 0, torch.quint8)"),
    _returns("complex", "The right numbers, as complex ones.", f"_right(scores) + 0j", before=RIGHT[ATTACKED].replace(
        "softmax", "_right")),
    _returns("half", "bfloat16.", "scores.exp().to(torch.bfloat16)"),
    _returns("yes and no", "A tensor of bools, which PyTorch cannot subtract.", "scores > 0"),
    _returns("eight bits", "A dtype that the judge may not know.", "scores.detach().to(torch.float8_e4m3fn)"),
    _returns("a tuple that holds itself", "Whoever walks through it never ends.", "box", before="box = []\nbox.append(box)"),
    _returns("nested a thousand deep", "Whoever walks through it runs out of stack.", "box",
             before="box = 0\nfor _ in range(100_000): box = [box]"),
    _returns("a hundred thousand parts", "A list of a hundred thousand tensors.", "[scores] * 10**5", "failed stopped"),
    _returns("a large number", "An int of a million digits.", "1 << 4_000_000"),
    _returns("a long text", "A text of 100 MB.", "'x' * 10**8"),
    attack("raises when it is told", "An exception whose text never ends.", "stopped",
           "class Endless(Exception):\n    def __str__(self):\n        while True: pass\n"
           "def softmax(scores): raise Endless\n"),
    attack("an exception of 50 MB", "An exception whose text fills the record.", "failed",
           "def softmax(scores): raise ValueError('size mismatch for ' * 3_000_000)\n"),
    attack("an exception that is no exception", "What flies is a KeyboardInterrupt.", "failed",
           "def softmax(scores): raise KeyboardInterrupt\n"),
    attack("right in the visible stages", "Right on three axes, as in all stages that learners see.", "failed",
           RIGHT[ATTACKED].replace("    weights", "    if scores.dim() > 3: return scores * 1\n    weights", 1)),
    attack("another answer each time", "Right the first time, wrong the next.", "failed",
           "calls = []\n" + RIGHT[ATTACKED].replace("    return weights / weights.sum(-1, keepdim=True)",
           "    calls.append(1)\n    return weights / weights.sum(-1, keepdim=True) * (len(calls) % 2)")),
    attack("changed after it was returned", "A thread goes on writing into the output.", "failed",
           "import threading\ndef softmax(scores):\n    out = scores.detach().clone()\n"
           "    threading.Thread(target=out.fill_, args=(0.5,)).start()\n    return out\n"),
    attack("a module, a class, a value", "The name is bound to something that cannot be called.", "failed", "softmax = 1\n"),
)
