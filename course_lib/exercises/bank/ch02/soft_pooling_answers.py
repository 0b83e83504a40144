"""Exercise 2.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch

from course_lib.attention import attend


def soft_pool(features, scores):
    weights = scores.flatten(1).softmax(-1)  # (B, H*W)
    return (features.flatten(2) @ weights[..., None])[..., 0]  # (B, C, H*W) @ (B, H*W, 1) -> (B, C)


def places(scores):
    """One softmax for all places of a sample."""
    return scores.flatten(1).softmax(-1).view_as(scores)


def wired(weigh=places, gather=lambda weighted: weighted.sum((2, 3))):
    """The reference with one part exchanged: the weights, or what follows them."""

    def answer(features, scores):
        return gather(features * weigh(scores))

    return answer


def whole_batch(scores):
    return scores.flatten().softmax(0).view_as(scores)


def over_its_sum(weights):
    return weights / weights.sum((2, 3), keepdim=True)


def over_its_largest(weights):
    return weights / weights.amax((2, 3), keepdim=True)


def largest_only(features, scores):
    place = scores.flatten(1).argmax(-1)  # (B,)
    return features.flatten(2)[torch.arange(len(features)), :, place]


def reshaped(features, scores):
    batch, channels, height, width = features.shape
    weights = scores.flatten(1).softmax(-1)[:, None]  # (B, 1, H*W)
    return (weights @ features.reshape(batch, height * width, channels))[:, 0]


def rows_for_columns(features, scores):
    weights = scores.mT.flatten(1).softmax(-1)
    return (features.flatten(2) @ weights[..., None])[..., 0]


def soft_pool_each(features, scores):
    """Each channel with scores of its own, (B, C, H, W)."""
    return (features * scores.flatten(2).softmax(-1).view_as(scores)).sum((2, 3))


def by_loops(features, scores):
    batch, channels, height, width = features.shape
    rows = []
    for b in range(batch):
        top = scores[b].max()
        powers = [[(scores[b, 0, i, j] - top).exp() for j in range(width)] for i in range(height)]
        total = sum(sum(row) for row in powers)
        pooled = torch.zeros_like(features[b, :, 0, 0])
        for i in range(height):
            for j in range(width):
                pooled = pooled + powers[i][j] / total * features[b, :, i, j]
        rows.append(pooled)
    return torch.stack(rows)


def by_einsum(features, scores):
    weights = scores.squeeze(1).flatten(1).softmax(-1).unflatten(1, scores.shape[2:])
    return torch.einsum("bchw,bhw->bc", features, weights)


def by_one_query(features, scores):
    keys, values = scores.flatten(2).mT[:, None], features.flatten(2).mT[:, None]
    query = torch.ones_like(keys[:, :, :1])  # its dot product with a key is the score
    return attend(query, keys, values, scale=1.0)[:, 0, 0]


def by_the_largest_first(features, scores):
    powers = (scores - scores.amax((2, 3), keepdim=True)).exp()
    return (features * powers).sum((2, 3)) / powers.sum((2, 3))
