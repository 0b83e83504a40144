"""Exercise 8.2: IoU image by image, a mean of means."""

import torch

from course_lib.exercises.bank.ch08 import iou_per_image_answers as answers
from course_lib.exercises.bank.ch08 import labels
from course_lib.exercises.bank.drawing import uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(num_classes, height, width, *images):
    """An image is (classes of its target, classes of its prediction)."""

    def draw(g):
        names = torch.randperm(num_classes, generator=g)
        target, predicted = [], []
        for true, said in images:
            target.append(labels.labels(g, names[list(true)], height, width))
            right = float(uniform(g, 1, low=0.2, high=0.9))  # images differ in how well they are read
            one = labels.partly_right(g, target[-1], names[list(said)].tolist(), right)
            predicted.append(torch.where(torch.isin(one, names[list(said)]), one, names[said[0]]))
        return {
            "predicted": torch.stack(predicted),
            "target": torch.stack(target),
            "num_classes": num_classes,
        }

    return draw


def _found(*classes):
    return classes, classes


def _nothing_there(g):
    """Background alone in the first two images, and nothing found in the first; a third with everything."""
    target = torch.zeros(3, 5, 6, dtype=torch.int64)
    predicted = target.clone()
    predicted[1] = labels.labels(g, [0, 0, 0, 0, 1], 5, 6)
    target[2] = labels.labels(g, [0, 1, 2], 5, 6)
    predicted[2] = labels.partly_right(g, target[2], [0, 1, 2])
    return {"predicted": predicted, "target": target, "num_classes": 3}


