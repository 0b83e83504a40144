"""The function that is asked for, called under another name, behind the watch's back."""

from hostile_bank.attack import FORBIDDING, attack

_HOW = {
    "another name": ("from torch import softmax as innocent", "innocent(scores, -1)"),
    "a method": ("", "scores.softmax(-1)"),
    "a method by its parts": ("", "getattr(scores, 'soft' + 'max')(-1)"),
    "functional": ("from torch.nn import functional as f", "f.softmax(scores, -1)"),
    "a module": ("import torch", "torch.nn.Softmax(-1)(scores)"),
    "special": ("import torch", "torch.special.softmax(scores, -1)"),
    "log": ("import torch", "torch.log_softmax(scores, -1).exp()"),
    "logsumexp": ("import torch", "(scores - scores.logsumexp(-1, keepdim=True)).exp()"),
    "aten": ("import torch", "torch.ops.aten._softmax(scores, -1, False)"),
    "aten, default": ("import torch", "torch.ops.aten.softmax.int(scores, -1)"),
    "aten, by its name": ("import torch", "torch._C._jit_get_operation('aten::softmax')[0](scores, -1)"),
    "running logsumexp": ("import torch", "(scores - torch.logcumsumexp(scores, -1)[..., -1:]).exp()"),
    "attention": (
        "import torch",
        "torch.nn.functional.scaled_dot_product_attention(scores.clamp_min(-1e30), torch.eye(scores.shape[-1]).expand("
        "*scores.shape[:-2], -1, -1), torch.eye(scores.shape[-1]).expand(*scores.shape[:-2], -1, -1), scale=1)"),
    "into a tensor": ("import torch\nclass Own(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
                      "        y = torch.empty(x.shape)\n        torch.softmax(x, -1, out=y)\n        ctx.save_for_backward(y)\n"
                      "        return y\n    @staticmethod\n    def backward(ctx, g):\n        y, = ctx.saved_tensors\n"
                      "        return y * (g - (g * y).sum(-1, keepdim=True))", "Own.apply(scores)"),
    "masked": ("import torch", "torch.ops.aten._masked_softmax(scores, torch.zeros(scores.shape, dtype=torch.bool), -1)"),
    "map": ("import torch", "list(map(torch.softmax, [scores], [-1]))[0]"),
    "method caller": ("import operator", "operator.methodcaller('softmax', -1)(scores)"),
    "a pickle": ("import pickle", "pickle.loads(b'ctorch\\nsoftmax\\n.')(scores, -1)"),
    "vmap": ("import torch", "torch.func.vmap(lambda row: torch.softmax(row, -1))(scores)"),
    "cross entropy": ("import torch", "torch.stack([(-torch.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]),"
                      " torch.full((scores[..., 0].numel(),), i), reduction='none')).exp() for i in range(scores.shape[-1])],"
                      " -1).reshape(scores.shape)"),
    "profile taken off": ("import sys", "(sys.setprofile(None), scores.softmax(-1))[1]"),
    "torch functions disabled": ("import torch\ndef quiet(x):\n    with torch._C.DisableTorchFunction():\n"
                                 "        return x.softmax(-1)", "quiet(scores)"),
    "torch functions disabled, with subclasses": ("import torch\ndef quiet(x):\n    with torch._C.DisableTorchFunctionSubclass():\n"
                                                  "        return x.softmax(-1)", "quiet(scores)"),
    "modes popped": ("import torch\nfrom torch.overrides import _pop_mode_temporarily\ndef quiet(x):\n"
                     "    with _pop_mode_temporarily():\n        return x.softmax(-1)", "quiet(scores)"),
    "the watch's own method": ("import course_lib.exercises.shortcuts as s\n"
                               "s.watch_for._stop = lambda *_: None", "scores.softmax(-1)"),
    "the watch's exception caught": ("def quiet(x):\n    try: return x.softmax(-1)\n    except BaseException: return x.softmax(-1)",
                                     "quiet(scores)"),
    "a thread": ("import threading\ndef quiet(x):\n    out = []\n    t = threading.Thread(target=lambda:"
                 " out.append(x.softmax(-1)))\n    t.start()\n    t.join()\n    return out[0]", "quiet(scores)"),
    "a thread from before": ("import queue, threading\nwork, done = queue.Queue(), queue.Queue()\ndef serve():\n"
                             "    while True: done.put(work.get().softmax(-1))\n"
                             "threading.Thread(target=serve, daemon=True).start()\n"
                             "def quiet(x):\n    work.put(x)\n    return done.get()", "quiet(scores)"),
    "compiled": ("import torch\n@torch.jit.script\ndef quiet(x: torch.Tensor) -> torch.Tensor:\n    return x.softmax(-1)",
                 "quiet(scores)"),
    "a tensor's own function": ("import torch\nraw = torch._C.TensorBase.softmax", "raw(scores, -1)"),
}
_SDPA = "torch.nn.functional.scaled_dot_product_attention"
_ATTENTION = {
    "attention, another name": (f"import torch\nplain = {_SDPA}", "plain(q, k, v, mask)"),
    "attention, aten": ("import torch", "torch.ops.aten.scaled_dot_product_attention(q, k, v, mask)"),
    "attention, the course's own": ("from course_lib.attention import attend as other", "other(q, k, v, mask=mask)"),
    "attention, a copy of the course's": (
        "import types, course_lib.attention as lib\n"
        "other = types.FunctionType(lib.attend.__code__, lib.attend.__globals__, 'mine')\n"
        "other.__kwdefaults__ = lib.attend.__kwdefaults__",
        "other(q, k, v, mask=mask)"),
    "attention, from its file": ("import importlib.util, course_lib.attention.attend as m, sys\nmodule ="
                                 " sys.modules['course_lib.attention.attend']", "module.attend(q, k, v, mask=mask)"),
}

ATTACKS = (
    *(attack(f"shortcut: {name}", f"torch.softmax, by {name}.", "failed broken stopped",
             f"{before}\ndef softmax(scores):\n    return {what}\n") for name, (before, what) in _HOW.items()),
    *(attack(f"shortcut: {name}", f"A forbidden attention: {name}.", "failed broken",
             f"{before}\ndef attention(q, k, v, mask=None):\n    return {what}\n", exercise=FORBIDDING)
      for name, (before, what) in _ATTENTION.items()),
)
