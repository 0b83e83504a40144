"""Exercise 8.2's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch

from course_lib.exercises.bank.ch08 import labels


def iou_per_image(predicted, target, num_classes):
    classes = torch.arange(num_classes)
    p, t = predicted[..., None] == classes, target[..., None] == classes  # (B, H, W, C)
    intersection, union = (p & t).sum((1, 2)), (p | t).sum((1, 2))  # (B, C)
    there = union > 0
    ratios = torch.where(there, intersection / union.clamp(min=1), 0)
    return (ratios.sum(1) / there.sum(1)).mean()


def over_classes(ratios):
    return ratios.nanmean(1)


def over_classes_then_images(ratios):
    return over_classes(ratios).mean()


def wired(count=labels.by_image, ratio=labels.iou, mean=over_classes_then_images):
    """The reference with one part exchanged: what is counted, the ratios (B, C), their mean."""

    def answer(predicted, target, num_classes):
        return mean(ratio(*count(predicted, target, num_classes)))

    return answer


def pooled(predicted, target, num_classes):
    return labels.iou(*labels.counted(predicted, target, num_classes)).nanmean()


def over_images_then_classes(ratios):
    return ratios.nanmean(0).nanmean()


def plain_mean(ratios):
    return ratios.mean(1).mean()


def images_with_nan_left_out(ratios):
    """The mean over classes is NaN where one does not occur; nanmean then drops the image."""
    return ratios.mean(1).nanmean()


def summed_over_images(ratios):
    return ratios.nanmean(1).sum()


def over_classes_of_the_batch(ratios):
    """The classes that occur anywhere in the batch; 0 in an image where one does not."""
    there = ~ratios.isnan().all(0)
    return ratios[:, there].nan_to_num(0).mean()


def without_background(ratios):
    return ratios[:, 1:].nanmean(1).nanmean()


def without_the_last(ratios):
    return ratios[:, :-1].nanmean(1).nanmean()


def first_image(ratios):
    return ratios[0].nanmean()


def weighted_by_classes(ratios):
    return ratios.nanmean()


def ratio_of_sums(predicted, target, num_classes):
    both, p, t = labels.by_image(predicted, target, num_classes)
    return (both.sum(1) / (p + t - both).sum(1)).mean()


def accuracy(predicted, target, num_classes):
    return (predicted == target).float().mean()


# Right ones


def by_loops(predicted, target, num_classes):
    images = []
    for p, t in zip(predicted, target, strict=True):
        ratios = []
        for c in range(num_classes):
            either = (p == c) | (t == c)
            if either.any():
                ratios.append(((p == c) & (t == c)).sum() / either.sum())
        images.append(sum(ratios) / len(ratios))
    return torch.stack(images).mean()


def by_confusion(predicted, target, num_classes):
    figures = []
    for p, t in zip(predicted, target, strict=True):
        counts = labels.confusion(p, t, num_classes).float()
        union = counts.sum(0) + counts.sum(1) - counts.diag()
        figures.append((counts.diag() / union)[union > 0].mean())
    return sum(figures) / len(figures)


def by_classes_present(predicted, target, num_classes):
    """Never asks for a class that is not there."""
    figures = []
    for p, t in zip(predicted.flatten(1), target.flatten(1), strict=True):
        classes = torch.cat([p, t]).unique()
        ratios = [(p[t == c] == c).sum() / ((p == c) | (t == c)).sum() for c in classes]
        figures.append(torch.stack(ratios).mean())
    return torch.stack(figures).mean()
