"""Exercise 8.3: the soft Dice loss, from logits."""

import torch

from course_lib.exercises.bank.ch08 import labels
from course_lib.exercises.bank.ch08 import soft_dice_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(batch, num_classes, height, width, *, there=None, each=None, smooth=(0.5, 4.0), scale=1.5):
    """`there`: how many classes the batch holds, `each`: how many of those an image; all if not given."""

    def draw(g):
        classes = torch.tensor(labels.some_of(g, there or num_classes, num_classes))
        target = []
        for _ in range(batch):
            own = classes[labels.some_of(g, each or len(classes), len(classes))]
            target.append(labels.labels(g, own, height, width))
        low, high = smooth
        return {
            "logits": normal(g, batch, num_classes, height, width, scale=scale),
            "target": torch.stack(target),
            "smooth": float(uniform(g, 1, low=low, high=high)),
        }

    return draw


def _nearly_right(g):
    """Logits that are right and sure in most pixels."""
    drawn = _case(2, 4, 3, 5, there=3)(g)
    right = torch.nn.functional.one_hot(drawn["target"], 4).movedim(-1, 1)
    return {**drawn, "logits": drawn["logits"] + 6.0 * right}


SOFT_DICE = Exercise(
    id="soft-dice",
    chapter=8,
    title="Dice that can be trained",
    signature="soft_dice(logits, target, smooth)",
    points=3,
    difficulty=3,
    importance=5,
    minutes=10,
    reference=answers.soft_dice,
    stages=(
        Stage(
            "no smoothing",
            "One image, two classes, `smooth` is 0. Probabilities by a softmax over the classes,"
            " then for each class twice the overlap over the sum of the two areas; 1 minus their"
            " mean.",
            _case(1, 2, 3, 4, smooth=(0.0, 1e-9)),
        ),
        Stage(
            "smoothed",
            "`smooth` is added to both halves of each class's fraction, once.",
            _case(1, 3, 3, 4),
        ),
        Stage(
            "a large smooth",
            "A large `smooth` makes every fraction come near to 1, and the loss small.",
            _case(1, 3, 2, 5, smooth=(20.0, 60.0)),
        ),
        Stage(
            "a class that is not there",
            "Some classes are not in the target. They take part all the same: what the model puts"
            " there is to shrink.",
            _case(1, 5, 3, 4, there=2),
        ),
        Stage(
            "a batch",
            "Three images: the sums run over the batch as well, then comes one fraction for each"
            " class.",
            _case(3, 3, 2, 5, each=2, scale=2.5),
        ),
        Stage(
            "nearly right",
            "Sure and mostly right logits: a small loss.",
            _nearly_right,
        ),
        Stage(
            "all sizes differ",
            "A batch, and axes of different lengths. The gradient must be right, too: it comes through"
            " overlap and areas alike, so nothing may be detached.",
            _case(2, 4, 5, 3, there=3),
            compare_gradients=True,
        ),
        Stage(
            "a larger batch",
            "More images, more classes, a larger map.",
            _case(5, 7, 6, 8, there=6, each=4),
            compare_gradients=True,
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "no softmax",
            answers.wired(p=lambda logits: logits),
            "You put the logits themselves into the sums. They may be negative, and so may the"
            " areas: a Dice made of them means nothing.",
            "`logits.softmax(...)` first. Over which axis do the classes lie?",
        ),
        Mistake(
            "a softmax over the width",
            answers.wired(p=answers.over(-1)),
            "Your softmax runs over the last axis, the width: in each row the columns compete. It"
            " is the classes of a pixel that compete.",
            "`softmax(1)`: logits are (B, C, H, W).",
        ),
        Mistake(
            "a softmax over the batch",
            answers.wired(p=answers.over(0)),
            "Your softmax runs over the batch: images compete for a class.",
            "`softmax(1)`: logits are (B, C, H, W).",
        ),
        Mistake(
            "a softmax over the pixels",
            answers.wired(p=answers.over_pixels),
            "Your softmax runs over the pixels of a map, as attention does. Here the classes of a"
            " pixel compete.",
            "`softmax(1)`: logits are (B, C, H, W).",
        ),
        Mistake(
            "a sigmoid",
            answers.wired(p=lambda logits: logits.sigmoid()),
            "You use a sigmoid: each class is judged alone, and the probabilities of a pixel need"
            " not sum to 1. That is the form for one class, or for classes that overlap.",
            "A softmax over the classes.",
        ),
        Mistake(
            "argmax",
            answers.wired(p=answers.hard),
            "You take the largest logit of each pixel and count. That is the metric. Its gradient"
            " is zero wherever it exists, so nothing could be learned from it.",
            "Leave the probabilities soft: a softmax in place of the argmax.",
        ),
        Mistake(
            "log-probabilities",
            answers.wired(p=lambda logits: logits.log_softmax(1)),
            "You put logarithms of probabilities into the sums, as cross-entropy wants them. Your"
            " areas are negative.",
            "`softmax`, not `log_softmax`.",
        ),
        Mistake(
            "one-hot maps reshaped",
            answers.wired(t=answers.viewed),
            "`one_hot` puts the classes last, (B, H, W, C), and you make (B, C, H, W) of it by a"
            " reshape. The shape is right, the numbers are scrambled.",
            "`permute(0, 3, 1, 2)`, or `movedim(-1, 1)`.",
        ),
        Mistake(
            "a list of pixels by a reshape",
            answers.wired(p=answers.listed),
            "You make a list of pixels, (B * H * W, C), of (B, C, H, W) by a reshape. The shape is"
            " right, but a row of it mixes several pixels.",
            "Bring the classes last first: `movedim(1, -1)` or `permute(0, 2, 3, 1)`.",
        ),
        Mistake(
            "smooth below only",
            answers.wired(ratio=answers.smooth_below),
            "`smooth` stands in the denominator alone. A perfect prediction then keeps a loss, and"
            " a class that is not there has Dice 0 however little the model puts there.",
            "Add it to both halves of the fraction.",
        ),
        Mistake(
            "smooth above only",
            answers.wired(ratio=answers.smooth_above),
            "`smooth` stands in the numerator alone. Your fraction may exceed 1, and the loss fall"
            " below 0.",
            "Add it to both halves of the fraction.",
        ),
        Mistake(
            "smooth left out",
            answers.wired(ratio=answers.smooth_left_out),
            "`smooth` has no effect in yours.",
            "Add it to both halves of the fraction.",
        ),
        Mistake(
            "smooth fixed at 1",
            answers.wired(ratio=answers.smooth_of_one),
            "You add 1, whatever `smooth` is handed over.",
            "Add `smooth`.",
        ),
        Mistake(
            "smooth doubled above",
            answers.wired(ratio=answers.smooth_doubled_above),
            "The 2 stands before intersection plus `smooth`, so `smooth` is doubled above and not"
            " below. Your fraction may exceed 1.",
            "Double the intersection alone: 2 I + s.",
        ),
        Mistake(
            "smooth doubled",
            answers.wired(ratio=answers.smooth_doubled),
            "You add `smooth` twice above and twice below. It stays a Dice, with twice the"
            " smoothing that was asked for.",
            "Once above, once below.",
        ),
        Mistake(
            "smooth doubled below",
            answers.wired(ratio=answers.smooth_doubled_below),
            "`smooth` stands once above and twice below, as if each of the two areas had its own. A"
            " perfect prediction then keeps a loss.",
            "Once above, once below.",
        ),
        Mistake(
            "smooth after the division",
            answers.wired(ratio=answers.smooth_outside),
            "You divide first and add `smooth` to the quotient: brackets are missing.",
            "(2 * I + smooth) / (P + T + smooth).",
        ),
        Mistake(
            "the factor 2 forgotten",
            answers.wired(ratio=answers.without_the_two),
            "Your intersection stands once above, while the shared pixels stand twice below. The"
            " best loss that yours can reach is about one half.",
            "Twice the intersection.",
        ),
        Mistake(
            "IoU",
            answers.wired(ratio=answers.jaccard),
            "Your fraction is the soft IoU, the Jaccard index: intersection over union.",
            "Twice the intersection over the sum of the two areas.",
        ),
        Mistake(
            "precision",
            answers.wired(ratio=answers.precision),
            "You divide by the predicted area alone. A model that predicts next to nothing would"
            " do well.",
            "Below stands the sum of the predicted and of the true area.",
        ),
        Mistake(
            "recall",
            answers.wired(ratio=answers.recall),
            "You divide by the true area alone. A model that predicts the class everywhere would"
            " do well.",
            "Below stands the sum of the predicted and of the true area.",
        ),
        Mistake(
            "squared areas",
            answers.squared,
            "Your areas are sums of squares, as in V-Net (Milletari et al. 2016). That is a soft"
            " Dice too, another one: here the areas are plain sums.",
            "Sum p and t without squaring them.",
        ),
        Mistake(
            "all classes in one fraction",
            answers.wired(ratio=answers.of_all_classes),
            "You sum over the classes as well and divide once. The largest class decides that"
            " alone, and imbalance is what Dice is taken for.",
            "Sum over batch, height and width: (C,). The mean over classes comes last.",
        ),
        Mistake(
            "image by image",
            answers.by_image,
            "You divide in each image and average. Many do, and it is another loss: a class that"
            " is missing in one image has a fraction there that hangs on `smooth` alone.",
            "Sum over the batch, too, before you divide.",
        ),
        Mistake(
            "means for sums",
            answers.means,
            "You average over pixels where a sum is meant. The plain fraction does not care, but"
            " `smooth` then weighs as much as a whole map full of pixels.",
            "`sum` over batch, height and width.",
        ),
        Mistake(
            "averaged over the batch",
            answers.averaged_over_the_batch,
            "You sum over the pixels and average over the batch before you divide. `smooth` then"
            " weighs as much more as there are images.",
            "`sum` over batch, height and width.",
        ),
        Mistake(
            "Dice, not its loss",
            answers.wired(end=lambda ratios: ratios.mean()),
            "You return the Dice itself. It is 1 for a perfect prediction, and an optimiser would"
            " make it smaller.",
            "1 minus the mean.",
        ),
        Mistake(
            "minus Dice",
            answers.wired(end=lambda ratios: -ratios.mean()),
            "You return minus the Dice. Its gradient is the right one; its value is off by 1, and"
            " a loss below 0 reads badly beside others.",
            "1 minus the mean.",
        ),
        Mistake(
            "one loss for each class",
            answers.wired(end=lambda ratios: 1 - ratios),
            "You return one loss for each class, and `backward()` wants a single number.",
            "Their mean.",
        ),
        Mistake(
            "a sum over classes",
            answers.wired(end=lambda ratios: (1 - ratios).sum()),
            "You add the classes' losses up. The loss would grow with the number of classes.",
            "Their mean.",
        ),
        Mistake(
            "background left out",
            answers.wired(end=lambda ratios: 1 - ratios[1:].mean()),
            "Class 0 is not in your mean. Many leave the background out; here it is a class like"
            " the others.",
            "The mean over all classes.",
        ),
        Mistake(
            "only classes of the target",
            answers.wired(ratio=answers.of_the_targets_classes),
            "Your mean leaves out the classes that are not in the target, so nothing speaks"
            " against predicting them.",
            "The mean over all classes.",
        ),
    ),
    variants={
        "loop over classes": answers.by_loop,
        "einsum": answers.by_einsum,
        "a list of pixels": answers.on_a_list_of_pixels,
        "one fraction": answers.as_a_loss_of_the_rest,
    },
    forbid=("course_lib.training.losses.dice_loss", "course_lib.training.losses.tversky_loss"),
    hints=(
        "Three areas for each class: what is said, what is true, and both at once. What takes the"
        " place of counting when a pixel belongs to a class with probability 0.7?",
        "Softmax over axis 1; the target as 0 and 1, (B, C, H, W); three sums over axes 0, 2, 3;"
        " the fraction for each class; 1 minus the mean.",
        "`t = F.one_hot(target, logits.shape[1]).permute(0, 3, 1, 2)`. With `p` beside it:"
        " `(p * t).sum((0, 2, 3))` is the overlap, `p.sum((0, 2, 3))` and `t.sum((0, 2, 3))` are the"
        " areas.",
    ),
)
