"""Exercise 3.1: the squeeze, one number for each channel."""

from course_lib.exercises.bank.ch03 import squeeze_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w):
    """Each channel has a level of its own, so one cannot stand in for another."""
    return lambda g: {"x": normal(g, b, c, h, w) + normal(g, b, c, 1, 1, scale=2.0)}


def _after_relu(g):
    return {"x": normal(g, 2, 4, 5, 6).relu()}


SQUEEZE = Exercise(
    id="squeeze",
    chapter=3,
    title="Squeeze",
    signature="squeeze(x)",
    points=1,
    difficulty=1,
    importance=4,
    minutes=4,
    reference=answers.squeeze,
    stages=(
        Stage(
            "one place",
            "A map of one place is its own mean: the numbers stay as they are, in the shape (B,"
            " C).",
            _case(2, 3, 1, 1),
        ),
        Stage(
            "one row",
            "A map of one row: the mean runs along the columns.",
            _case(2, 3, 1, 5),
        ),
        Stage(
            "one column",
            "A map of one column: the mean runs along the rows.",
            _case(2, 3, 4, 1),
        ),
        Stage(
            "a whole map",
            "Rows and columns: every place counts as much as any other.",
            _case(1, 4, 3, 5),
        ),
        Stage(
            "all sizes differ",
            "A batch, and four axes of different lengths: B and C stay, H and W go.",
            _case(2, 5, 3, 4),
            batched=("x",),
        ),
        Stage(
            "after a ReLU",
            "About half of the numbers are 0, as behind a ReLU. They count too.",
            _after_relu,
            batched=("x",),
        ),
        Stage(
            "many places, one channel",
            "A single channel, and a larger map.",
            _case(3, 1, 9, 16),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "over the rows only",
            answers.over(2),
            "Your result still has the columns in it: (B, C, W). You averaged over H alone.",
            "Two axes go, 2 and 3: `mean` takes a tuple of them.",
        ),
        Mistake(
            "over the columns only",
            answers.over(3),
            "Your result still has the rows in it: (B, C, H). You averaged over W alone.",
            "Two axes go, 2 and 3: `mean` takes a tuple of them.",
        ),
        Mistake(
            "over the channels",
            answers.over(1),
            "You averaged over axis 1 and kept the places: your result is a map, (B, H, W). That"
            " is what a spatial gate looks at.",
            "The channels stay and the places go: axes 2 and 3.",
        ),
        Mistake(
            "over everything but the batch",
            answers.over(1, 2, 3),
            "You return one number a sample: the channels were averaged away as well.",
            "Leave axis 1 out of the mean.",
        ),
        Mistake(
            "one number for all channels",
            answers.spread_over_channels,
            "All channels of a sample get the same number, the mean of all of them. Then nothing"
            " tells one channel from another.",
            "Leave axis 1 out of the mean: each channel has one of its own.",
        ),
        Mistake(
            "over the batch as well",
            answers.over(0, 2, 3),
            "Your result has no batch axis: you averaged over the samples too, as batch"
            " normalisation does.",
            "Each image is squeezed for itself: axes 2 and 3 alone.",
        ),
        Mistake(
            "one squeeze for the whole batch",
            answers.spread_over_batch,
            "Every sample gets the same numbers, the mean over the batch. With one image in the"
            " batch that does not show.",
            "Leave axis 0 out of the mean.",
        ),
        Mistake(
            "one number for everything",
            answers.mean_of_all,
            "You return a single number: `mean` without a `dim` averages over all four axes.",
            "Name the axes that go: `dim=(2, 3)`.",
        ),
        Mistake(
            "over the batch and the channels",
            answers.over(0, 1),
            "Your result is (H, W): you averaged over the first two axes and kept the places. In"
            " PyTorch channels come before places.",
            "Axes 2 and 3 hold the places.",
        ),
        Mistake(
            "channels last",
            answers.over(1, 2),
            "Your result is (B, W): you averaged over axes 1 and 2. Those are the places where"
            " channels come last, as in TensorFlow. Here they are C and H.",
            "Axes 2 and 3 hold the places.",
        ),
        Mistake(
            "channels and columns",
            answers.over(1, 3),
            "Your result is (B, H): you averaged over axes 1 and 3, the channels and the columns.",
            "Axes 2 and 3 hold the places.",
        ),
        Mistake(
            "flattened, wrong axis averaged",
            lambda x: x.flatten(2).mean(1),
            "Your result is (B, H*W): you flattened the places and then averaged over axis 1,"
            " which is the channels.",
            "After `flatten(2)` the places are the last axis: `mean(-1)`.",
        ),
        Mistake(
            "squeeze without an axis",
            lambda x: x.mean((2, 3), keepdim=True).squeeze(),
            "With one image in the batch your result has lost its batch axis: `squeeze()` takes"
            " away every axis of length 1, this one too.",
            "Name the axes, or take the mean without `keepdim`.",
        ),
        Mistake(
            "axes of size 1 kept",
            answers.over(2, 3, keepdim=True),
            "Your numbers are right and stand in (B, C, 1, 1). That form is handy for multiplying"
            " a map. The linear layers of the next exercise want (B, C).",
            "Leave `keepdim` out, or flatten from axis 1.",
        ),
        Mistake(
            "the sum",
            lambda x: x.sum((2, 3)),
            "You add the places up and do not divide. A map of twice the size gives numbers twice"
            " as large, and the gate would depend on the image's size.",
            "`mean` in place of `sum`.",
        ),
        Mistake(
            "divided by H",
            answers.summed_over(lambda b, c, h, w: h),
            "You divide the sum by H alone. There are H * W places.",
            "Divide by H * W, or take `mean` over both axes.",
        ),
        Mistake(
            "divided by W",
            answers.summed_over(lambda b, c, h, w: w),
            "You divide the sum by W alone. There are H * W places.",
            "Divide by H * W, or take `mean` over both axes.",
        ),
        Mistake(
            "divided by H + W",
            answers.summed_over(lambda b, c, h, w: h + w),
            "You divide the sum by H + W. A map of H rows and W columns has H * W places.",
            "Divide by H * W, or take `mean` over both axes.",
        ),
        Mistake(
            "divided by the channels too",
            answers.summed_over(lambda b, c, h, w: c * h * w),
            "Your numbers are C times too small: you divide by the number of channels as well.",
            "Each channel has H * W numbers. Divide by those.",
        ),
        Mistake(
            "the largest",
            lambda x: x.amax((2, 3)),
            "You return the largest number of each channel. One bright place then stands for the"
            " whole map. CBAM uses it beside the mean; squeeze-and-excitation does not.",
            "The mean over axes 2 and 3.",
        ),
        Mistake(
            "the smallest",
            lambda x: x.amin((2, 3)),
            "You return the smallest number of each channel.",
            "The mean over axes 2 and 3.",
        ),
        Mistake(
            "mean and maximum together",
            answers.max_and_mean,
            "You add the maximum to the mean. CBAM looks at both; the squeeze is the mean alone.",
            "Leave the maximum out.",
        ),
        Mistake(
            "halfway between the extremes",
            answers.halfway,
            "You return the middle between the smallest and the largest number. Two places decide"
            " and the others have no say.",
            "The mean: every place counts as much as any other.",
        ),
        Mistake(
            "the median",
            answers.median,
            "You return the median. It passes a gradient to one place of each channel; the mean"
            " passes it to all.",
            "`mean` over axes 2 and 3.",
        ),
        Mistake(
            "the length",
            answers.length,
            "You return the length of each channel as a vector. It is never negative and grows"
            " with the map.",
            "The plain mean: negative numbers count as negative.",
        ),
        Mistake(
            "the root of the mean square",
            answers.root_mean_square,
            "You square before the mean and take the root after it. That measures how strong a"
            " channel is, whatever its sign.",
            "The plain mean, no squares.",
        ),
        Mistake(
            "without a sign",
            lambda x: x.abs().mean((2, 3)),
            "You average the absolute values, so negative numbers count as positive.",
            "The plain mean, no `abs`.",
        ),
        Mistake(
            "positive places only",
            answers.positive_only,
            "You average over the places where the channel is above 0. How many those are is lost:"
            " one bright place counts as much as a bright map.",
            "All H * W places count, zeros too.",
        ),
        Mistake(
            "a ReLU first",
            lambda x: x.relu().mean((2, 3)),
            "You cut negative numbers off before the mean. Whether they should go is for the"
            " network to decide, before this layer.",
            "The mean of x as it is.",
        ),
        Mistake(
            "the spread",
            lambda x: x.var((2, 3), correction=0),
            "You return the variance of each channel: how far its places differ, not where they"
            " lie.",
            "The mean over axes 2 and 3.",
        ),
        Mistake(
            "best of the row means",
            lambda x: x.mean(3).amax(2),
            "You average along each row and keep the largest row. Rows count as little as places"
            " do: take the mean of them as well.",
            "One `mean` over both axes.",
        ),
        Mistake(
            "the first row only",
            answers.one_row,
            "You averaged the first row and dropped the others: an index stands where a second"
            " mean belongs.",
            "One `mean` over both axes, 2 and 3.",
        ),
        Mistake(
            "one place",
            lambda x: x[:, :, 0, 0],
            "You return the place in the top left corner of each channel.",
            "The mean over axes 2 and 3.",
        ),
        Mistake(
            "the place in the middle",
            answers.middle_place,
            "You return the place in the middle of each channel.",
            "The mean over axes 2 and 3.",
        ),
        Mistake(
            "reshaped without a transpose",
            answers.reshaped,
            "`reshape(B, H*W, C)` re-reads memory in its order; it does not exchange axes. Your"
            " numbers are means over mixed channels.",
            "`x.flatten(2)` is (B, C, H*W). Average that along its last axis.",
        ),
        Mistake(
            "squashed",
            lambda x: x.mean((2, 3)).sigmoid(),
            "Your means have gone through a sigmoid. The squeeze returns them as they are; the"
            " sigmoid belongs to the excitation.",
            "Leave it out here.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "adaptive pooling": answers.by_pooling,
        "pooling with a window of the map": answers.by_a_window_of_the_map,
        "one axis after the other": lambda x: x.mean(-1).mean(-1),
        "product with equal weights": answers.by_equal_weights,
        "float64 inside": lambda x: x.double().mean((2, 3)).float(),
    },
    forbid=(
        "torchvision.ops.SqueezeExcitation",
        "course_lib.attention.SqueezeExcitation",
        "course_lib.attention.EfficientChannelAttention",
        "course_lib.attention.CBAMChannelGate",
    ),
    hints=(
        "Four axes go in, two come out. Which two must be gone?",
        "Take the mean over both axes of places at once, height and width. `mean` accepts a tuple"
        " of axes.",
        "`x.mean((2, 3))`, without `keepdim`.",
    ),
)
