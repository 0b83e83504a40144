"""Softmax attention: the one place of the package where it is computed.

Read `attend` first. It takes PyTorch's fused kernel unless somebody is watching (record.py). Then it takes
the explicit path: a few lines that can be read, whose weights can be kept. Both give the same answer.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.attention._checks import check_bias, check_dot, check_dropout, check_mask, check_scale
from course_lib.attention._checks import check_tokens, check_values, is_autocast_on
from course_lib.attention.record import hand_to_recorders, is_recorded
from course_lib.attention.scores import scaled_dot_scores

NEVER = float("-inf")  # the score of a key that may not be attended to: exp(-inf) is exactly 0


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
    dropout_p: float = 0.0,
) -> Tensor:
    """Scaled dot-product attention: softmax(q k^T * scale + bias) v (Vaswani et al. 2017, eq. 1).

    Args:
        q: queries, (B, H, N, D). Any number of leading axes will do, also none; they broadcast as in SDPA.
        k: keys, (B, H, M, D).
        v: values, (B, H, M, E). They must be finite, masked ones too: a weight of 0 times inf is NaN.
        mask: bool, broadcasts to (B, H, N, M); True = may attend.
        bias: floating, broadcasts to (B, H, N, M), is added to the scores. -inf forbids a key.
        scale: the factor on the dot products; 1 / sqrt(D) if not given.
        dropout_p: share of the weights set to zero, in [0, 1). A module passes 0 when it is in `eval()`.

    Returns:
        (B, H, N, E). A query that may attend to nothing (or M = 0) gets zeros, and so do its gradients.

    Raises:
        ValueError: shapes or dtypes that do not fit, a mask that is not bool, dropout_p out of range.

    The fused kernels have no second derivative. If you need one, call this inside `record_attention()`.
    """
    scores_shape = check_dot(q, k)
    check_tokens(q=q, k=k, v=v)
    check_values(v, keys=k.shape[-2])
    check_mask(mask, scores_shape)
    check_bias(bias, scores_shape)
    check_scale(scale)
    check_dropout(dropout_p)
    path = _explicit if is_recorded() else _fused
    return path(q, k, v, mask, bias, scale, dropout_p)


def attend_with_scores(
    scores: Tensor, v: Tensor, *, mask: Tensor | None = None, dropout_p: float = 0.0
) -> Tensor:
    """Attention from scores of any kind (see scores.py): each query's weighted mean of the values.

    Args:
        scores: (B, H, N, M), any number of leading axes.
        v: values, (B, H, M, E), of the same dtype.
        mask: bool, broadcasts to (B, H, N, M); True = may attend.
        dropout_p: share of the weights set to zero, in [0, 1). Recorders get the weights before dropout.

    Returns:
        (B, H, N, E). A query that may attend to nothing gets zeros.

    Raises:
        ValueError: as `attend`.
    """
    check_tokens(scores=scores, v=v)
    check_values(v, keys=scores.shape[-1])
    check_dropout(dropout_p)
    weights = attention_weights(scores, mask=mask)
    hand_to_recorders(weights)
    return F.dropout(weights, dropout_p) @ v  # (B, H, N, M) @ (B, H, M, E) -> (B, H, N, E)


def attention_weights(scores: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Softmax over the keys, the last axis: no weight is negative, every row sums to 1.

    Args:
        scores: (..., N, M). -inf forbids a key.
        mask: bool, broadcasts to (..., N, M); True = may attend.

    Returns:
        (..., N, M). A row in which nothing may be attended is all zeros, and so is its gradient.

    Raises:
        ValueError: a mask that is not bool or does not fit.
    """
    check_tokens(scores=scores)
    check_mask(mask, scores.shape)
    if mask is not None:
        scores = scores.masked_fill(~mask, NEVER)
    # The softmax of a row of -inf is 0/0 = NaN. Replacing the NaN afterwards would mend the output, not
    # the gradient. So such a row is made harmless before the softmax, and zero after it.
    idle = (scores == NEVER).all(-1, keepdim=True)  # (..., N, 1)
    return scores.masked_fill(idle, 0.0).softmax(-1).masked_fill(idle, 0.0)


def _explicit(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    scale: float | None,
    dropout_p: float,
) -> Tensor:
    # float16 and bfloat16 are widened, as the fused kernels do inside.
    wide = torch.promote_types(q.dtype, torch.float32)
    scores = scaled_dot_scores(q.to(wide), k.to(wide), scale=scale)  # (B, H, N, M)
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    out = attend_with_scores(scores, v.to(wide), mask=mask, dropout_p=dropout_p)  # (B, H, N, E)
    return out if is_autocast_on(q) else out.to(q.dtype)


def _fused(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    scale: float | None,
    dropout_p: float,
) -> Tensor:
    # Kernels differ in what they make of a row without a key. So none is shown one: such a row is given every
    # key, and its result is replaced by zeros.
    allowed, idle = mask, None
    if bias is not None:
        allowed = bias.to(q.dtype) if mask is None else torch.where(mask, bias.to(q.dtype), NEVER)
        idle = (allowed == NEVER).all(-1, keepdim=True)  # (..., N, 1)
        allowed = allowed.masked_fill(idle, 0.0)
    elif mask is not None:
        idle = ~mask.any(-1, keepdim=True)  # (..., N, 1)
        allowed = mask | idle

    # With more than four axes PyTorch would leave its fused kernels, which makes it several times slower.
    lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    q, k, v = (_four_axes(t, lead) for t in (q, k, v))
    if allowed is not None:
        allowed = allowed.expand(*allowed.shape[:-2], q.shape[-2], k.shape[-2])  # (..., N, M)
        if allowed.ndim > 3:  # with fewer axes it is the same for all of B, and broadcasts as it is
            allowed = _four_axes(allowed, lead)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, scale=scale, dropout_p=dropout_p)
    out = out.reshape(*lead, *out.shape[-2:])  # (..., N, E)
    return out if idle is None else out.masked_fill(idle, 0.0)


def _four_axes(t: Tensor, lead: tuple[int, ...]) -> Tensor:
    t = t.expand(*lead, *t.shape[-2:])
    return t.flatten(0, -4) if t.ndim > 4 else t  # (..., H, N, D) -> (B, H, N, D)
