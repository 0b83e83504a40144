"""Exact answers about the score-function gradient, by asking every place what it would have earned.

With K places to draw one from, an expectation over the draw is a sum of K terms: no luck, no averaging.
"""

import torch
from torch import Tensor

from course_lib.attention import attention_weights


def exact_gradient(scores: Tensor, reward: Tensor) -> Tensor:
    """The gradient of the expected reward with respect to the scores: p_k (R_k - sum_j p_j R_j).

    scores  (..., B, K), of which softmax makes the probabilities p
    reward  (..., B, K), what each place would earn

    Returns (..., B, K).
    """
    p = attention_weights(scores)
    return p * (reward - (p * reward).sum(-1, keepdim=True))


def gradient_variance(scores: Tensor, reward: Tensor, baseline: Tensor | float = 0.0) -> Tensor:
    """The variance of the estimate that one draw gives, summed over its K numbers: (..., B, K) -> (..., B).

    A draw of place k estimates the gradient as (R_k - b)(e_k - p), with e_k one-hot. The mean square of
    that, less the square of the mean.
    """
    p = attention_weights(scores)
    length = 1 - 2 * p + p.square().sum(-1, keepdim=True)                    # |e_k - p|^2, (..., K)
    advantage = reward - torch.as_tensor(baseline)[..., None]
    mean_square = (p * advantage.square() * length).sum(-1)
    return mean_square - exact_gradient(scores, reward).square().sum(-1)