IOU_PER_IMAGE = Exercise(
    id="iou-per-image",
    chapter=8,
    title="One mean, or a mean of means",
    signature="iou_per_image(predicted, target, num_classes)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.iou_per_image,
    stages=(
        Stage(
            "one image",
            "One image in which every class occurs: the mean IoU of exercise 8.1.",
            _case(2, 4, 6, _found(0, 1)),
        ),
        Stage(
            "the same classes",
            "Three images, and every class occurs in each. A mean IoU for each image, then the"
            " mean over the images.",
            _case(3, 4, 7, *[_found(0, 1, 2)] * 3),
        ),
        Stage(
            "a class in no image",
            "Two images and five classes, of which two occur nowhere: they take no part.",
            _case(5, 5, 6, *[_found(0, 1, 2)] * 2),
        ),
        Stage(
            "a class in some images",
            "A class takes part in the images where it occurs, and only there. The images have"
            " different numbers of classes.",
            _case(5, 5, 6, _found(0, 1, 2, 3, 4), _found(0, 1), _found(0, 2, 3)),
        ),
        Stage(
            "a false alarm",
            "In one image a class is predicted that is not there, in another one is missed. Both"
            " classes count there, with IoU 0.",
            _case(4, 5, 6, ((0, 1), (0, 1, 2)), ((0, 1, 3), (0, 1)), _found(0, 1, 2, 3)),
        ),
        Stage(
            "nothing there",
            "The first image is background and read as background: its figure is 1, of one class."
            " The second is background with a false alarm.",
            _nothing_there,
        ),
        Stage(
            "all of it",
            "Four images, nine classes; some occur everywhere, some nowhere.",
            _case(
                9,
                6,
                7,
                _found(0, 1, 2, 3),
                ((0, 4), (0, 1)),
                ((0, 1, 2), (0, 1, 2, 5)),
                _found(0, 3),
            ),
        ),
        Stage(
            "many images",
            "Seven images, 15 classes.",
            _case(
                15,
                6,
                8,
                *[_found(0, 1, 2), ((0, 3), (0, 4)), _found(5, 6, 7, 8), _found(0, 9), ((1, 2), (1, 3))],
                *[_found(0, 10), ((0,), (0, 11))],
            ),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "pooled over the batch",
            answers.pooled,
            "You count the pixels of the whole batch together, as in exercise 8.1. An image with"
            " a large object then outweighs one with a small object.",
            "Sum over height and width only, so that a ratio is left for each image and class:"
            " (B, C).",
        ),
        Mistake(
            "classes first, then images",
            answers.wired(mean=answers.over_images_then_classes),
            "You average each class over the images in which it occurs, and then over classes. A"
            " class that occurs in one image counts as much there as one that occurs in all.",
            "First over the classes within an image, then over the images.",
        ),
        Mistake(
            "one mean over all pairs",
            answers.wired(mean=answers.weighted_by_classes),
            "You take one mean over all pairs of image and class. Images with many classes count"
            " more in it than images with few.",
            "Two means: over the classes of an image, then over the images.",
        ),
        Mistake(
            "0/0 in the mean",
            answers.wired(mean=answers.plain_mean),
            "Your result is NaN: a class that is not in an image has 0 pixels over 0 pixels there.",
            "In each image, average over the classes whose union is not empty in that image.",
        ),
        Mistake(
            "images with a NaN left out",
            answers.wired(mean=answers.images_with_nan_left_out),
            "An image in which one class does not occur gets NaN, and then you leave the image out."
            " Only images with every class have a say, and there may be none.",
            "It is the class that drops out of its image's mean, not the image.",
        ),
        Mistake(
            "0/0 counted as 0",
            answers.wired(ratio=labels.empty_as_zero),
            "A class that is not in an image counts as 0 there. An image with few classes could"
            " then never score well.",
            "In each image, average over the classes whose union is not empty in that image.",
        ),
        Mistake(
            "0/0 counted as 1",
            answers.wired(ratio=labels.empty_as_one),
            "A class that is not in an image counts as 1 there. An image with few classes is then"
            " always nearly perfect.",
            "In each image, average over the classes whose union is not empty in that image.",
        ),
        Mistake(
            "classes of the batch in each image",
            answers.wired(mean=answers.over_classes_of_the_batch),
            "You leave out the classes that occur nowhere in the batch, and in the other images"
            " count those that are not there as 0.",
            "Whether a class takes part is asked for each image.",
        ),
        Mistake(
            "only classes of the target",
            answers.wired(ratio=labels.where_it_is_true),
            "A class that is predicted and not there drops out of its image's mean. A false alarm"
            " then costs only the pixels it takes from others.",
            "A class counts in an image if target or prediction has it there.",
        ),
        Mistake(
            "only classes that were predicted",
            answers.wired(ratio=labels.where_it_is_said),
            "A class that is there and never predicted drops out of its image's mean. Missing it"
            " then raises the score.",
            "A class counts in an image if target or prediction has it there.",
        ),
        Mistake(
            "only classes that were met",
            answers.wired(ratio=labels.where_both_meet),
            "You leave out every class whose IoU is 0: a class missed altogether, or invented,"
            " costs nothing.",
            "Ask for an empty union, not for an empty intersection.",
        ),
        Mistake(
            "Dice",
            answers.wired(ratio=labels.dice),
            "Your ratios are Dice: twice the intersection over the sum of the two areas.",
            "The intersection once, over the union.",
        ),
        Mistake(
            "the overlap counted twice",
            answers.wired(ratio=labels.over_the_sum),
            "Your denominator is the sum of the two areas, in which the shared pixels stand twice.",
            "Take the intersection off the sum once, or count `|`.",
        ),
        Mistake(
            "precision",
            answers.wired(ratio=labels.precision),
            "You divide by the predicted pixels of the class: precision.",
            "Divide by the union.",
        ),
        Mistake(
            "recall",
            answers.wired(ratio=labels.recall),
            "You divide by the true pixels of the class: recall.",
            "Divide by the union.",
        ),
        Mistake(
            "one ratio for an image",
            answers.ratio_of_sums,
            "Within an image you add up the intersections and the unions of all classes and divide"
            " once. Then its background decides alone.",
            "Divide class by class, average over classes, then over images.",
        ),
        Mistake(
            "pixel accuracy",
            answers.accuracy,
            "You computed the share of right pixels.",
            "For each image and class the intersection over the union, then the two means.",
        ),
        Mistake(
            "one figure for each image",
            answers.wired(mean=answers.over_classes),
            "You return one figure for each image. Asked for is a single number, their mean.",
            "`mean()` over the images at the end.",
        ),
        Mistake(
            "a sum over images",
            answers.wired(mean=answers.summed_over_images),
            "You add up the images' figures and do not divide by their number.",
            "`mean()` over the images.",
        ),
        Mistake(
            "background left out",
            answers.wired(mean=answers.without_background),
            "Class 0 is in none of your means. An image that holds nothing else then has no figure"
            " at all. Here class 0 is a class like the others.",
            "Start at class 0.",
        ),
        Mistake(
            "the last class left out",
            answers.wired(mean=answers.without_the_last),
            "The last class is in none of your means: `range(num_classes - 1)` ends before it.",
            "`range(num_classes)`, or `arange(num_classes)`.",
        ),
        Mistake(
            "the first image alone",
            answers.wired(mean=answers.first_image),
            "Only the first image has an influence on your result. Is there a `return` inside the"
            " loop, or a `[0]`?",
            "Average over all images.",
        ),
    ),
    variants={
        "two loops": answers.by_loops,
        "confusion matrices": answers.by_confusion,
        "only classes that are there": answers.by_classes_present,
    },
    forbid=(
        "sklearn.metrics.jaccard_score",
        "course_lib.training.metrics.iou",
        "course_lib.training.metrics.image_ious",
        "course_lib.training.confusion.ConfusionMatrix",
    ),
    hints=(
        "A class may be missing from one image and be there in the next. For how many images do"
        " you have to ask which classes occur?",
        "Counts of shape (B, C): sum over height and width only. Ratios where the union is above 0."
        " The mean over the classes of an image, then over the images.",
        "With a loop: for each image `mean_iou(predicted[i : i + 1], target[i : i + 1],"
        " num_classes)` of exercise 8.1; then the mean of the list.",
    ),
)
