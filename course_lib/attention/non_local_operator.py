"""The non-local operator with its four pairwise functions. Two of them are softmax attention, two are not."""

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor

from course_lib.attention._checks import check_dot, check_scale, check_tokens, check_values
from course_lib.attention.attend import attend

Pairwise = Literal["gaussian", "embedded_gaussian", "dot_product", "concatenation"]


def non_local(
    theta: Tensor,
    phi: Tensor,
    g: Tensor,
    *,
    pairwise: Pairwise = "embedded_gaussian",
    w_f: Tensor | None = None,
    scale: float | None = 1.0,
) -> Tensor:
    """y_i = 1 / C(x) * sum_j f(x_i, x_j) g(x_j)  (Wang et al. 2018, eq. 1 to 6).

    With the score s_ij = scale * theta_i . phi_j:

    gaussian, embedded_gaussian     f = exp(s_ij), C = sum_j f: a softmax over the keys. The two differ in
                                    what theta and phi are made from: x itself, or layers of their own
    dot_product                     f = s_ij, C = M, the number of keys
    concatenation                   f = relu(scale * w_f . [theta_i, phi_j]), C = M

    Only the concatenation holds a number for each pair, N x M. The softmax forms go through `attend`, so they
    can be recorded. In the dot product, (theta phi^T) g is multiplied as theta (phi^T g).

    Args:
        theta: queries, (B, N, D). Any number of leading axes will do.
        phi: keys, (B, M, D).
        g: values, (B, M, E).
        pairwise: the name of f.
        w_f: weights of the concatenation, 2D numbers, as in `nn.Linear(2 * D, 1, bias=False)`; theta's first.
        scale: a factor on the score; None for 1 / sqrt(D). The paper has none.

    Returns:
        (B, N, E).

    Raises:
        ValueError: shapes or dtypes that do not fit, an unknown pairwise, w_f missing or out of place.
    """
    check_dot(theta, phi)
    check_tokens(theta=theta, phi=phi, g=g)
    check_values(g, keys=phi.shape[-2])
    check_scale(scale)
    _check_pairwise(pairwise, w_f, theta.shape[-1])
    if scale is None:
        scale = max(theta.shape[-1], 1) ** -0.5
    if pairwise == "dot_product":
        return _dot_product(theta, phi, g, scale)
    if pairwise == "concatenation":
        return _concatenation(theta, phi, g, w_f, scale)
    return _softmax(theta, phi, g, scale)


def _softmax(theta: Tensor, phi: Tensor, g: Tensor, scale: float) -> Tensor:
    # Without a fused kernel PyTorch would hold the N x M weights. Those kernels want q, k and v of one length
    # (zeros at the end change no score), and the numbers of a vector side by side in memory, which those of a
    # transposed map are not. The head axis is what those who look at maps expect.
    width, length = g.shape[-1], max(theta.shape[-1], g.shape[-1])
    q, k, v = (F.pad(t, (0, length - t.shape[-1])).contiguous().unsqueeze(-3) for t in (theta, phi, g))
    return attend(q, k, v, scale=scale).squeeze(-3)[..., :width]  # (B, 1, N, length) -> (B, N, E)


def _dot_product(theta: Tensor, phi: Tensor, g: Tensor, scale: float) -> Tensor:
    share = max(phi.shape[-2], 1) ** -0.5  # 1 / M, half of it on either side: neither leaves float16's range
    gathered = (phi * share).mT @ (g * share)  # (B, D, M) @ (B, M, E) -> (B, D, E)
    return (theta * scale) @ gathered  # (B, N, D) @ (B, D, E) -> (B, N, E)


def _concatenation(theta: Tensor, phi: Tensor, g: Tensor, w_f: Tensor, scale: float) -> Tensor:
    of_theta, of_phi = w_f.reshape(2, -1, 1)  # each (D, 1)
    f = (scale * (theta @ of_theta + (phi @ of_phi).mT)).relu()  # (B, N, 1) + (B, 1, M) -> (B, N, M)
    return (f / max(phi.shape[-2], 1)) @ g  # (B, N, E)


def check_pairwise_name(pairwise: str) -> None:
    if pairwise not in get_args(Pairwise):
        raise ValueError(f"pairwise must be one of {', '.join(get_args(Pairwise))}, got {pairwise!r}.")


def _check_pairwise(pairwise: str, w_f: Tensor | None, length: int) -> None:
    check_pairwise_name(pairwise)
    if (w_f is not None) != (pairwise == "concatenation"):
        raise ValueError(f"w_f goes with pairwise='concatenation' and with no other, got {pairwise!r} "
                         f"and {'no w_f' if w_f is None else 'a w_f'}.")
    if w_f is not None and w_f.numel() != 2 * length:
        raise ValueError(f"w_f must hold 2 * {length} numbers, theta's first, got shape {tuple(w_f.shape)}.")
