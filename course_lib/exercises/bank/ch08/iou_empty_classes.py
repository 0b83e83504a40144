"""Exercise 8.1: mean IoU over a batch, where some classes do not occur."""

import torch

from course_lib.exercises.bank.ch08 import iou_empty_classes_answers as answers
from course_lib.exercises.bank.ch08 import labels
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(batch, num_classes, height, width, both, *, missed=0, invented=0):
    """`both` classes in target and prediction, `missed` in the target alone, `invented` predicted alone."""

    def draw(g):
        drawn = labels.some_of(g, both + missed + invented, num_classes)
        true, said = drawn[: both + missed], drawn[:both] + drawn[both + missed :]
        target = torch.stack([labels.labels(g, true, height, width) for _ in range(batch)])
        predicted = [labels.partly_right(g, one, said) for one in target]
        predicted = torch.stack([_only(one, said) for one in predicted])
        return {"predicted": predicted, "target": target, "num_classes": num_classes}

    return draw


def _only(predicted, said):
    """What was taken over from the target may hold a class that is never predicted."""
    return torch.where(torch.isin(predicted, torch.tensor(said)), predicted, said[0])


def _unlike_images(g):
    """Images of one batch that differ in what they show and in how well they were read."""
    target = torch.stack([labels.labels(g, classes, 5, 7) for classes in ([0, 1, 2], [0, 1], [0, 2])])
    parts = zip(target, (0.9, 0.5, 0.2), strict=True)
    predicted = torch.stack([labels.partly_right(g, one, one.unique().tolist(), part) for one, part in parts])
    return {"predicted": predicted, "target": target, "num_classes": 3}


def _all_right(g):
    target = labels.labels(g, labels.some_of(g, 3, 7), 4, 6)[None]
    return {"predicted": target.clone(), "target": target, "num_classes": 7}


