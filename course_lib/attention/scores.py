"""Five ways to score how well each key answers each query. All give (..., N, M) for attend_with_scores.

Matrices lie as in nn.Linear, (out, in): a layer's `.weight` can be passed as it is.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.attention._checks import check_dot, check_floating, check_scale, check_shape, check_tokens


def dot_scores(q: Tensor, k: Tensor) -> Tensor:
    """Dot product, q . k (Luong et al. 2015, eq. 8, "dot"). Its spread grows with sqrt(D).

    Args:
        q: queries, (..., N, D).
        k: keys, (..., M, D).

    Returns:
        (..., N, M), any real number.

    Raises:
        ValueError: q and k do not fit.
    """
    check_dot(q, k)
    return q @ k.mT  # (..., N, D) @ (..., D, M) -> (..., N, M)


def scaled_dot_scores(q: Tensor, k: Tensor, *, scale: float | None = None) -> Tensor:
    """Scaled dot product, q . k / sqrt(D) (Vaswani et al. 2017, eq. 1).

    Args:
        q: queries, (..., N, D).
        k: keys, (..., M, D).
        scale: another factor in place of 1 / sqrt(D).

    Returns:
        (..., N, M), any real number; of variance 1 if q and k are independent, with mean 0 and variance 1.

    Raises:
        ValueError: q and k do not fit; scale is not a number.
    """
    check_dot(q, k)
    check_scale(scale)
    if scale is None:
        scale = 1 / math.sqrt(max(q.shape[-1], 1))  # with D = 0 every score is 0
    return dot_scores(q * scale, k)  # scaled before the product, which could overflow float16


def bilinear_scores(q: Tensor, k: Tensor, w: Tensor) -> Tensor:
    """Bilinear form, q^T W k (Luong et al. 2015, eq. 8, "general"). Queries and keys may differ in length.

    Args:
        q: queries, (..., N, D).
        k: keys, (..., M, E).
        w: (D, E), as the weight of `nn.Linear(E, D)`.

    Returns:
        (..., N, M), any real number.

    Raises:
        ValueError: shapes that do not fit.
    """
    check_tokens(q=q, k=k, w=w)
    check_shape("w", w, (q.shape[-1], k.shape[-1]))
    return dot_scores(q, F.linear(k, w))  # k: (..., M, E) -> (..., M, D)


def cosine_scores(q: Tensor, k: Tensor, *, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between q and k (Graves et al. 2014, eq. 6).

    Multiply it before the softmax: over scores in [-1, 1] that is almost flat.

    Args:
        q: queries, (..., N, D).
        k: keys, (..., M, D).
        eps: a vector shorter than this is divided by eps, so a zero vector scores 0.

    Returns:
        (..., N, M), in [-1, 1].

    Raises:
        ValueError: q and k do not fit.
    """
    check_dot(q, k)
    eps = max(eps, torch.finfo(q.dtype).tiny)  # 1e-8 rounds to 0 in float16, and 0/0 is NaN
    return dot_scores(F.normalize(q, dim=-1, eps=eps), F.normalize(k, dim=-1, eps=eps))


def additive_scores(q: Tensor, k: Tensor, w_q: Tensor, w_k: Tensor, v: Tensor) -> Tensor:
    """A small network on each pair, v^T tanh(W_q q + W_k k) (Bahdanau et al. 2014, appendix A.1.2).

    The two products are made once for each query and each key, but the tanh for every pair: that takes memory
    for N * M * A numbers, where a dot product takes N * M.

    Args:
        q: queries, (..., N, D).
        k: keys, (..., M, E).
        w_q: (A, D), as the weight of `nn.Linear(D, A)`.
        w_k: (A, E), as the weight of `nn.Linear(E, A)`.
        v: (A,), the paper's v_a; not the values.

    Returns:
        (..., N, M), at most sum|v| from zero.

    Raises:
        ValueError: shapes that do not fit.
    """
    check_tokens(q=q, k=k, w_q=w_q, w_k=w_k)
    check_floating("v", v)
    hidden = w_q.shape[0]
    check_shape("w_q", w_q, (hidden, q.shape[-1]))
    check_shape("w_k", w_k, (hidden, k.shape[-1]))
    check_shape("v", v, (hidden,))
    from_q = F.linear(q, w_q).unsqueeze(-2)  # (..., N, 1, A)
    from_k = F.linear(k, w_k).unsqueeze(-3)  # (..., 1, M, A)
    return torch.tanh(from_q + from_k) @ v  # (..., N, M, A) @ (A,) -> (..., N, M)
