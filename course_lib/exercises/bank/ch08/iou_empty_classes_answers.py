"""Exercise 8.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch08 import labels


def mean_iou(predicted, target, num_classes):
    classes = torch.arange(num_classes)
    p, t = predicted[..., None] == classes, target[..., None] == classes  # (B, H, W, C)
    intersection, union = (p & t).sum((0, 1, 2)), (p | t).sum((0, 1, 2))  # (C,)
    there = union > 0
    return (intersection[there] / union[there]).mean()


def wired(count=labels.counted, ratio=labels.iou, mean=torch.nanmean):
    """The reference with one part exchanged: what is counted, the ratio, the mean over classes."""

    def answer(predicted, target, num_classes):
        return mean(ratio(*count(predicted, target, num_classes)))

    return answer


def without_background(ratios):
    return ratios[1:].nanmean()


def without_the_last(ratios):
    return ratios[:-1].nanmean()


def ratio_of_sums(predicted, target, num_classes):
    both, p, t = labels.counted(predicted, target, num_classes)
    return both.sum() / (p + t - both).sum()


def weighted(predicted, target, num_classes):
    both, p, t = labels.counted(predicted, target, num_classes)
    return (labels.iou(both, p, t) * t / t.sum()).nansum()


def accuracy(predicted, target, num_classes):
    return (predicted == target).float().mean()


def image_by_image(predicted, target, num_classes):
    return labels.iou(*labels.by_image(predicted, target, num_classes)).nanmean(1).mean()


def class_by_class_over_images(predicted, target, num_classes):
    return labels.iou(*labels.by_image(predicted, target, num_classes)).nanmean(0).nanmean()


def one_mean_over_all_pairs(predicted, target, num_classes):
    return labels.iou(*labels.by_image(predicted, target, num_classes)).nanmean()


def first_image(predicted, target, num_classes):
    return labels.iou(*labels.counted(predicted[:1], target[:1], num_classes)).nanmean()


# Right ones


def by_confusion(predicted, target, num_classes):
    counts = labels.confusion(predicted, target, num_classes)
    hits = counts.diag()
    union = counts.sum(0) + counts.sum(1) - hits
    return (hits / union).nanmean()


def by_loop(predicted, target, num_classes):
    ratios = []
    for c in range(num_classes):
        union = ((predicted == c) | (target == c)).sum()
        if union == 0:
            continue
        ratios.append(((predicted == c) & (target == c)).sum() / union)
    return torch.stack(ratios).mean()


def by_one_hot(predicted, target, num_classes):
    p = F.one_hot(predicted, num_classes).double().flatten(0, 2)  # (B*H*W, C)
    t = F.one_hot(target, num_classes).double().flatten(0, 2)
    both = torch.einsum("nc,nc->c", p, t)
    union = p.sum(0) + t.sum(0) - both
    return ((both / union.clamp(min=1)).sum() / (union > 0).sum()).float()


def by_sets(predicted, target, num_classes):
    places = list(enumerate(zip(predicted.flatten().tolist(), target.flatten().tolist(), strict=True)))
    total, there = 0.0, 0
    for c in range(num_classes):
        said = {i for i, (p, _) in places if p == c}
        true = {i for i, (_, t) in places if t == c}
        if said | true:
            total += len(said & true) / len(said | true)
            there += 1
    return torch.tensor(total / there)
