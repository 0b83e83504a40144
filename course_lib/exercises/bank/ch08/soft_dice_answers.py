"""Exercise 8.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def soft_dice(logits, target, smooth):
    p = logits.softmax(1)  # (B, C, H, W)
    t = F.one_hot(target, logits.shape[1]).movedim(-1, 1).to(p.dtype)  # (B, H, W, C) -> (B, C, H, W)
    both, p, t = (one.sum((0, 2, 3)) for one in (p * t, p, t))  # (C,)
    return 1 - ((2 * both + smooth) / (p + t + smooth)).mean()


def over_classes(logits):
    return logits.softmax(1)


def one_hot(target, num_classes):
    return F.one_hot(target, num_classes).movedim(-1, 1).float()


def over_batch_and_pixels(one):
    return one.sum((0, 2, 3))


def dice(both, p, t, smooth):
    return (2 * both + smooth) / (p + t + smooth)


def one_minus_mean(ratios):
    return 1 - ratios.mean()


def wired(p=over_classes, t=one_hot, total=over_batch_and_pixels, ratio=dice, end=one_minus_mean):
    """The reference with one part exchanged: probabilities, one-hot, sums, the ratio, the loss."""

    def answer(logits, target, smooth):
        said, true = p(logits), t(target, logits.shape[1])
        return end(ratio(*(total(one) for one in (said * true, said, true)), smooth))

    return answer


# Slips of the probabilities


def over(dim):
    return lambda logits: logits.softmax(dim)


def over_pixels(logits):
    return logits.flatten(2).softmax(-1).view_as(logits)


def hard(logits):
    return one_hot(logits.argmax(1), logits.shape[1])


def listed(logits):
    """The list of pixels that a bare reshape makes, laid out as maps again."""
    batch, classes, height, width = logits.shape
    rows = logits.softmax(1).reshape(-1, classes)
    return rows.view(batch, height, width, classes).movedim(-1, 1)


# Slips of the one-hot maps


def viewed(target, num_classes):
    """(B, H, W, C) made (B, C, H, W) by a reshape."""
    return F.one_hot(target, num_classes).float().reshape(len(target), num_classes, *target.shape[1:])


# Slips of the ratio


def smooth_below(both, p, t, smooth):
    return 2 * both / (p + t + smooth)


def smooth_above(both, p, t, smooth):
    return (2 * both + smooth) / (p + t)


def smooth_left_out(both, p, t, smooth):
    return 2 * both / (p + t)


def smooth_of_one(both, p, t, smooth):
    return dice(both, p, t, 1.0)


def smooth_doubled_above(both, p, t, smooth):
    return 2 * (both + smooth) / (p + t + smooth)


def smooth_doubled(both, p, t, smooth):
    return dice(both, p, t, 2 * smooth)


def smooth_doubled_below(both, p, t, smooth):
    return (2 * both + smooth) / (p + t + 2 * smooth)


def smooth_outside(both, p, t, smooth):
    return 2 * both / (p + t) + smooth


def without_the_two(both, p, t, smooth):
    return (both + smooth) / (p + t + smooth)


def jaccard(both, p, t, smooth):
    return (both + smooth) / (p + t - both + smooth)


def precision(both, p, t, smooth):
    return (both + smooth) / (p + smooth)


def recall(both, p, t, smooth):
    return (both + smooth) / (t + smooth)


def of_all_classes(both, p, t, smooth):
    return dice(both.sum(), p.sum(), t.sum(), smooth)


def of_the_targets_classes(both, p, t, smooth):
    return dice(both, p, t, smooth)[t > 0]


def squared(logits, target, smooth):
    p, t = logits.softmax(1), one_hot(target, logits.shape[1])
    parts = (one.sum((0, 2, 3)) for one in (p * t, p.square(), t.square()))
    return 1 - dice(*parts, smooth).mean()


def _by_image(one):
    return one.sum((2, 3))


def _of_image_and_pixel(one):
    return one.sum((2, 3)).mean(0)


def _means(one):
    return one.mean((0, 2, 3))


by_image = wired(total=_by_image)
averaged_over_the_batch = wired(total=_of_image_and_pixel)
means = wired(total=_means)


# Right ones


def by_loop(logits, target, smooth):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    losses = []
    for c in range(logits.shape[1]):
        t = target == c
        losses.append(1 - (2 * p[:, c][t].sum() + smooth) / (p[:, c].sum() + t.sum() + smooth))
    return sum(losses) / len(losses)


def by_einsum(logits, target, smooth):
    p = F.softmax(logits, dim=1)
    t = torch.eye(logits.shape[1], dtype=p.dtype)[target]  # (B, H, W, C)
    both = torch.einsum("bchw,bhwc->c", p, t)
    sizes = torch.einsum("bchw->c", p) + torch.einsum("bhwc->c", t)
    return (1 - (2 * both + smooth) / (sizes + smooth)).mean()


def on_a_list_of_pixels(logits, target, smooth):
    p = logits.movedim(1, -1).flatten(0, 2).log_softmax(-1).exp()  # (B*H*W, C)
    t = torch.zeros_like(p).scatter(1, target.flatten()[:, None], 1.0)
    return 1 - ((2 * (p * t).sum(0) + smooth) / ((p + t).sum(0) + smooth)).mean()


def as_a_loss_of_the_rest(logits, target, smooth):
    """1 - Dice as one fraction: what is said or true and not both, over the same denominator."""
    p = logits.softmax(1)
    t = one_hot(target, logits.shape[1])
    sizes = (p + t).sum((0, 2, 3))
    return ((sizes - 2 * (p * t).sum((0, 2, 3))) / (sizes + smooth)).mean()
