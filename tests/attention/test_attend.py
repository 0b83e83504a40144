"""attend against PyTorch, against three loops that nobody can misread, and one path against the other."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing import assert_close

from course_lib.attention import (
    attend,
    attend_with_scores,
    attention_weights,
    record_attention,
    scaled_dot_scores,
)

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
MASK_SHAPES = [
    (),
    (7,),
    (1, 7),
    (5, 1),
    (5, 7),
    (3, 5, 7),
    (3, 1, 1),
    (2, 1, 1, 7),
    (2, 1, 5, 7),
    (2, 3, 5, 7),
]


def explicit(*args, **kwargs):
    with record_attention():
        return attend(*args, **kwargs)


PATHS = pytest.mark.parametrize("path", [attend, explicit], ids=["fused", "explicit"])


def loops(q, k, v, mask=None, bias=None, scale=None):
    """The slow twin: one query, one key, one channel at a time. (N, D), (M, D), (M, E) -> (N, E)."""
    (n, d), (m, e) = q.shape, v.shape
    scale = 1 / math.sqrt(d) if scale is None else scale
    out = torch.zeros(n, e, dtype=v.dtype)
    for i in range(n):
        share = {}
        for j in range(m):
            if mask is None or mask[i, j]:
                score = sum(float(q[i, c]) * float(k[j, c]) for c in range(d)) * scale
                share[j] = math.exp(score + (0.0 if bias is None else float(bias[i, j])))
        for j in share:
            for c in range(e):
                out[i, c] += share[j] / sum(share.values()) * v[j, c]
    return out


# --- the right numbers ---


@PATHS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_three_loops(path, dtype, make_qkv):
    q, k, v = make_qkv(lead=(), dtype=dtype)
    mask, bias = torch.rand(5, 7) > 0.4, torch.randn(5, 7, dtype=dtype)
    mask[2] = False
    for options in ({}, {"mask": mask}, {"bias": bias}, {"mask": mask, "bias": bias}, {"scale": -0.7}):
        assert_close(path(q, k, v, **options), loops(q, k, v, **options), **TIGHT)


@PATHS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_pytorch(path, dtype, device, make_qkv):
    if device == "mps" and dtype == torch.float64:
        pytest.skip("mps has no float64")
    q, k, v = make_qkv(dtype=dtype, device=device)
    assert_close(path(q, k, v), F.scaled_dot_product_attention(q, k, v), **TIGHT)
    assert_close(path(q, k, v, scale=0.3), F.scaled_dot_product_attention(q, k, v, scale=0.3), **TIGHT)
    mask = torch.rand(2, 1, 5, 7, device=device) > 0.4
    mask[..., 0] = True
    assert_close(path(q, k, v, mask=mask), F.scaled_dot_product_attention(q, k, v, attn_mask=mask), **TIGHT)
    bias = torch.randn(3, 5, 7, dtype=dtype, device=device)
    assert_close(path(q, k, v, bias=bias), F.scaled_dot_product_attention(q, k, v, attn_mask=bias), **TIGHT)
    both = bias.masked_fill(~mask, float("-inf"))
    want = F.scaled_dot_product_attention(q, k, v, attn_mask=both)
    assert_close(path(q, k, v, mask=mask, bias=bias), want, **TIGHT)


@PATHS
def test_worked_by_hand(path):
    q, k, v = torch.tensor([[1.0, 0.0]]), torch.eye(2), torch.tensor([[10.0], [20.0]])
    assert_close(path(q, k, v), torch.tensor([[13.3024]]), rtol=0, atol=1e-4)


@PATHS
@settings(deadline=None, max_examples=100)
@given(
    lead=st.lists(st.integers(1, 3), max_size=4),
    sizes=st.tuples(*[st.integers(1, 6)] * 4),
    use_mask=st.booleans(),
    use_bias=st.booleans(),
    data=st.data(),
)
def test_any_shape(path, lead, sizes, use_mask, use_bias, data):
    n, m, d, e = sizes
    q = torch.randn(*lead, n, d)
    # k and v may have 1 where q has more, and fewer axes
    k, v = (torch.randn(*data.draw(smaller(lead)), m, width) for width in (d, e))
    mask = torch.rand(data.draw(smaller([*lead, n, m]))) > 0.4 if use_mask else None
    bias = torch.randn(data.draw(smaller([*lead, n, m]))) if use_bias else None
    before = [None if t is None else t.clone() for t in (q, k, v, mask, bias)]
    got = path(q, k, v, mask=mask, bias=bias)
    for now, then in zip((q, k, v, mask, bias), before, strict=True):
        assert (now is None and then is None) or torch.equal(now, then), "an argument was changed"

    def wide(t, *last):
        return None if t is None else t.expand(*lead, *last).reshape(-1, *last)

    full = wide(q, n, d), wide(k, m, d), wide(v, m, e), wide(mask, n, m), wide(bias, n, m)
    want = [
        loops(full[0][i], full[1][i], full[2][i], *(None if t is None else t[i] for t in full[3:]))
        for i in range(math.prod(lead))
    ]
    assert_close(got, torch.stack(want).reshape(*lead, n, e), **TIGHT)


@st.composite
def smaller(draw, shape):
    """A shape that broadcasts to the given one: some axes are 1, some leading ones are left out."""
    keep = [size if draw(st.booleans()) else 1 for size in shape]
    return tuple(keep[draw(st.integers(0, len(keep))) :])


# --- the two paths are one function ---


@pytest.mark.parametrize("bias_shape", [None, (5, 7), (3, 5, 7)])
@pytest.mark.parametrize("mask_shape", [None, *MASK_SHAPES])
def test_paths_agree_in_values_and_gradients(mask_shape, bias_shape, device, make_qkv):
    inputs = [t.requires_grad_() for t in make_qkv(device=device)]
    options = {}
    if mask_shape is not None:
        options["mask"] = torch.rand(mask_shape, device=device) > 0.4
    if bias_shape is not None:
        options["bias"] = torch.randn(bias_shape, device=device).requires_grad_()
        inputs.append(options["bias"])
    one, two = attend(*inputs[:3], **options), explicit(*inputs[:3], **options)
    assert_close(one, two, **TIGHT)
    toward = torch.randn_like(one)
    for a, b in zip(torch.autograd.grad(one, inputs, toward), torch.autograd.grad(two, inputs, toward)):
        assert_close(a, b, **TIGHT)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_paths_agree_in_half_precision(dtype, device, make_qkv):
    q, k, v = make_qkv(dtype=dtype, device=device)
    mask, bias = torch.rand(2, 1, 5, 7, device=device) > 0.4, torch.randn(5, 7, device=device)
    want = attend(q.float(), k.float(), v.float(), mask=mask, bias=bias)
    for path in (attend, explicit):
        got = path(q, k, v, mask=mask, bias=bias)
        assert got.dtype == dtype
        assert_close(got.float(), want, rtol=2e-2, atol=2e-2)


def test_recorded_weights_are_float32_in_half_precision(make_qkv):
    with record_attention() as maps:
        attend(*make_qkv(dtype=torch.bfloat16))
    assert maps["attend"].dtype == torch.float32
    assert_close(maps["attend"].sum(-1), torch.ones(2, 3, 5))


@PATHS
def test_large_float16_scores_do_not_overflow(path):
    q = k = torch.full((3, 64), 60.0, dtype=torch.float16)  # q . k = 230,400 is beyond float16
    v = torch.randn(3, 4, dtype=torch.float16)
    assert_close(path(q, k, v), v.float().mean(0).half().expand(3, 4), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("mixed", [False, True])
def test_autocast(mixed, device, make_qkv):
    q, k, v = make_qkv(device=device)
    bias, mask = torch.randn(5, 7, device=device), torch.rand(5, 7, device=device) > 0.4
    want = attend(q, k, v, bias=bias, mask=mask)
    with torch.autocast(device, dtype=torch.bfloat16):
        for path in (attend, explicit):
            got = path(q.bfloat16() if mixed else q, k, v, bias=bias, mask=mask)
            assert got.dtype == torch.bfloat16
            assert_close(got.float(), want, rtol=3e-2, atol=3e-2)


@pytest.mark.parametrize(
    "shape", [(), (7,), (5, 7), (2, 5, 7), (3, 2, 5, 7), (3, 1, 1, 7), (4, 1, 1, 5, 1)], ids=str
)
def test_five_axes_with_masks_of_fewer(shape, make_qkv):
    q, k, v = make_qkv(lead=(4, 3, 2))
    mask, bias = torch.rand(shape) > 0.4, torch.randn(shape)
    full = mask.expand(4, 3, 2, 5, 7), bias.expand(4, 3, 2, 5, 7)
    want = torch.stack([explicit(q[i], k[i], v[i], mask=full[0][i], bias=full[1][i]) for i in range(4)])
    assert_close(attend(q, k, v, mask=mask, bias=bias), want, **TIGHT)


@PATHS
def test_more_than_four_axes_keep_the_fused_kernel(path, make_qkv):
    q, k, v = make_qkv(lead=(2, 3, 2, 2))
    mask, bias = torch.rand(3, 1, 2, 5, 7) > 0.4, torch.randn(2, 1, 7)
    want = torch.stack([path(*ts, mask=mask, bias=bias) for ts in zip(q, k, v, strict=True)])
    assert_close(path(q, k, v, mask=mask, bias=bias), want, **TIGHT)
    if path is attend:  # the kernel accepts four axes only, so this would raise had they not been folded
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
            attend(q, q, q)


@PATHS
def test_not_contiguous(path, make_qkv):
    q, k, v = make_qkv()
    strided = [t.transpose(-1, -2).contiguous().transpose(-1, -2) for t in (q, k, v)]
    strided[0] = torch.stack([q, q], -1)[..., 0]
    assert not any(t.is_contiguous() for t in strided)
    assert_close(path(*strided), attend(q, k, v), **TIGHT)


@PATHS
def test_shapes_without_memory(path):
    out = path(torch.empty(2, 5, 8, device="meta"), *[torch.empty(2, 7, 8, device="meta")] * 2)
    assert out.shape == (2, 5, 8) and out.device.type == "meta"


# --- nothing to attend to ---


@PATHS
@pytest.mark.parametrize("options", [{}, {"mask": True}, {"bias": 0.5}, {"mask": True, "bias": 0.5}])
@pytest.mark.parametrize(
    "sizes", [{"n": 0}, {"m": 0}, {"n": 0, "m": 0}, {"lead": (0, 3)}, {"e": 0}, {"d": 0}], ids=str
)
def test_empty(path, sizes, options, device, make_qkv):
    q, k, v = (t.requires_grad_() for t in make_qkv(device=device, **sizes))
    shape = q.shape[-2], k.shape[-2]
    options = {name: torch.full(shape, value, device=device) for name, value in options.items()}
    out = path(q, k, v, **options)
    assert out.shape == (*q.shape[:-1], v.shape[-1])
    if k.shape[-2] == 0:
        assert (out == 0).all()
    out.sum().backward()
    assert all(t.grad.isfinite().all() for t in (q, k, v))


@PATHS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("how", ["mask", "bias", "mask and bias"])
def test_row_without_keys_gives_zeros_and_no_nan(path, how, dtype, device, make_qkv):
    q, k, v = (t.requires_grad_() for t in make_qkv(dtype=dtype, device=device))
    mask = torch.ones(5, 7, dtype=torch.bool, device=device)
    bias = torch.zeros(5, 7, dtype=dtype, device=device)
    if how != "bias":
        mask[1] = False
    if how == "bias":
        bias[1] = float("-inf")
    if how == "mask and bias":  # each forbids a part, together they forbid all
        mask[3, :4], bias[3, 4:] = False, float("-inf")
    bias.requires_grad_()
    options = {"mask": {"mask": mask}, "bias": {"bias": bias}}.get(how, {"mask": mask, "bias": bias})
    out = path(q, k, v, **options)
    idle = [1, 3] if how == "mask and bias" else [1]
    busy = [i for i in range(5) if i not in idle]
    assert (out[..., idle, :] == 0).all() and (out[..., busy, :] != 0).all()
    inputs = (q, k, v, bias) if "bias" in options else (q, k, v)
    grads = torch.autograd.grad(out.square().sum() + out.sum(), inputs)
    assert all(g.isfinite().all() for g in grads)
    assert (grads[0][..., idle, :] == 0).all() and (grads[0][..., busy, :] != 0).any()


HOW = pytest.mark.parametrize("how", ["plain", "masked", "biased", "both"])


@pytest.mark.parametrize("how", ["mask", "bias", "mask and bias"])
def test_no_kernel_is_shown_a_row_without_keys(how, monkeypatch, make_qkv):
    """The kernel of this machine may get it right; others, or other versions, give NaN or a mean."""
    seen, fused = [], F.scaled_dot_product_attention

    def spy(*args, attn_mask, **kwargs):
        seen.append(attn_mask)
        return fused(*args, attn_mask=attn_mask, **kwargs)

    monkeypatch.setattr(F, "scaled_dot_product_attention", spy)
    mask, bias = torch.rand(5, 7) > 0.4, torch.randn(5, 7)
    mask[1], bias[2] = False, float("-inf")
    options = {"mask": {"mask": mask}, "bias": {"bias": bias}}.get(how, {"mask": mask, "bias": bias})
    attend(*make_qkv(), **options)
    (shown,) = seen
    assert (shown if shown.dtype == torch.bool else shown.isfinite()).any(-1).all()


@PATHS
@HOW
def test_gradients(path, how):
    _check_gradients(path, how, gradcheck)


@HOW
def test_second_derivative(how):
    _check_gradients(explicit, how, gradgradcheck)
    with sdpa_kernel(SDPBackend.MATH):  # the other kernels have none
        _check_gradients(attend, how, gradgradcheck)


def _check_gradients(path, how, order):
    options = {"dtype": torch.float64, "requires_grad": True}
    q, k, v = (
        torch.randn(2, 3, 4, **options),
        torch.randn(2, 4, 4, **options),
        torch.randn(2, 4, 2, **options),
    )
    mask = torch.rand(3, 4) > 0.3 if how in ("masked", "both") else None
    if mask is not None:
        mask[1] = False
    inputs = (q, k, v)
    if how in ("biased", "both"):
        inputs += (torch.randn(2, 3, 4, **options),)
    assert order(lambda q, k, v, bias=None: path(q, k, v, mask=mask, bias=bias), inputs)


# --- what attention is and is not ---


@PATHS
def test_samples_and_heads_do_not_leak(path, make_qkv):
    q, k, v = make_qkv()
    together = path(q, k, v)
    for b in range(2):
        assert_close(path(q[b : b + 1], k[b : b + 1], v[b : b + 1]), together[b : b + 1], **TIGHT)
        for h in range(3):
            assert_close(path(q[b, h], k[b, h], v[b, h]), together[b, h], **TIGHT)


@PATHS
def test_permutations(path, make_qkv):
    q, k, v = make_qkv()
    keys, queries = torch.randperm(7), torch.randperm(5)
    assert_close(path(q, k[..., keys, :], v[..., keys, :]), path(q, k, v), **TIGHT)
    assert_close(path(q[..., queries, :], k, v), path(q, k, v)[..., queries, :], **TIGHT)


@PATHS
@pytest.mark.parametrize("how", ["mask", "bias"])
def test_a_forbidden_key_has_no_influence(path, how, make_qkv):
    q, k, v = make_qkv()
    mask = torch.ones(7, dtype=torch.bool)
    mask[[2, 5]] = False
    options = {"mask": mask} if how == "mask" else {"bias": torch.where(mask, 0.0, float("-inf"))}
    before = path(q, k, v, **options)
    k[..., [2, 5], :], v[..., [2, 5], :] = 1e4, 1e4
    assert_close(path(q, k, v, **options), before, **TIGHT)
    assert_close(before, path(q, k[..., mask, :], v[..., mask, :]), **TIGHT)


@PATHS
def test_one_key_is_copied(path, make_qkv):
    q, k, v = make_qkv(m=1)
    assert_close(path(q, k, v), v.expand(2, 3, 5, 6))


@PATHS
def test_dropout(path, make_qkv):
    q, k, _ = make_qkv(lead=(400,))
    v = torch.eye(7).expand(400, 7, 7)  # so the result is the weights
    weights = path(q, k, v)
    dropped = path(q, k, v, dropout_p=0.25)
    kept = dropped != 0
    assert abs(kept.float().mean() - 0.75) < 0.02
    assert_close(dropped[kept], weights[kept] / 0.75, rtol=1e-4, atol=1e-5)
    assert_close(path(q, k, v, dropout_p=0.0), weights)
    # it is weights that are dropped, not numbers of the result: equal channels stay equal
    twice = path(q, k, torch.randn(7, 1).expand(400, 7, 2), dropout_p=0.25)
    assert_close(twice[..., 0], twice[..., 1])


def test_recorded_weights_are_those_before_dropout(make_qkv):
    with record_attention() as maps:
        attend(*make_qkv(), dropout_p=0.9)
    assert_close(maps["attend"].sum(-1), torch.ones(2, 3, 5))


def test_vmap_over_an_outer_axis(make_qkv):
    q, k, v = make_qkv()
    assert_close(torch.func.vmap(attend)(q, k, v), attend(q, k, v), **TIGHT)


def test_compiles_in_one_piece(make_qkv):
    q, k, v = make_qkv()
    mask = torch.rand(5, 7) > 0.4
    compiled = torch.compile(attend, backend="eager", fullgraph=True)
    assert_close(compiled(q, k, v, mask=mask), attend(q, k, v, mask=mask), **TIGHT)


# --- its two steps, by themselves ---


def test_attention_weights(make_qkv):
    scores = torch.randn(2, 3, 5, 7) * 50
    assert_close(attention_weights(scores), scores.softmax(-1))
    mask = torch.rand(2, 1, 5, 7) > 0.4
    mask[1, 0, 2] = False
    weights = attention_weights(scores, mask=mask)
    assert (weights[(~mask).expand_as(weights)] == 0).all()
    assert_close(weights.sum(-1), mask.any(-1).float().expand(2, 3, 5))
    assert_close(attention_weights(scores + 1000, mask=mask), weights, rtol=1e-2, atol=1e-3)


def test_attend_is_its_two_steps(make_qkv):
    q, k, v = make_qkv()
    mask, bias = torch.rand(5, 7) > 0.4, torch.randn(5, 7)
    scores = scaled_dot_scores(q, k) + bias
    want = attend(q, k, v, mask=mask, bias=bias)
    assert_close(attend_with_scores(scores, v, mask=mask), want, **TIGHT)
    assert_close(attention_weights(scores, mask=mask) @ v, want, **TIGHT)
    with record_attention() as maps:
        attend_with_scores(scores, v, mask=mask, dropout_p=0.5)
    assert_close(maps["attend"], attention_weights(scores, mask=mask))


# --- errors are sentences ---

Q, K, V = torch.zeros(2, 3, 5, 8), torch.zeros(2, 3, 7, 8), torch.zeros(2, 3, 7, 6)


@PATHS
@pytest.mark.parametrize(
    "args, options, sentence",
    [
        ((Q[..., :4], K, V), {}, r"q and k must have vectors of one length, got D = 4 and 8"),
        ((Q, K, V[..., :4, :]), {}, r"v must have a value for each of the 7 keys, got 4"),
        ((Q[0, 0, 0], K, V), {}, r"q needs at least two axes.*got shape \(8,\)"),
        ((Q, K[:, :2], V), {}, r"all axes before the last two must be equal or 1.*q \(2, 3, 5, 8\)"),
        ((Q, K, V[:, :2]), {}, r"all axes before the last two must be equal or 1.*v \(2, 2, 7, 6\)"),
        ((Q.long(), K, V), {}, r"q must be a floating-point tensor, got torch.int64"),
        ((Q, K, [[1.0]]), {}, r"v must be a floating-point tensor, got list"),
        ((Q, K.double(), V), {}, r"q and k must have one dtype, got torch.float32 and torch.float64"),
        ((Q, K, V.half()), {}, r"q and v must have one dtype, got torch.float32 and torch.float16"),
        (
            (Q, K, V),
            {"mask": torch.ones(5, 7)},
            r"mask must be a bool tensor \(True = may attend\), got torch.float32",
        ),
        ((Q, K, V), {"mask": [True]}, r"mask must be a bool tensor .*got list"),
        ((Q, K, V), {"mask": torch.ones(7, 5) > 0}, r"mask must broadcast .*\(2, 3, 5, 7\), got \(7, 5\)"),
        ((Q, K, V), {"mask": torch.ones(4, 1, 1, 1, 1) > 0}, r"mask must broadcast .*got \(4, 1, 1, 1, 1\)"),
        ((Q, K, V), {"bias": torch.ones(5, 7) > 0}, r"bias must be a floating-point tensor, got torch.bool"),
        (
            (Q, K, V),
            {"bias": torch.ones(2, 7)},
            r"bias must broadcast .*got \(2, 7\)\. .*bias\[:, None, None, :\]",
        ),
        ((Q, K, V), {"scale": torch.tensor(2.0)}, r"scale must be a number, got torch.float32"),
        ((Q, K, V), {"dropout_p": 1.0}, r"dropout_p must lie in \[0, 1\), got 1.0"),
        ((Q, K, V), {"dropout_p": -0.1}, r"dropout_p must lie in \[0, 1\), got -0.1"),
    ],
)
def test_bad_input(path, args, options, sentence):
    def call():
        if path is attend:
            return attend(*args, **options)
        with record_attention():
            return attend(*args, **options)

    with pytest.raises(ValueError, match=sentence):
        call()


def test_bad_input_to_the_steps():
    with pytest.raises(ValueError, match=r"v must have a value for each of the 5 keys, got 7"):
        attend_with_scores(torch.zeros(2, 3, 7, 5), V)
    with pytest.raises(ValueError, match=r"scores and v must have one dtype"):
        attend_with_scores(torch.zeros(5, 7).double(), V)
    with pytest.raises(ValueError, match=r"dropout_p must lie in"):
        attend_with_scores(torch.zeros(5, 7), V, dropout_p=2.0)
    with pytest.raises(ValueError, match=r"mask must broadcast .*\(5, 7\), got \(3, 5, 7\)"):
        attention_weights(torch.zeros(5, 7), mask=torch.ones(3, 5, 7) > 0)
