"""Each score against PyTorch's own and against loops over pairs."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.attention.flex_attention import flex_attention
from torch.testing import assert_close

from course_lib.attention import (
    additive_scores,
    attend,
    attend_with_scores,
    bilinear_scores,
    cosine_scores,
    dot_scores,
    scaled_dot_scores,
)

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
N, M, D, E, A = 5, 7, 8, 6, 4


def pairs(score, q, k):
    """(..., N, M), one pair at a time."""
    rows = [
        torch.stack([score(q[..., i, :], k[..., j, :]) for j in range(k.shape[-2])], -1)
        for i in range(q.shape[-2])
    ]
    return torch.stack(rows, -2)


def cases(dtype=torch.float64, lead=(), n=N, m=M, d=D, e=E, a=A, **options):
    """name -> (function, its arguments, the same for one pair)."""

    def rand(*shape):
        return torch.randn(*shape, dtype=dtype, **options)

    q, k, other = rand(*lead, n, d), rand(*lead, m, d), rand(*lead, m, e)
    w, w_q, w_k, v = rand(d, e), rand(a, d), rand(a, e), rand(a)
    return {
        "dot": (dot_scores, (q, k), lambda x, y: (x * y).sum(-1)),
        "scaled dot": (scaled_dot_scores, (q, k), lambda x, y: (x * y).sum(-1) / math.sqrt(d)),
        "bilinear": (bilinear_scores, (q, other, w), lambda x, y: (x * (y @ w.T)).sum(-1)),
        "cosine": (cosine_scores, (q, k), lambda x, y: (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1))),
        "additive": (
            additive_scores,
            (q, other, w_q, w_k, v),
            lambda x, y: (torch.tanh(x @ w_q.T + y @ w_k.T) * v).sum(-1),
        ),
    }


NAMES = pytest.mark.parametrize("name", list(cases()))


@NAMES
@settings(deadline=None, max_examples=15)
@given(lead=st.lists(st.integers(1, 3), max_size=3), sizes=st.tuples(*[st.integers(1, 5)] * 5))
def test_equals_pairs(name, lead, sizes):
    n, m, d, e, a = sizes
    score, args, one = cases(lead=lead, n=n, m=m, d=d, e=e, a=a)[name]
    before = [t.clone() for t in args]
    got = score(*args)
    assert got.shape == (*lead, n, m)
    assert_close(got, pairs(one, *args[:2]))
    assert all(torch.equal(now, then) for now, then in zip(args, before)), "an argument was changed"


@NAMES
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes_and_devices(name, dtype, device):
    score, args, _ = cases(dtype=torch.float32)[name]
    args = [t.to(dtype).to(device) for t in args]
    want = score(*(t.double().cpu() for t in args))
    got = score(*args)
    assert got.dtype == dtype and got.device.type == device
    close = TIGHT if dtype == torch.float32 else {"rtol": 3e-2, "atol": 6e-2}
    assert_close(got.double().cpu(), want, **close)


@NAMES
def test_gradients(name):
    score, args, _ = cases(n=2, m=3, d=3, e=2, a=2, requires_grad=True)[name]
    assert gradcheck(score, args)
    assert gradgradcheck(score, args)


@NAMES
def test_broadcasts_and_strides_and_nothing(name):
    score, (q, k, *weights), _ = cases(lead=(2, 3))[name]
    alone = torch.stack([score(q[b], k[0], *weights) for b in range(2)])
    assert_close(score(q, k[:1], *weights), alone)
    assert_close(score(q.mT.contiguous().mT, k.mT.contiguous().mT, *weights), score(q, k, *weights))
    assert score(q[:, :, :0], k, *weights).shape == (2, 3, 0, M)
    assert score(q, k[:, :, :0], *weights).shape == (2, 3, N, 0)


@NAMES
def test_autocast(name, device):
    score, args, _ = cases(dtype=torch.float32, lead=(2,))[name]
    args = [t.to(device) for t in args]
    with torch.autocast(device, dtype=torch.bfloat16):
        got = score(*args)
    assert_close(got.float(), score(*args), rtol=5e-2, atol=2e-1)


@NAMES
def test_attend_with_scores_takes_it(name):
    score, args, _ = cases(lead=(2,))[name]
    v = torch.randn(2, M, 3, dtype=torch.float64)
    assert_close(attend_with_scores(score(*args), v), score(*args).softmax(-1) @ v)


def test_bilinear_equals_nn_bilinear():
    layer = nn.Bilinear(D, E, 1, bias=False)
    q, k = torch.randn(N, D), torch.randn(M, E)
    want = layer(q[:, None].expand(N, M, D).contiguous(), k[None].expand(N, M, E).contiguous())[..., 0]
    assert_close(bilinear_scores(q, k, layer.weight[0]), want, **TIGHT)


def test_bilinear_and_additive_take_the_weights_of_linear():
    q, k = torch.randn(N, D), torch.randn(M, E)
    layer, of_q, of_k, last = (
        nn.Linear(E, D, bias=False),
        nn.Linear(D, A, bias=False),
        nn.Linear(E, A, bias=False),
        nn.Linear(A, 1, bias=False),
    )
    assert_close(bilinear_scores(q, k, layer.weight), q @ layer(k).T, **TIGHT)
    want = last(torch.tanh(of_q(q)[:, None] + of_k(k)[None]))[..., 0]
    assert_close(additive_scores(q, k, of_q.weight, of_k.weight, last.weight[0]), want, **TIGHT)


def test_cosine_equals_pytorch():
    q, k = torch.randn(2, N, D), torch.randn(2, M, D)
    want = F.cosine_similarity(q[:, :, None], k[:, None], dim=-1)
    assert_close(cosine_scores(q, k), want, **TIGHT)
    assert cosine_scores(q * 1e-3, k * 1e3).sub(want).abs().max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_cosine_of_a_zero_vector_is_zero(dtype):
    q, k = torch.zeros(N, D, dtype=dtype, requires_grad=True), torch.randn(M, D, dtype=dtype)
    scores = cosine_scores(q, k)
    assert (scores == 0).all()
    scores.sum().backward()
    assert q.grad.isfinite().all()
    assert_close(cosine_scores(k, q.detach(), eps=1e-3), torch.zeros(M, N, dtype=dtype))


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_additive_attention_equals_flex_attention():
    q, k, values = torch.randn(2, 3, N, D), torch.randn(2, 3, M, D), torch.randn(2, 3, M, D)
    w_q, w_k, v = torch.randn(A, D), torch.randn(A, D), torch.randn(A)
    from_q, from_k = q @ w_q.T, k @ w_k.T

    def instead(score, b, h, i, j):
        return (torch.tanh(from_q[b, h, i] + from_k[b, h, j]) * v).sum(-1)

    want = flex_attention(q, k, values, score_mod=instead)
    assert_close(attend_with_scores(additive_scores(q, k, w_q, w_k, v), values), want, **TIGHT)


def test_scaled_dot_scores_take_another_scale():
    q, k = torch.randn(N, D), torch.randn(M, D)
    assert_close(scaled_dot_scores(q, k, scale=-2), -2 * q @ k.T, **TIGHT)
    assert_close(scaled_dot_scores(q, k, scale=1.0), dot_scores(q, k), **TIGHT)
    assert_close(
        attend_with_scores(scaled_dot_scores(q, k, scale=0.1), k), attend(q, k, k, scale=0.1), **TIGHT
    )


def test_scaled_dot_scores_fit_in_float16():
    q = torch.full(
        (2, 64), 60.0, dtype=torch.float16
    )  # q . q = 230,400 is beyond float16, an eighth of it is not
    assert_close(scaled_dot_scores(q, q), torch.full((2, 2), 28800.0, dtype=torch.float16))


def test_why_scaled():
    """The spread of the dot product is sqrt(d); scaled it is 1."""
    q, k = torch.randn(500, 64), torch.randn(500, 64)
    assert dot_scores(q, k).std() == pytest.approx(8, rel=0.05)
    assert scaled_dot_scores(q, k).std() == pytest.approx(1, rel=0.05)


Q, K = torch.zeros(N, D), torch.zeros(M, E)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: dot_scores(Q, K), r"q and k must have vectors of one length, got D = 8 and 6"),
        (lambda: scaled_dot_scores(Q, K), r"q and k must have vectors of one length"),
        (lambda: scaled_dot_scores(Q, Q, scale="2"), r"scale must be a number, got str"),
        (lambda: cosine_scores(Q, K), r"q and k must have vectors of one length"),
        (lambda: dot_scores(Q[0], Q), r"q needs at least two axes"),
        (lambda: dot_scores(Q.long(), Q.long()), r"q must be a floating-point tensor, got torch.int64"),
        (lambda: bilinear_scores(Q, K, torch.zeros(E, D)), r"w must have shape \(8, 6\) here, got \(6, 8\)"),
        (
            lambda: additive_scores(Q, K, torch.zeros(D, A), torch.zeros(A, E), torch.zeros(A)),
            r"w_q must have shape \(8, 8\)",
        ),
        (
            lambda: additive_scores(Q, K, torch.zeros(A, D), torch.zeros(A, D), torch.zeros(A)),
            r"w_k must have shape \(4, 6\)",
        ),
        (
            lambda: additive_scores(Q, K, torch.zeros(A, D), torch.zeros(A, E), torch.zeros(E)),
            r"v must have shape \(4,\)",
        ),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
