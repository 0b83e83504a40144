"""What the chapter's metric exercises have in common: label maps drawn, pixels counted, ratios, means."""

import torch

from course_lib.exercises.bank.drawing import uniform

# Draws


def labels(g, classes, height, width):
    """One label map, (H, W), in which each of `classes` occurs and nothing else does."""
    classes = torch.as_tensor(classes)
    rest = torch.randint(len(classes), (height * width - len(classes),), generator=g)
    pixels = torch.cat([classes, classes[rest]])
    return pixels[torch.randperm(len(pixels), generator=g)].view(height, width)


def partly_right(g, target, classes, right=0.6):
    """`target` with a part of its pixels drawn anew from `classes`, each of which occurs."""
    other = labels(g, classes, *target.shape)
    keep = uniform(g, *target.shape) < right
    # The classes that must occur keep a pixel each: the first of them in `other`.
    for c in classes:
        place = (other == c).flatten().nonzero()[0]
        keep.view(-1)[place] = False
    return torch.where(keep, target, other)


def some_of(g, count, num_classes):
    """`count` of the classes, drawn."""
    return torch.randperm(num_classes, generator=g)[:count].tolist()


# Counts, as (C,) or, by image, (B, C)


def counted(predicted, target, num_classes, dims=(0, 1, 2)):
    """For each class: the pixels that both say, that the prediction says, that the target says."""
    classes = torch.arange(num_classes)
    p, t = predicted[..., None] == classes, target[..., None] == classes  # (B, H, W, C)
    return (p & t).sum(dims), p.sum(dims), t.sum(dims)


def by_image(predicted, target, num_classes):
    return counted(predicted, target, num_classes, dims=(1, 2))


# Ratios


def iou(both, p, t):
    return both / (p + t - both)


def dice(both, p, t):
    return 2 * both / (p + t)


def over_the_sum(both, p, t):
    return both / (p + t)


def over_the_difference(both, p, t):
    return both / (p + t - 2 * both)


def precision(both, p, t):
    return both / p


def recall(both, p, t):
    return both / t


def empty_as_zero(both, p, t):
    return both / (p + t - both).clamp(min=1)


def empty_as_one(both, p, t):
    return (both + 1e-6) / (p + t - both + 1e-6)


def one_added(both, p, t):
    """Smoothed as a loss is: it moves the figure of every class."""
    return (both + 1) / (p + t - both + 1)


def where_it_is_true(both, p, t):
    return torch.where(t > 0, iou(both, p, t), torch.nan)


def where_it_is_said(both, p, t):
    return torch.where(p > 0, iou(both, p, t), torch.nan)


def where_both_meet(both, p, t):
    return torch.where(both > 0, iou(both, p, t), torch.nan)


# Right ones


def confusion(predicted, target, num_classes):
    """(C, C), rows the true class."""
    pairs = target * num_classes + predicted
    return pairs.flatten().bincount(minlength=num_classes**2).view(num_classes, num_classes)
