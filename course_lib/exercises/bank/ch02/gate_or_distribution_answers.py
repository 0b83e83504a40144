"""Exercise 2.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def attend_two_ways(features, scores):
    weights = scores.flatten(1).softmax(-1).view_as(scores)  # sum to 1 over the places of a sample
    gates = scores.sigmoid()  # each in (0, 1), each place for itself
    return torch.stack([features * weights, features * gates])  # (2, B, C, H, W)


def distribution(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def gate(scores):
    return scores.sigmoid()


def wired(weigh=distribution, open_by=gate):
    """The reference with the distribution or the gate exchanged for something else."""

    def answer(features, scores):
        return torch.stack([features * weigh(scores), features * open_by(scores)])

    return answer


def over_its_sum(weights):
    return weights / weights.sum((2, 3), keepdim=True)


def over_its_largest(weights):
    return weights / weights.amax((2, 3), keepdim=True)


def whole_batch(scores):
    return scores.flatten().softmax(0).view_as(scores)


def gate_behind_the_weights(features, scores):
    weighted = features * distribution(scores)
    return torch.stack([weighted, weighted * gate(scores)])


def over_its_mean(scores):
    return scores.sigmoid() / scores.sigmoid().mean((2, 3), keepdim=True)


def stretched(scores):
    low, high = scores.amin((2, 3), keepdim=True), scores.amax((2, 3), keepdim=True)
    return (scores - low) / (high - low)


def sigmoid_of_the_product(features, scores):
    return torch.stack([features * distribution(scores), (features * scores).sigmoid()])


def weights_alone(features, scores):
    return torch.stack([distribution(scores), gate(scores)])


def second_axis(features, scores):
    return attend_two_ways(features, scores).transpose(0, 1)


def joined_along_the_batch(features, scores):
    return attend_two_ways(features, scores).flatten(0, 1)


def pooled(features, scores):
    return attend_two_ways(features, scores).sum((3, 4))


def by_loops(features, scores):
    first, second = [], []
    for image, score in zip(features, scores, strict=True):
        powers = (score - score.max()).exp()
        first.append(image * (powers / powers.sum()))
        second.append(image / (1 + (-score.double()).exp()).to(image.dtype))
    return torch.stack([torch.stack(first), torch.stack(second)])


def by_einsum(features, scores):
    batch, _, height, width = scores.shape
    weights = torch.softmax(scores.reshape(batch, -1), dim=1).reshape(batch, height, width)
    both = torch.stack([weights, torch.sigmoid(scores[:, 0])])
    return torch.einsum("bchw,kbhw->kbchw", features, both)


def by_one_broadcast(features, scores):
    both = torch.stack([distribution(scores), gate(scores)])  # (2, B, 1, H, W)
    return features * both


def by_softmax_of_two(features, scores):
    # A sigmoid is a softmax between the score and 0.
    pair = torch.stack([scores, torch.zeros_like(scores)])
    top = scores.amax((2, 3), keepdim=True)
    powers = (scores - top).exp()
    weights = powers / powers.sum((2, 3), keepdim=True)
    return torch.stack([features * weights, features * pair.softmax(0)[0]])
