"""MultiHeadAttention against nn.MultiheadAttention, timm's Attention and loops over heads."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import Attention
from torch import nn
from torch.testing import assert_close

from course_lib.attention import MultiHeadAttention, from_torch, merge_heads, record_attention, split_heads

TIGHT = {"rtol": 1e-5, "atol": 1e-5}


def loops(module, x, context=None, mask=None, bias=None):
    """The slow twin: one sample and one head at a time. mask and bias are (B, H, N, M)."""
    context = x if context is None else context
    width = module.dim // module.num_heads
    layers = [module.qkv] if module.context_dim is None else [module.q, module.kv]
    weight = torch.cat([layer.weight for layer in layers]) if module.context_dim is None else None
    samples = []
    for b in range(len(x)):
        heads = []
        for h in range(module.num_heads):
            rows = slice(h * width, (h + 1) * width)
            if module.context_dim is None:
                wq, wk, wv = (weight[i * module.dim : (i + 1) * module.dim][rows] for i in range(3))
            else:
                wq = module.q.weight[rows]
                wk, wv = (module.kv.weight[i * module.dim : (i + 1) * module.dim][rows] for i in range(2))
            q, k, v = x[b] @ wq.T, context[b] @ wk.T, context[b] @ wv.T
            scores = q @ k.T / width**0.5
            if bias is not None:
                scores = scores + bias[b, h]
            if mask is not None:
                scores = scores.masked_fill(~mask[b, h], -1e30)
            heads.append(scores.softmax(-1) @ v)
        samples.append(module.proj(torch.cat(heads, -1)))
    return torch.stack(samples)


@settings(deadline=None, max_examples=20)
@given(
    b=st.integers(1, 3),
    n=st.integers(1, 6),
    m=st.integers(1, 6),
    heads=st.integers(1, 4),
    width=st.integers(1, 5),
    context_dim=st.none() | st.integers(1, 7),
)
def test_equals_loops_over_heads(b, n, m, heads, width, context_dim):
    module = MultiHeadAttention(heads * width, heads, context_dim=context_dim)
    x = torch.randn(b, n, heads * width)
    context = None if context_dim is None else torch.randn(b, m, context_dim)
    keys = n if context is None else m
    mask, bias = torch.rand(b, heads, n, keys) > 0.4, torch.randn(b, heads, n, keys)
    mask[..., 0] = True
    assert_close(module(x, context), loops(module, x, context), **TIGHT)
    want = loops(module, x, context, mask, bias)
    assert_close(module(x, context, mask=mask, bias=bias), want, **TIGHT)


@pytest.mark.parametrize("qkv_bias", [False, True])
def test_equals_timm(qkv_bias, device):
    theirs = Attention(24, 4, qkv_bias=qkv_bias).to(device)
    ours = MultiHeadAttention(24, 4, qkv_bias=qkv_bias).to(device)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 7, 24, device=device)
    assert_close(ours(x), theirs(x), **TIGHT)
    mask = torch.rand(2, 1, 7, 7, device=device) > 0.4
    mask[..., 0] = True
    assert_close(ours(x, mask=mask), theirs(x, attn_mask=mask), **TIGHT)


def test_equals_nn_multihead_attention_and_its_weights(device):
    theirs = nn.MultiheadAttention(24, 4, batch_first=True).to(device)
    nn.init.normal_(theirs.in_proj_bias)
    nn.init.normal_(theirs.out_proj.bias)
    ours = MultiHeadAttention(24, 4, qkv_bias=True).to(device)
    ours.load_state_dict(from_torch(theirs.state_dict()))
    x = torch.randn(2, 7, 24, device=device)
    padding = torch.tensor([[True] * 7, [True] * 4 + [False] * 3], device=device)
    want, weights = theirs(x, x, x, key_padding_mask=~padding, average_attn_weights=False)
    assert_close(ours(x, mask=padding[:, None, None, :]), want, **TIGHT)
    with record_attention(ours) as maps:
        ours(x, mask=padding[:, None, None, :])
    assert_close(maps["attend"], weights, **TIGHT)


def test_cross_attention_equals_nn_multihead_attention():
    theirs = nn.MultiheadAttention(24, 4, kdim=10, vdim=10, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    state = theirs.state_dict()
    ours = MultiHeadAttention(24, 4, context_dim=10, qkv_bias=True)
    ours.load_state_dict(
        {
            "q.weight": state["q_proj_weight"],
            "kv.weight": torch.cat([state["k_proj_weight"], state["v_proj_weight"]]),
            "q.bias": state["in_proj_bias"][:24],
            "kv.bias": state["in_proj_bias"][24:],
            "proj.weight": state["out_proj.weight"],
            "proj.bias": state["out_proj.bias"],
        }
    )
    x, context = torch.randn(2, 7, 24), torch.randn(2, 5, 10)
    assert_close(ours(x, context), theirs(x, context, context)[0], **TIGHT)


@pytest.mark.parametrize("context_dim", [None, 10])
def test_parameters_have_names_and_gradients(context_dim):
    module = MultiHeadAttention(24, 4, context_dim=context_dim, qkv_bias=True)
    first = ["qkv"] if context_dim is None else ["q", "kv"]
    assert list(module.state_dict()) == [f"{m}.{p}" for m in [*first, "proj"] for p in ("weight", "bias")]
    assert sum(p.numel() for p in module.parameters()) == sum(
        24 * n + n for n in ([72, 24] if context_dim is None else [24, 24])
    ) + (0 if context_dim is None else 10 * 48 + 48)
    module(
        torch.randn(2, 7, 24), None if context_dim is None else torch.randn(2, 5, 10)
    ).square().sum().backward()
    for name, p in module.named_parameters():
        if name in ("qkv.bias", "kv.bias"):  # softmax does not see what is added to all keys
            continue
        assert p.grad.abs().max() > 0, name
    without = MultiHeadAttention(24, 4, context_dim=context_dim)
    assert list(without.state_dict()) == [*(f"{m}.weight" for m in first), "proj.weight", "proj.bias"]


def test_dropout_respects_eval():
    x = torch.randn(2, 7, 24)
    for options in ({"attn_drop": 0.5}, {"proj_drop": 0.5}):
        module = MultiHeadAttention(24, 4, **options)
        plain = MultiHeadAttention(24, 4)
        plain.load_state_dict(module.state_dict())
        assert not torch.equal(module(x), module(x))
        assert_close(module.eval()(x), plain(x))


def test_fits_in_sequential_and_saves():
    model = nn.Sequential(nn.LayerNorm(24), MultiHeadAttention(24, 4), nn.Linear(24, 2))
    assert model(torch.randn(2, 7, 24)).shape == (2, 7, 2)
    twin = nn.Sequential(nn.LayerNorm(24), MultiHeadAttention(24, 4), nn.Linear(24, 2))
    twin.load_state_dict(model.state_dict())
    x = torch.randn(1, 3, 24)
    assert_close(twin(x), model(x))


def test_tokens_are_a_set_and_samples_do_not_leak():
    module = MultiHeadAttention(24, 4)
    x = torch.randn(3, 7, 24)
    before = x.clone()
    order = torch.randperm(7)
    assert_close(module(x[:, order]), module(x)[:, order], **TIGHT)
    assert_close(module(x[1:2]), module(x)[1:2], **TIGHT)
    assert_close(module(x[0]), module(x)[0], **TIGHT)  # without a batch axis
    assert torch.equal(x, before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtypes(dtype):
    module = MultiHeadAttention(24, 4).to(dtype)
    x = torch.randn(2, 7, 24, dtype=dtype)
    got = module(x)
    assert got.dtype == dtype
    assert_close(got.float(), module.float()(x.float()), rtol=3e-2, atol=3e-2)


def test_autocast(device):
    module, x = MultiHeadAttention(24, 4, context_dim=10).to(device), torch.randn(2, 7, 24, device=device)
    context = torch.randn(2, 5, 10, device=device)
    want = module(x, context)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert_close(module(x, context).float(), want, rtol=3e-2, atol=3e-2)
        with record_attention(module):
            assert_close(module(x, context).float(), want, rtol=3e-2, atol=3e-2)


@pytest.mark.parametrize("shape", [(0, 7, 24), (2, 0, 24), (1, 1, 24)])
def test_empty_and_single(shape):
    assert MultiHeadAttention(24, 4)(torch.randn(shape)).shape == shape


def test_empty_context_leaves_the_bias_of_proj():
    module = MultiHeadAttention(24, 4, context_dim=10)
    assert_close(module(torch.randn(2, 7, 24), torch.randn(2, 0, 10)), module.proj.bias.expand(2, 7, 24))


def test_repr_tells_the_heads():
    assert "num_heads=4" in repr(MultiHeadAttention(24, 4))


# --- heads ---


@settings(deadline=None, max_examples=20)
@given(
    lead=st.lists(st.integers(0, 3), max_size=3),
    n=st.integers(0, 4),
    heads=st.integers(1, 4),
    width=st.integers(1, 4),
)
def test_heads_split_and_merge(lead, n, heads, width):
    x = torch.randn(*lead, n, heads * width)
    split = split_heads(x, heads)
    assert split.shape == (*lead, heads, n, width)
    for h in range(heads):
        assert torch.equal(split[..., h, :, :], x[..., h * width : (h + 1) * width])
    assert torch.equal(merge_heads(split), x)


# --- errors are sentences ---


@pytest.mark.parametrize(
    "call, sentence",
    [
        (
            lambda: MultiHeadAttention(96, 5),
            r"dim \(96\) must be a multiple of num_heads \(5\); 4 and 6 would do\.",
        ),
        (lambda: MultiHeadAttention(4, 8), r"dim \(4\) must be a multiple of num_heads \(8\); 4 would do\."),
        (lambda: MultiHeadAttention(0, 1), r"dim and num_heads must be at least 1, got 0 and 1"),
        (lambda: MultiHeadAttention(8, 0), r"dim and num_heads must be at least 1, got 8 and 0"),
        (lambda: MultiHeadAttention(8, 2, attn_drop=1.5), r"attn_drop must lie in \[0, 1\), got 1.5"),
        (lambda: MultiHeadAttention(8, 2, proj_drop=-1), r"proj_drop must lie in \[0, 1\), got -1"),
        (
            lambda: split_heads(torch.zeros(3, 8), 3),
            r"dim \(8\) must be a multiple of num_heads \(3\); 2 and 4",
        ),
        (
            lambda: MultiHeadAttention(8, 2)(torch.zeros(1, 3, 6)),
            r"x must be tokens \(B, tokens, 8\), got shape \(1, 3, 6\)",
        ),
        (lambda: MultiHeadAttention(8, 2)(torch.zeros(8)), r"x must be tokens"),
        (
            lambda: MultiHeadAttention(8, 2)(*[torch.zeros(1, 3, 8)] * 2),
            r"context was given to self-attention",
        ),
        (
            lambda: MultiHeadAttention(8, 2, context_dim=5)(torch.zeros(1, 3, 8)),
            r"context is missing.*\(B, M, 5\)",
        ),
        (
            lambda: MultiHeadAttention(8, 2, context_dim=5)(*[torch.zeros(1, 3, 8)] * 2),
            r"context must be tokens \(B, tokens, 5\), got shape \(1, 3, 8\)",
        ),
        (
            lambda: from_torch(nn.MultiheadAttention(8, 2, kdim=3, vdim=3).state_dict()),
            r"state must have exactly",
        ),
        (lambda: from_torch({}), r"got nothing"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
