"""record_attention: the right weights, under the right name, and nothing left behind."""

import contextlib
import threading

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from course_lib.attention import (
    MultiHeadAttention,
    attend,
    attention_weights,
    record_attention,
    scaled_dot_scores,
)


class Block(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attn = MultiHeadAttention(dim, 2)

    def forward(self, x):
        return x + self.attn(self.norm(x))


class Plain(nn.Module):
    """Calls attend itself; may fail on demand."""

    def __init__(self, fail=False):
        super().__init__()
        self.fail = fail

    def forward(self, x):
        if self.fail:
            raise ArithmeticError("on demand")
        return attend(x, x, x)


X = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


def hooks_of(model):
    return [h for m in model.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]


def test_names_shapes_and_order():
    model = nn.Sequential(Block(), nn.Sequential(Block(), Block()))
    with record_attention(model) as maps:
        model(X)
    assert list(maps) == ["0.attn", "1.0.attn", "1.1.attn"]
    assert all(w.shape == (3, 2, 5, 5) for w in maps.values())
    assert all(isinstance(model.get_submodule(name), MultiHeadAttention) for name in maps)


def test_weights_are_right_and_the_answer_unchanged():
    model = Plain()
    expected = model(X)
    with record_attention(model) as maps:
        got = model(X)
    assert_close(got, expected)
    assert_close(maps["attend"], attention_weights(scaled_dot_scores(X, X)))
    assert_close(maps["attend"] @ X, expected)


def test_root_and_functions_stand_under_attend():
    with record_attention() as maps:
        attend(X, X, X)
    assert list(maps) == ["attend"]
    module = MultiHeadAttention(8, 2)
    with record_attention(module) as maps:
        module(X)
    assert list(maps) == ["attend"]
    with record_attention() as maps:  # without a model: every call, of any module
        module(X)
        attend(X, X, X)
    assert list(maps) == ["attend", "attend#2"]


def test_every_call_is_kept():
    shared = Plain()
    model = nn.ModuleDict({"a": nn.Sequential(shared, shared), "b": shared})
    with record_attention(model) as maps:
        model["b"](model["a"](X))
    assert list(maps) == ["a.0", "a.0#2", "a.0#3"]
    assert not torch.equal(maps["a.0"], maps["a.0#2"])


def test_only_the_model_is_recorded():
    model = Plain()
    with record_attention(model) as maps:
        attend(X, X, X)
        Plain()(X)
        model(X)
    assert list(maps) == ["attend"]


def test_the_fused_kernel_is_left_only_while_watched(monkeypatch):
    calls = []
    fused = torch.nn.functional.scaled_dot_product_attention

    def spy(*args, **kwargs):
        calls.append(1)
        return fused(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    model = Plain()
    model(X)
    assert len(calls) == 1
    with record_attention(model):
        model(X)
        assert len(calls) == 1
        Plain()(X)  # somebody else's
        assert len(calls) == 2
    model(X)
    assert len(calls) == 3


def test_detached_or_in_the_graph():
    module, x = MultiHeadAttention(8, 2), X.clone()
    with record_attention(module) as maps:
        module(x)
    assert not maps["attend"].requires_grad
    with record_attention(module, detach=False) as maps:
        loss = module(x).square().sum()
    (gradient,) = torch.autograd.grad(loss, maps["attend"])
    assert gradient.shape == (3, 2, 5, 5) and gradient.abs().max() > 0


def test_nothing_recorded_raises():
    for model in (nn.Linear(8, 8), None):
        with pytest.raises(RuntimeError, match="Nothing was recorded.*model\\(x\\)"):
            with record_attention(model):
                nn.Linear(8, 8)(X)
    model = Plain()
    with pytest.raises(RuntimeError, match="Nothing was recorded"):
        with record_attention(model):
            model.forward(X)
    assert hooks_of(model) == []


def test_needs_a_module():
    with pytest.raises(ValueError, match="model must be an nn.Module, or left out, got Tensor"):
        with record_attention(Plain()(X)):
            pass


def test_an_exception_comes_through_and_nothing_is_left():
    model = nn.Sequential(Plain(), Plain(fail=True))
    with pytest.raises(ArithmeticError, match="on demand"):
        with record_attention(model):
            model(X)
    assert hooks_of(model) == []
    with pytest.raises(ArithmeticError):  # before anything was recorded: not masked by "nothing was recorded"
        with record_attention(model):
            model[1](X)
    with pytest.raises(RuntimeError, match="Nothing"):  # the recorder before is closed
        with record_attention(model):
            pass


@pytest.mark.parametrize("where", ["forward", "hook"])
def test_an_exception_caught_inside_the_model_keeps_the_names_right(where):
    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.bad, self.good = Plain(fail=where == "forward"), Plain()

        def forward(self, x):
            with contextlib.suppress(ArithmeticError):
                self.bad(x)
            return attend(x, x, x) + self.good(x)

    def refuse(module, args):
        raise ArithmeticError

    model = nn.Sequential(Tries())
    if where == "hook":
        model[0].bad.register_forward_pre_hook(refuse)
    with record_attention(model) as maps:
        model(X)
    assert list(maps) == ["0", "0.good"]


def test_nested_recorders():
    inner, outer = Plain(), nn.Sequential(Plain())
    with record_attention() as everything, record_attention(outer) as of_outer:
        outer(X)
        with record_attention(inner) as of_inner:
            inner(X)
            outer(X)
        inner(X)
    assert list(everything) == ["attend", "attend#2", "attend#3", "attend#4"]
    assert list(of_outer) == ["0", "0#2"]
    assert list(of_inner) == ["attend"]
    with record_attention(outer) as one, record_attention(outer) as two:
        outer(X)
    assert list(one) == list(two) == ["0"]


def test_other_threads_are_not_recorded():
    """While the model runs here, another thread is in the middle of one of its modules."""

    class Holds(nn.Module):
        def __init__(self):
            super().__init__()
            self.entered, self.go_on = threading.Event(), threading.Event()

        def forward(self, x):
            self.entered.set()
            self.go_on.wait(timeout=10)
            return attend(x, x, x)

    class Meanwhile(nn.Module):
        def __init__(self):
            super().__init__()
            self.held = Holds()

        def forward(self, x):
            other = threading.Thread(target=self.held, args=(x,))
            other.start()
            assert self.held.entered.wait(timeout=10)
            out = attend(x, x, x)
            self.held.go_on.set()
            other.join()
            return out

    model = nn.Sequential(Meanwhile(), Plain())
    with record_attention(model) as maps:
        model(X)
    assert list(maps) == ["0", "1"]


def test_a_compiled_model_says_how_to_record_it():
    model = nn.Sequential(Plain())
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    for _ in range(2):  # compiled inside the block, then before it
        with pytest.raises(RuntimeError, match="torch.compile"):
            with record_attention(compiled):
                compiled(X)
    with record_attention(model) as maps:
        model(X)
    assert list(maps) == ["0"]
    assert_close(compiled(X), model(X))


def test_data_parallel_on_one_device_is_its_module():
    model = nn.DataParallel(nn.Sequential(Plain()), device_ids=[])
    with record_attention(model) as maps:
        model(X)
    assert list(maps) == ["module.0"]


def test_modes():
    model = Block()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode(), record_attention(model, detach=False) as maps:
            model(X)
        assert list(maps) == ["attn"] and not maps["attn"].requires_grad
