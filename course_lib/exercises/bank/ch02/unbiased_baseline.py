"""Exercise 2.4: a baseline from the other draws of the image, which keeps the gradient unbiased."""

import torch

from course_lib.exercises.bank.ch02 import unbiased_baseline_answers as answers
from course_lib.exercises.bank.drawing import integers, normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, s):
    return lambda g: {"reward": normal(g, b, s, scale=2.0)}


def _one_hit(g):
    size = float(uniform(g, 1, low=1.0, high=4.0))
    reward = torch.zeros(1, 5)
    reward[0, int(integers(g, 1, below=5))] = size
    return {"reward": reward}


def _easy_and_hard(g):
    level = torch.tensor([[0.0], [20.0], [-20.0], [60.0]])[torch.randperm(4, generator=g)]
    return {"reward": level + normal(g, 4, 3)}


UNBIASED_BASELINE = Exercise(
    id="unbiased-baseline",
    chapter=2,
    title="A baseline that leaves itself out",
    signature="leave_one_out(reward)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.leave_one_out,
    stages=(
        Stage(
            "two draws",
            "One image, two draws: the baseline of each is the reward of the other.",
            _case(1, 2),
        ),
        Stage(
            "one hit",
            "One draw of five has a reward. Its own baseline is 0, that of the four others is a"
            " quarter of the hit.",
            _one_hit,
        ),
        Stage("one image", "One image, four draws: the mean of the other three.", _case(1, 4)),
        Stage(
            "several images",
            "Every image has draws of its own; the other images are no part of its baseline.",
            _case(3, 5),
            batched=("reward",),
        ),
        Stage(
            "easy and hard images",
            "The images' rewards lie far apart, and a baseline has to stay on its own image's"
            " level.",
            _easy_and_hard,
            batched=("reward",),
            atol=1e-4,
        ),
        Stage(
            "more images than draws",
            "Seven images with three draws each: B and S are told apart.",
            _case(7, 3),
            batched=("reward",),
        ),
        Stage(
            "many draws",
            "Sixteen draws an image.",
            _case(2, 16),
            batched=("reward",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "own reward included",
            answers.spread(lambda r: r.mean(1, keepdim=True)),
            "All draws of an image get the same baseline, the plain mean: each draw's own reward"
            " is in it. Then the baseline depends on the draw, and the gradient comes out too"
            " small by the factor (S - 1) / S.",
            "Take the own reward out of the sum, and count one draw less.",
        ),
        Mistake(
            "divided by S",
            lambda r: (r.sum(1, keepdim=True) - r) / r.shape[1],
            "The own reward is out of the sum, but you still divide by S. There are S - 1 others.",
            "Divide by `reward.shape[1] - 1`.",
        ),
        Mistake(
            "not divided",
            lambda r: r.sum(1, keepdim=True) - r,
            "You return the sum of the other rewards. With two draws that is their mean too, with"
            " more it grows with their number.",
            "Divide by the number of the others, S - 1.",
        ),
        Mistake(
            "own reward in the sum, S - 1 below it",
            answers.spread(lambda r: r.sum(1, keepdim=True) / (r.shape[1] - 1)),
            "You divide the whole sum by S - 1, and the own reward is still in it. The two belong"
            " together: one draw out of the sum, one out of the count.",
            "Subtract `reward` from the sum before you divide.",
        ),
        Mistake(
            "own reward taken out of the mean",
            lambda r: r.mean(1, keepdim=True) - r,
            "You subtract the whole own reward from the mean. In the mean it weighs only 1 / S.",
            "Subtract it from the sum; divide afterwards, by S - 1.",
        ),
        Mistake(
            "mean over the batch",
            answers.spread(lambda r: r.mean(0, keepdim=True)),
            "You average over axis 0: each draw gets the mean over the images. An easy image would"
            " then find all of its draws good.",
            "The draws of an image lie along axis 1.",
        ),
        Mistake(
            "mean over everything",
            answers.spread(lambda r: r.mean().reshape(1, 1)),
            "Every entry is the same: the mean over all images and draws.",
            "The others of the same image, along axis 1, without the draw itself.",
        ),
        Mistake(
            "the others of the batch",
            answers.others_of_the_batch,
            "You leave the own reward out along axis 0: the mean of the other images at the same"
            " draw number. With one image that is 0/0.",
            "The same along axis 1: the other draws of the same image.",
        ),
        Mistake(
            "summed over the wrong axis",
            lambda r: (r.sum(0) - r) / (r.shape[1] - 1),
            "You sum along axis 0, over the images. With one image, sum minus own is 0.",
            "The draws of an image lie along axis 1.",
        ),
        Mistake(
            "the images counted, not the draws",
            lambda r: (r.sum(1, keepdim=True) - r) / (len(r) - 1),
            "You divide by the number of images less one: `len(reward)` is B. With one image that"
            " is a division by 0.",
            "There are `reward.shape[1] - 1` other draws.",
        ),
        Mistake(
            "all numbers counted",
            lambda r: (r.sum(1, keepdim=True) - r) / (r.numel() - 1),
            "You divide by B * S - 1, the number of all entries less one. With one image that is"
            " right; the sum runs over one image's draws only.",
            "There are `reward.shape[1] - 1` other draws of the same image.",
        ),
        Mistake(
            "parentheses missing",
            lambda r: r.sum(1, keepdim=True) - r / (r.shape[1] - 1),
            "Only the own reward is divided, not the difference: a division comes before a"
            " subtraction.",
            "Parentheses around sum minus own.",
        ),
        Mistake(
            "everything but the own",
            answers.everything_but_own,
            "You average over all other entries, those of other images too. It is unbiased, and on"
            " images of unequal difficulty it is a poor guess.",
            "Sum along axis 1 only, and divide by S - 1.",
        ),
        Mistake(
            "zeros",
            torch.zeros_like,
            "Your baseline is 0 everywhere: unbiased, and no help against the noise.",
            "The mean of the other draws of the image.",
        ),
        Mistake(
            "own reward",
            lambda r: r.clone(),
            "Each draw's baseline is its own reward. Reward minus baseline would be 0, and nothing"
            " would be learned.",
            "What did the *others* earn?",
        ),
        Mistake(
            "reward minus baseline",
            lambda r: r - answers.leave_one_out(r),
            "You return the advantage, reward minus baseline. The baseline alone is asked for.",
            "Drop the last subtraction.",
        ),
        Mistake(
            "reward minus the mean",
            lambda r: r - r.mean(1, keepdim=True),
            "You return the reward minus its image's mean: an advantage, and one with the own"
            " reward in its baseline.",
            "Return what is to be subtracted: the mean of the others.",
        ),
        Mistake(
            "reward standardised",
            answers.standardised,
            "You return the reward minus its image's mean, over its standard deviation: an"
            " advantage, and a rescaled one. What is asked for is the number to subtract.",
            "Return the mean of the other rewards.",
        ),
        Mistake(
            "the best of the others",
            answers.of_the_others(lambda rest: rest.amax(1)),
            "You take the largest of the other rewards. It leaves the own reward out, as it"
            " should, but nearly every draw would then look bad.",
            "The mean of the others, not their maximum.",
        ),
        Mistake(
            "the worst of the others",
            answers.of_the_others(lambda rest: rest.amin(1)),
            "You take the smallest of the other rewards. Nearly every draw would look good beside"
            " it.",
            "The mean of the others, not their minimum.",
        ),
        Mistake(
            "the median of the others",
            answers.of_the_others(lambda rest: rest.median(1).values),
            "You take the median of the others. It is unbiased too; the mean is asked for, and a"
            " median of rewards that are mostly 0 is 0.",
            "Sum of the others over S - 1.",
        ),
        Mistake(
            "the next draw",
            lambda r: r.roll(-1, dims=1),
            "Each draw's baseline is the reward of the next one, taken round. It is unbiased, but"
            " as noisy as a single reward.",
            "All of the others, averaged.",
        ),
        Mistake(
            "the draw before",
            lambda r: r.roll(1, dims=1),
            "Each draw's baseline is the reward of the one before it, taken round. It is unbiased,"
            " but as noisy as a single reward.",
            "All of the others, averaged.",
        ),
        Mistake(
            "only the draws before",
            answers.draws_before,
            "You average the draws that came before. The first has none and gets 0, and those that"
            " came after are not used.",
            "The draws of an image have no order here: all others count.",
        ),
        Mistake(
            "the draws so far",
            answers.draws_so_far,
            "You average each draw with those before it. The own reward is in it, and those that"
            " came after are not.",
            "The draws of an image have no order here: all others count, and the own does not.",
        ),
        Mistake(
            "minus the mean of the others",
            lambda r: -answers.leave_one_out(r),
            "Your sign is turned: you subtract the sum from the own reward.",
            "Sum minus own, not own minus sum.",
        ),
        Mistake(
            "draws before images",
            lambda r: answers.leave_one_out(r).T,
            "Your result is (S, B): `torch.stack` put the draws first.",
            "`torch.stack(..., dim=1)`, or build it row by row.",
        ),
        Mistake(
            "one number an image",
            lambda r: r.mean(1),
            "You return one number an image. Each draw needs its own, because each leaves itself"
            " out.",
            "Keep the axis of the draws: `sum(1, keepdim=True)` can be subtracted from.",
        ),
        Mistake(
            "one number an image, axis kept",
            lambda r: r.mean(1, keepdim=True),
            "Your result is (B, 1): one mean an image, with the own reward in it. Each draw needs"
            " its own baseline, because each leaves itself out.",
            "From the sum, (B, 1), subtract `reward`, (B, S): that broadcasts to (B, S).",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "matrix of ones without a diagonal": answers.by_matrix,
        "einsum": answers.by_einsum,
        "the others gathered": answers.by_dropping_one,
        "the others, one draw at a time": answers.of_the_others(lambda rest: rest.mean(1)),
        "from the plain mean": answers.from_the_mean,
        "with a gradient": lambda r: (r.sum(-1)[:, None] - r) / (r.size(-1) - 1),
        "float64 inside": lambda r: answers.leave_one_out(r.double()).float(),
    },
    map_axes=("images", "draws"),
    hints=(
        "How many rewards are left once a draw leaves its own out, and what is their sum?",
        (
            "Sum along the draws and keep the axis, subtract each draw's own reward, and divide by"
            " the number of the others."
        ),
        (
            "`reward.sum(1, keepdim=True)` is (B, 1). Minus `reward` it is (B, S): the sum of the"
            " others of every draw. There are `reward.shape[1] - 1` of them."
        ),
    ),
)