IOU_EMPTY_CLASSES = Exercise(
    id="iou-empty-classes",
    chapter=8,
    title="A class that is not there",
    signature="mean_iou(predicted, target, num_classes)",
    points=2,
    difficulty=2,
    importance=5,
    minutes=8,
    reference=answers.mean_iou,
    stages=(
        Stage(
            "two classes",
            "One image, two classes, both there. For each: the pixels that both maps give it, over"
            " the pixels that at least one gives it. Then the mean of the two.",
            _case(1, 2, 4, 6, 2),
        ),
        Stage(
            "three classes",
            "One image, three classes, all there. Each class counts the same, however many pixels"
            " it has.",
            _case(1, 3, 5, 7, 3),
        ),
        Stage(
            "a class in neither",
            "Two of five classes occur neither in the target nor in the prediction. Their IoU is"
            " 0/0: they are left out of the mean.",
            _case(1, 5, 5, 6, 3),
        ),
        Stage(
            "a batch",
            "Three images that show different things. The pixels of the whole batch are counted"
            " together, then comes one ratio for each class.",
            _unlike_images,
        ),
        Stage(
            "a class never predicted",
            "One class is in the target and never predicted. Its IoU is 0, and it counts.",
            _case(2, 4, 5, 6, 3, missed=1),
        ),
        Stage(
            "a class only predicted",
            "One class is predicted and never true. Its IoU is 0, and it counts.",
            _case(2, 4, 5, 6, 3, invented=1),
        ),
        Stage(
            "a long list of classes",
            "Two images, a dozen classes, of which six are not there at all, one is only predicted"
            " and one only true.",
            _case(2, 12, 7, 8, 4, missed=1, invented=1),
        ),
        Stage(
            "all right",
            "The prediction is the target: 1, however many classes are not there.",
            _all_right,
        ),
        Stage(
            "many images",
            "Six images, 21 classes.",
            _case(6, 21, 5, 8, 9, missed=2, invented=2),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "0/0 in the mean",
            answers.wired(mean=torch.mean),
            "Your result is NaN. A class in neither map has 0 pixels over 0 pixels, and one NaN is"
            " enough to spoil a mean.",
            "Take the mean over the classes whose union is not empty.",
        ),
        Mistake(
            "0/0 counted as 0",
            answers.wired(ratio=labels.empty_as_zero),
            "A class that is in neither map counts as 0 in your mean, as if it had been missed. With"
            " a long list of classes even a perfect prediction would score next to nothing. An"
            " epsilon in the denominator does this, and so does a division by `num_classes`.",
            "Leave those classes out of the sum and out of the count.",
        ),
        Mistake(
            "0/0 counted as 1",
            answers.wired(ratio=labels.empty_as_one),
            "A class that is in neither map counts as 1 in your mean, as if it had been found. The"
            " longer the list of classes, the better the score. An epsilon in both halves of the"
            " fraction does this.",
            "Leave those classes out of the sum and out of the count.",
        ),
        Mistake(
            "1 added above and below",
            answers.wired(ratio=labels.one_added),
            "You add 1 to the intersection and to the union. That smooths a loss; it moves a figure"
            " for every class, most for the small ones.",
            "The plain ratio, over the classes whose union is not empty.",
        ),
        Mistake(
            "only classes of the target",
            answers.wired(ratio=labels.where_it_is_true),
            "Your mean runs over the classes of the target. A class that is predicted and never"
            " true drops out, so inventing it costs it nothing.",
            "A class counts if it is in the target or in the prediction.",
        ),
        Mistake(
            "only classes that were predicted",
            answers.wired(ratio=labels.where_it_is_said),
            "Your mean runs over the classes that were predicted. A class that was missed"
            " altogether drops out, and missing it raises the score.",
            "A class counts if it is in the target or in the prediction.",
        ),
        Mistake(
            "only classes that were met",
            answers.wired(ratio=labels.where_both_meet),
            "Your mean leaves out every class whose IoU is 0, and not only those that are in"
            " neither map. Being wrong altogether costs nothing then.",
            "Ask for an empty union, not for an empty intersection.",
        ),
        Mistake(
            "Dice",
            answers.wired(ratio=labels.dice),
            "You computed the mean Dice: twice the intersection over the sum of the two areas. It"
            " is never below the IoU.",
            "The intersection once, over the union.",
        ),
        Mistake(
            "the overlap counted twice",
            answers.wired(ratio=labels.over_the_sum),
            "Your denominator is the sum of the two areas, in which the pixels that they share"
            " stand twice. A perfect prediction would get one half.",
            "Take the intersection off the sum once, or count `|`.",
        ),
        Mistake(
            "over the disagreement",
            answers.wired(ratio=labels.over_the_difference),
            "Your denominator holds only the pixels on which the maps disagree about the class,"
            " without the shared ones: an exclusive or.",
            "The union has the shared pixels in it, once: `|`, not `^`.",
        ),
        Mistake(
            "precision",
            answers.wired(ratio=labels.precision),
            "You divide by the predicted pixels of the class: precision. Predicting one sure pixel"
            " would be enough for a 1.",
            "Divide by the union.",
        ),
        Mistake(
            "recall",
            answers.wired(ratio=labels.recall),
            "You divide by the true pixels of the class: recall. Predicting the class everywhere"
            " would be enough for a 1.",
            "Divide by the union.",
        ),
        Mistake(
            "pixel accuracy",
            answers.accuracy,
            "You computed the share of right pixels. The largest class decides it alone.",
            "One IoU for each class first, then the mean over classes.",
        ),
        Mistake(
            "one ratio for all classes",
            answers.ratio_of_sums,
            "You add up the intersections of all classes, and the unions, and divide once. Then a"
            " class counts by its pixels.",
            "Divide class by class, and average the ratios.",
        ),
        Mistake(
            "weighted by frequency",
            answers.weighted,
            "You weigh each class by its share of the target's pixels. A rare class has next to no"
            " say in that.",
            "The plain mean: every class that is there counts the same.",
        ),
        Mistake(
            "image by image",
            answers.image_by_image,
            "You compute a mean IoU for each image and average those. That is another figure, the"
            " next exercise's: here a class has one ratio for the whole batch.",
            "Count over batch, height and width together.",
        ),
        Mistake(
            "a ratio for each image and class",
            answers.class_by_class_over_images,
            "You divide in each image, average each class over its images, and then over classes."
            " A mean of ratios is not the ratio of the sums.",
            "Count over batch, height and width together, then divide.",
        ),
        Mistake(
            "one mean over all images and classes",
            answers.one_mean_over_all_pairs,
            "You divide in each image for each class, and take one mean over all of these ratios. A"
            " class has a single ratio here, for the whole batch.",
            "Count over batch, height and width together, then divide.",
        ),
        Mistake(
            "the first image alone",
            answers.first_image,
            "Only the first image of the batch has an influence on your result.",
            "Count the pixels of all images.",
        ),
        Mistake(
            "background left out",
            answers.wired(mean=answers.without_background),
            "Class 0 is not in your mean. Some benchmarks leave the background out and say so;"
            " here it is a class like the others.",
            "Start at class 0.",
        ),
        Mistake(
            "the last class left out",
            answers.wired(mean=answers.without_the_last),
            "The last class is not in your mean: `range(num_classes - 1)` ends before it.",
            "`range(num_classes)`, or `arange(num_classes)`.",
        ),
        Mistake(
            "one figure for each class",
            answers.wired(mean=lambda ratios: ratios),
            "You return one ratio for each class. Asked for is a single number, their mean.",
            "Average over the classes that occur.",
        ),
        Mistake(
            "a sum over classes",
            answers.wired(mean=torch.nansum),
            "You add the classes' ratios up. That may exceed 1.",
            "Divide by the number of classes that are there.",
        ),
    ),
    variants={
        "confusion matrix": answers.by_confusion,
        "loop over classes": answers.by_loop,
        "one-hot and einsum": answers.by_one_hot,
        "sets": answers.by_sets,
    },
    forbid=(
        "sklearn.metrics.jaccard_score",
        "course_lib.training.metrics.iou",
        "course_lib.training.metrics.image_ious",
        "course_lib.training.confusion.ConfusionMatrix",
    ),
    hints=(
        "For a class that is in neither map, what is its intersection, what its union? Should a"
        " model gain or lose by it?",
        "For each class count the pixels of both, and the pixels of either, over the whole batch."
        " Keep the classes whose union is above 0, divide, average.",
        "`p = predicted == c` and `t = target == c`. `(p & t).sum()` over `(p | t).sum()`, where"
        " that is not 0; `torch.stack` and `mean` make one number of the list.",
    ),
)
