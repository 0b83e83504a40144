"""Exercise 7.1: what a U-Net does where the decoder meets the encoder's map."""

import torch

from course_lib.exercises.bank.ch07 import skip_join_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, d, h, w):
    return lambda g: {"deep": normal(g, b, c, h, w), "skip": normal(g, b, d, 2 * h, 2 * w)}


SKIP_JOIN = Exercise(
    id="skip-join",
    chapter=7,
    title="Join the skip",
    signature="join_skip(deep, skip)",
    points=1,
    difficulty=1,
    importance=4,
    minutes=6,
    reference=answers.join_skip,
    stages=(
        Stage(
            "one deep pixel",
            "The deep map is one pixel: all four pixels of the result hold its channels, and then"
            " the skip's.",
            _case(2, 2, 2, 1, 1),
        ),
        Stage(
            "one row",
            "A deep map of one row: a, b, c becomes a, a, b, b, c, c, in two rows that are equal.",
            _case(2, 2, 2, 1, 3),
        ),
        Stage(
            "one column",
            "A deep map of one column: each pixel goes twice down, and twice to the right.",
            _case(2, 3, 3, 3, 1),
        ),
        Stage(
            "a map",
            "Two rows, three columns, as many deep channels as skip channels.",
            _case(2, 3, 3, 2, 3),
        ),
        Stage(
            "all sizes differ",
            "A batch, more skip channels than deep ones, axes of different lengths. Both inputs"
            " must get their gradient.",
            _case(2, 3, 4, 3, 5),
            batched=("deep", "skip"),
        ),
        Stage(
            "another size",
            "Another size, more deep channels than skip ones.",
            _case(3, 5, 2, 4, 2),
            batched=("deep", "skip"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the skip first",
            answers.joined(lambda deep, skip: torch.cat([skip, deep], dim=1)),
            "All of your channels are right, but the skip's stand before the deep ones. The next"
            " convolution has a weight for each channel by its number.",
            "In the `cat`: the enlarged deep map first, then the skip.",
        ),
        Mistake(
            "added",
            answers.joined(lambda deep, skip: deep + skip),
            "You add the two maps. Here the numbers of channels happen to be equal; and the next"
            " layer can no longer tell what came from where.",
            "`torch.cat` along the channels.",
        ),
        Mistake(
            "multiplied",
            answers.joined(lambda deep, skip: deep * skip),
            "You multiply the two maps, as a gate would. A U-Net's plain skip is put beside the"
            " deep map.",
            "`torch.cat` along the channels.",
        ),
        Mistake(
            "averaged",
            answers.joined(lambda deep, skip: (deep + skip) / 2),
            "You return the mean of the two maps. They are to stand side by side, so that the next"
            " layer may weigh them.",
            "`torch.cat` along the channels.",
        ),
        Mistake(
            "a channel of each in turn",
            answers.joined(answers.in_turn),
            "Your channels alternate: one of the deep map, one of the skip. That works only where"
            " both have equally many.",
            "All deep channels first: `torch.cat`, not `torch.stack`.",
        ),
        Mistake(
            "joined along the batch",
            answers.joined(answers.along(0)),
            "Your batch is twice as long: deep maps and skips follow each other as if they were"
            " separate images.",
            "Axis 1 holds the channels: `torch.cat(..., dim=1)`.",
        ),
        Mistake(
            "joined along the height",
            answers.joined(answers.along(2)),
            "Your map is twice as high: the skip lies below the deep map. It should lie on it,"
            " pixel for pixel.",
            "Axis 1 holds the channels: `torch.cat(..., dim=1)`.",
        ),
        Mistake(
            "joined along the width",
            answers.joined(answers.along(3)),
            "Your map is twice as wide: the skip lies to the right of the deep map. It should lie"
            " on it, pixel for pixel.",
            "Axis 1 holds the channels: `torch.cat(..., dim=1)`.",
        ),
        Mistake(
            "the deep map alone",
            answers.joined(lambda deep, skip: deep),
            "You return the enlarged deep map; the skip has no part in it. Where the edges are is"
            " known to the skip alone.",
            "`torch.cat([..., skip], dim=1)`.",
        ),
        Mistake(
            "the skip twice",
            answers.joined(lambda deep, skip: torch.cat([skip, skip], dim=1)),
            "Both halves of your channels are the skip.",
            "The first half is the enlarged deep map.",
        ),
        Mistake(
            "the deep map twice",
            answers.joined(lambda deep, skip: torch.cat([deep, deep], dim=1)),
            "Both halves of your channels are the deep map.",
            "The second half is the skip.",
        ),
        Mistake(
            "the skip made small",
            answers.skip_made_small,
            "You bring the skip down to the deep map, by the largest of each 2 x 2 pixels. The"
            " detail that the skip was kept for is gone.",
            "Enlarge the deep map; leave the skip as it is.",
        ),
        Mistake(
            "every second pixel of the skip",
            answers.skip_thinned_out,
            "You take every second pixel of the skip, so that it fits the deep map. The detail"
            " that the skip was kept for is gone.",
            "Enlarge the deep map; leave the skip as it is.",
        ),
        Mistake(
            "the skip averaged",
            answers.skip_averaged,
            "You bring the skip down to the deep map, by the mean of each 2 x 2 pixels. The detail"
            " that the skip was kept for is gone.",
            "Enlarge the deep map; leave the skip as it is.",
        ),
        Mistake(
            "copies side by side",
            answers.enlarged(answers.side_by_side),
            "Your deep map stands four times side by side, like tiles: a, b becomes a, b, a, b."
            " Each pixel is to be doubled where it is: a, a, b, b.",
            "`repeat_interleave` in place of `repeat`, or `F.interpolate`.",
        ),
        Mistake(
            "four in a row",
            answers.enlarged(answers.four_in_a_row),
            "Your reshape puts four copies of a pixel one after the other along the row. They"
            " belong in a square of 2 x 2.",
            "Double along one axis, then along the other: two calls with a `dim`.",
        ),
        Mistake(
            "rows cut and stacked",
            answers.enlarged(answers.two_in_a_row),
            "Your columns are right, your rows are not: the whole map is repeated downwards,"
            " where each row should come twice in succession.",
            "`repeat_interleave(2, dim=2)` for the rows as well.",
        ),
        Mistake(
            "other channels in the square",
            answers.enlarged(answers.whole_channels_shuffled),
            "Each 2 x 2 square of yours holds pixels of several channels. `pixel_shuffle` takes"
            " four neighbouring channels for one square, and `repeat` does not make neighbours.",
            "`repeat_interleave(4, dim=1)` before the shuffle.",
        ),
        Mistake(
            "zeros between",
            answers.enlarged(answers.zeros_between),
            "Three of four pixels are zero: each deep pixel stands in one corner of its square.",
            "All four pixels of a square get the value.",
        ),
        Mistake(
            "a quarter for each",
            answers.enlarged(answers.shared_out),
            "You share each deep pixel out among its four: a quarter for each. Repeating keeps the"
            " value.",
            "Leave the division out.",
        ),
        Mistake(
            "a frame of zeros",
            answers.enlarged(answers.framed),
            "You put zeros around the deep map until it fits. Its pixels keep their size, so only"
            " the middle of the skip is met, and by the wrong pixels.",
            "Enlarge: each deep pixel covers 2 x 2 pixels of the skip.",
        ),
        Mistake(
            "in a corner",
            answers.enlarged(answers.in_the_corner),
            "Your deep map stands in the corner at the top left, with zeros beside and below. Its"
            " pixels keep their size.",
            "Enlarge: each deep pixel covers 2 x 2 pixels of the skip.",
        ),
        Mistake(
            "upside down",
            answers.enlarged(answers.turned_over),
            "Your deep map stands on its head; the skip does not.",
            "No `flip`: row 0 stays on top.",
        ),
        Mistake(
            "bilinear",
            answers.resized(mode="bilinear"),
            "You interpolate: between two deep pixels yours run over smoothly. Here each pixel is"
            " repeated.",
            '`mode="nearest"`, which is what `F.interpolate` does unless told otherwise.',
        ),
        Mistake(
            "bilinear, corners aligned",
            answers.resized(mode="bilinear", align_corners=True),
            "You interpolate with the corners aligned: between two deep pixels yours run over"
            " smoothly. Here each pixel is repeated.",
            '`mode="nearest"`, which is what `F.interpolate` does unless told otherwise.',
        ),
        Mistake(
            "bicubic",
            answers.resized(mode="bicubic"),
            "You interpolate bicubically, and so beyond the largest and the smallest deep value."
            " Here each pixel is repeated.",
            '`mode="nearest"`, which is what `F.interpolate` does unless told otherwise.',
        ),
    ),
    variants={
        "F.interpolate": answers.resized(),
        "nearest-exact": answers.resized(mode="nearest-exact"),
        "nn.Upsample": answers.by_upsample,
        "loops": answers.by_loops,
        "expand and reshape": answers.by_expand,
        "pixel_shuffle": answers.by_pixel_shuffle,
        "indices": answers.by_indices,
        "a transposed convolution of ones": answers.by_transposed_convolution,
        "einsum": answers.by_einsum,
    },
    map_axes=("height", "width"),
    hints=(
        "Which of the two maps has to change its size, and which axis do the channels stand on?",
        "Repeat each row of `deep` twice, then each column twice; `skip` stays as it is. Then put"
        " the channels of one behind those of the other.",
        "`deep.repeat_interleave(2, dim=2)` doubles the rows; the same with `dim=3` the columns."
        " Then `torch.cat([..., skip], dim=1)`.",
    ),
)
