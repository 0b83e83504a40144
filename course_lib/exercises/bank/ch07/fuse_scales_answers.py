"""Exercise 7.7's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def fuse_scales(maps, scores):
    weights = scores.softmax(1)  # (B, S, H, W): at every pixel they sum to 1
    return (weights[:, :, None] * maps).sum(1)  # (B, C, H, W)


def over_scales(scores):
    return scores.softmax(1)


def blended(weights, maps):
    return (weights[:, :, None] * maps).sum(1)


def wired(weigh=over_scales, blend=blended):
    """The reference with one part exchanged."""
    return lambda maps, scores: blend(weigh(scores), maps)


# Slips of the weights


def over_places(scores):
    return scores.flatten(2).softmax(-1).view_as(scores)


def over_everything(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def one_for_the_map(scores):
    return scores.mean((2, 3), keepdim=True).softmax(1).expand_as(scores)


def averaged_weights(scores):
    return scores.softmax(1).mean((2, 3), keepdim=True).expand_as(scores)


def by_hand_unguarded(scores):
    return scores.exp() / scores.exp().sum(1, keepdim=True)


def divided_by_their_sum(scores):
    return scores / scores.sum(1, keepdim=True)


def sigmoids_shared(scores):
    return scores.sigmoid() / scores.sigmoid().sum(1, keepdim=True)


def guarded_by_the_largest_of_all(scores):
    e = (scores - scores.max()).exp()
    return e / e.sum(1, keepdim=True)


def guarded_by_an_epsilon(scores):
    e = scores.exp().clamp(max=1e30)
    return e / (e.sum(1, keepdim=True) + 1e-2)


def tempered(scores):
    return (scores / scores.shape[1] ** 0.5).softmax(1)


def the_best(scores):
    return torch.zeros_like(scores).scatter(1, scores.argmax(1, keepdim=True), 1)


def equal(scores):
    return (0 * scores).softmax(1)


# Slips of the sum


def a_mean(weights, maps):
    return (weights[:, :, None] * maps).mean(1)


def weights_before_the_scales(weights, maps):
    """`weights[:, None]`: the scales of the weights lie on the channels, where both are equally many."""
    if maps.shape[1] != maps.shape[2]:
        return blended(weights, maps)
    return (weights[:, None] * maps).sum(1)


def unaided(weights, maps):
    """`weights * maps`: B against S, and S against C, where all three are equal."""
    if not maps.shape[0] == maps.shape[1] == maps.shape[2]:
        return blended(weights, maps)
    return (weights * maps).sum(1)


def largest(weights, maps):
    return (weights[:, :, None] * maps).amax(1)


def over_channels(weights, maps):
    return (weights[:, :, None] * maps).sum(2)


def scales_kept(weights, maps):
    return weights[:, :, None] * maps


def side_by_side(weights, maps):
    return (weights[:, :, None] * maps).flatten(1, 2)


def mean_added(weights, maps):
    return blended(weights, maps) + maps.mean(1)


def finest_added(weights, maps):
    return blended(weights, maps) + maps[:, -1]


# Right ones


def by_einsum(maps, scores):
    return torch.einsum("bshw,bschw->bchw", scores.softmax(dim=1), maps)


def by_loops(maps, scores):
    shifted = scores - scores.amax(1, keepdim=True)
    parts = [shifted[:, s].exp() for s in range(scores.shape[1])]
    total = sum(parts)
    return sum((part / total).unsqueeze(1) * maps[:, s] for s, part in enumerate(parts))


def by_products(maps, scores):
    """Scales as keys: at each pixel a row of weights times a matrix of values."""
    weights = scores.permute(0, 2, 3, 1).softmax(-1).unsqueeze(-2)  # (B, H, W, 1, S)
    return (weights @ maps.permute(0, 3, 4, 1, 2)).squeeze(-2).permute(0, 3, 1, 2)


def by_logsumexp(maps, scores):
    weights = (scores - scores.logsumexp(1, keepdim=True)).exp()
    return torch.sum(maps * weights.unsqueeze(2), dim=1)


def in_double(maps, scores):
    return fuse_scales(maps.double(), scores.double()).to(maps.dtype)
