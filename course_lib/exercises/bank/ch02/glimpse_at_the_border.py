"""Exercise 2.7, the transfer task: cut a window out of an image, also over its edge."""

import torch

from course_lib.exercises.bank.ch02 import glimpse_at_the_border_answers as answers
from course_lib.exercises.bank.drawing import integers, normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage

# How far from a whole pixel a window asks to begin. At 0.5 would be a tie; that has its own stage.
_BEFORE, _AFTER = (-0.4, -0.25), (0.25, 0.4)


def _around(g, size, n, begin, off):
    """A coordinate in [-1, 1] whose window begins at pixel `begin` of n, once it is rounded."""
    return (begin + float(uniform(g, 1, low=off[0], high=off[1])) + size / 2) * 2 / n - 1


def _case(c, h, w, size, places, off=(_BEFORE, _AFTER)):
    """`places`: for each sample the (row, column) at which its window begins."""

    def draw(g):
        centre = [
            [_around(g, size, h, y, off[0]), _around(g, size, w, x, off[1])] for y, x in places
        ]
        image = normal(g, len(places), c, h, w)
        return {"image": image, "centre": torch.tensor(centre), "size": size}

    return draw


def _ties(g):
    """Two windows that ask to begin at half a pixel, and a third that asks for a whole one."""
    edges = 2.0 * torch.stack([integers(g, 3, below=4), integers(g, 3, below=8)], dim=1)
    middle = torch.tensor([[0.0], [0.0], [0.5]])
    return {
        "image": normal(g, 3, 2, 8, 16),
        "centre": 2 * (edges + middle) / torch.tensor([8.0, 16.0]) - 1,  # no rounding: powers of 2
        "size": 3,
    }


GLIMPSE_AT_THE_BORDER = Exercise(
    id="glimpse-at-the-border",
    chapter=2,
    title="A glimpse at the border",
    signature="glimpse(image, centre, size)",
    points=4,
    difficulty=4,
    importance=4,
    minutes=15,
    reference=answers.glimpse,
    stages=(
        Stage(
            "one pixel",
            "A window of one pixel: the pixel in which the centre lies. Row first, column second.",
            _case(2, 4, 7, 1, [(0, 5)]),
        ),
        Stage(
            "in the middle",
            "An odd window, wholly inside the image: it reaches size / 2 to each side of its"
            " centre.",
            _case(1, 6, 9, 3, [(1, 4)]),
        ),
        Stage(
            "an even size",
            "An even window has no middle pixel. The place where it begins is what gets rounded,"
            " to the nearest whole pixel.",
            _case(2, 7, 10, 4, [(2, 5)]),
        ),
        Stage(
            "a centre for each image",
            "Three images, and each has a centre of its own.",
            _case(2, 8, 11, 4, [(0, 6), (3, 2), (4, 7)]),
            batched=("image", "centre"),
        ),
        Stage(
            "over the top left",
            "The windows begin before row 0 and column 0. What lies outside the image is 0.",
            # Near an edge the conventions for -1 and 1 differ by half a pixel: seen from this side.
            _case(3, 7, 11, 4, [(-1, -2), (-1, -2)], (_AFTER, _AFTER)),
            batched=("image", "centre"),
        ),
        Stage(
            "over the bottom right",
            "The windows end behind the last row and the last column. What lies outside is 0.",
            _case(3, 7, 11, 5, [(4, 7), (4, 7)], (_BEFORE, _BEFORE)),
            batched=("image", "centre"),
        ),
        Stage(
            "larger than the image",
            "The window is larger than the image, so there are zeros on every side.",
            _case(2, 3, 5, 8, [(-2, -1)]),
        ),
        Stage(
            "ties",
            "Windows that ask to begin at half a pixel, exactly: halves go down and right.",
            _ties,
            batched=("image", "centre"),
        ),
        Stage(
            "a long strip",
            "A long, low image, and windows over all of its edges.",
            _case(3, 5, 19, 6, [(-3, 15), (1, -2), (-1, 7), (2, 16)]),
            batched=("image", "centre"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "x for y",
            answers.wired(lambda im, c, n: answers.asked_for(im, c.flip(1), n)),
            "Your window lies at the mirror image of the centre: you read it as (x, y). Here it is"
            " (y, x), height before width.",
            "`centre[:, 0]` places the rows, `centre[:, 1]` the columns.",
        ),
        Mistake(
            "width for height",
            answers.wired(lambda im, c, n: (c + 1) / 2 * answers.sizes(im).flip(0) - n / 2),
            "You scale y by the width and x by the height. In a square image that does not show.",
            "`H, W = image.shape[-2:]`: y goes with H, x with W.",
        ),
        Mistake(
            "rows and columns exchanged in the window",
            answers.wired(read=answers.axes_exchanged),
            "Your window is in the right place and transposed: its rows run along the image's"
            " columns.",
            "Rows are the last axis but one, columns the last.",
        ),
        Mistake(
            "-1 and 1 at the middles of the outer pixels",
            answers.wired(
                lambda im, c, n: (c + 1) / 2 * (answers.sizes(im) - 1) - (n - 1) / 2
            ),
            "You put -1 and 1 at the middles of the outer pixels, as `align_corners=True` does."
            " Here the outer edges lie there, so near the border your window is off by up to half"
            " a pixel, and one whole pixel after rounding.",
            "(y + 1) / 2 * H is the centre in pixels, counted from the upper edge of row 0.",
        ),
        Mistake(
            "H - 1 for H",
            answers.wired(lambda im, c, n: (c + 1) / 2 * (answers.sizes(im) - 1) - n / 2),
            "You scale by H - 1 and W - 1 and leave the rest as it is: towards the bottom and the"
            " right your window falls up to a pixel behind.",
            "Edges at -1 and 1 are H pixels apart.",
        ),
        Mistake(
            "-1 and 1 at the first and the last window",
            answers.wired(lambda im, c, n: (c + 1) / 2 * (answers.sizes(im) - n)),
            "You stretch the coordinates so that the window never leaves the image: -1 is your"
            " first window and 1 your last. Then the centre is not where it says it is.",
            "(y + 1) / 2 * H places the centre; the window begins half its size before it.",
        ),
        Mistake(
            "begins at the centre",
            answers.wired(lambda im, c, n: (c + 1) / 2 * answers.sizes(im) - 0.5),
            "Your window begins at the centre: the centre is its upper left corner.",
            "It has to begin size / 2 before its centre.",
        ),
        Mistake(
            "begins a whole size before",
            answers.wired(lambda im, c, n: (c + 1) / 2 * answers.sizes(im) - n),
            "Your window ends at the centre: you subtract its whole size.",
            "Subtract half of it, size / 2.",
        ),
        Mistake(
            "the centre taken for 0 to 1",
            answers.wired(lambda im, c, n: c * answers.sizes(im) - n / 2),
            "You multiply the coordinate by the image's size as it comes. It runs from -1 to 1,"
            " not from 0 to 1.",
            "(y + 1) / 2 runs from 0 to 1.",
        ),
        Mistake(
            "the centre in pixels",
            answers.wired(lambda im, c, n: c - n / 2),
            "You read the centre as pixels. It is given from -1 to 1, whatever the image's size.",
            "(y + 1) / 2 * H is the centre in pixels.",
        ),
        Mistake(
            "rounded down",
            answers.wired(to_whole=torch.floor),
            "You take the whole pixel below, not the nearest: your window often begins one too"
            " early.",
            "Add 0.5 before `floor`.",
        ),
        Mistake(
            "rounded up",
            answers.wired(to_whole=torch.ceil),
            "You take the whole pixel above, not the nearest: your window often begins one too"
            " late.",
            "floor(... + 0.5).",
        ),
        Mistake(
            "the centre rounded, then half the size",
            answers.wired(
                lambda im, c, n: torch.floor((c + 1) / 2 * answers.sizes(im)) - n // 2
            ),
            "You take the pixel in which the centre lies and go `size // 2` back from it. With an"
            " odd size that is right. An even window has its middle on a pixel's edge, and yours"
            " often begins one too early.",
            "Subtract size / 2 first, then round what you have.",
        ),
        Mistake(
            "size // 2 for size / 2",
            answers.wired(lambda im, c, n: answers.asked_for(im, c, n) + n / 2 - n // 2),
            "You go `size // 2` back from the centre, or round the centre to the nearest pixel's"
            " edge first. With an odd size half a pixel is lost, so your window often begins one"
            " too late.",
            "Subtract size / 2, with its half, and round once, at the end.",
        ),
        Mistake(
            "(size - 1) / 2 for size / 2",
            answers.wired(lambda im, c, n: answers.asked_for(im, c, n) + 0.5),
            "You go (size - 1) / 2 back from the centre: from the middle of the window's middle"
            " pixel. The centre is counted from the upper edge of row 0, and the window begins at"
            " its own upper edge.",
            "Subtract size / 2, then round.",
        ),
        Mistake(
            "-1 and 1 at the middles, and half the size cut",
            answers.wired(answers.middle_pixel_first),
            "You put -1 and 1 at the middles of the outer pixels, as `align_corners=True` does,"
            " take the nearest pixel, and go `size // 2` back from it. An even window then often"
            " begins one too early, and near the border it is off as well.",
            "(y + 1) / 2 * H is the centre in pixels, counted from the upper edge of row 0;"
            " subtract size / 2, then round.",
        ),
        Mistake(
            "y counted upwards",
            answers.wired(lambda im, c, n: answers.asked_for(im, c * torch.tensor([-1, 1]), n)),
            "Your windows lie upside down: you count y upwards, as in a plot. Row 0 is the upper"
            " one, and y = -1 its upper edge.",
            "y grows downwards, like the row numbers.",
        ),
        Mistake(
            "between the pixels",
            answers.between_the_pixels,
            "Your numbers are blends of neighbouring pixels: you read at the exact centre, as"
            " `grid_sample` does by default. A glimpse reads whole pixels, or not.",
            "Round where the window begins to a whole pixel first.",
        ),
        Mistake(
            "truncated towards zero",
            answers.wired(to_whole=lambda asked: torch.trunc(asked + 0.5)),
            "`int(...)` and `.long()` cut towards zero, so a negative begin goes up, not down."
            " Inside the image it does not show; over the upper or left edge your window begins"
            " one too late.",
            "`torch.floor` first, then `.long()`; or `math.floor`.",
        ),
        Mistake(
            "truncated, without the half",
            answers.wired(to_whole=torch.trunc),
            "You cut off the fraction. That is neither the nearest pixel nor, for a negative"
            " begin, the one below.",
            "floor(... + 0.5), and `floor` before `.long()`.",
        ),
        Mistake(
            "halves to the even pixel",
            answers.wired(to_whole=torch.round),
            "`round` sends halves to the even pixel, 0.5 to 0 and 1.5 to 2. A window moved along"
            " the image in steps of one pixel would then go 0, 2, 2, 4, 4.",
            "floor(... + 0.5) sends every half the same way.",
        ),
        Mistake(
            "pushed back inside",
            answers.wired(read=answers.pushed_inside),
            "Your window never leaves the image: over an edge you push it back. Then its middle is"
            " not the centre that was asked for.",
            "Leave it where it is, and read what lies outside as 0.",
        ),
        Mistake(
            "edge pixels repeated",
            answers.wired(read=answers.edge_repeated),
            "Outside the image you repeat its edge: you clamped the indices, or padded with"
            " `replicate`. The window then shows pixels that are not there.",
            "What lies outside is 0.",
        ),
        Mistake(
            "reflected at the edge",
            answers.wired(read=answers.reflected),
            "Outside the image you mirror it. The window then shows pixels twice.",
            "What lies outside is 0: `F.pad` with its default mode.",
        ),
        Mistake(
            "wrapped around",
            answers.wired(read=answers.wrapped_around),
            "Over the edge you read from the other side of the image. A negative index counts from"
            " the end, and `roll` or `%` go around as well.",
            "What lies outside is 0. Pad first; then no index is negative.",
        ),
        Mistake(
            "sliced from a negative row",
            answers.sliced,
            "Your window is empty, or too small: in a slice a negative begin counts from the end,"
            " so `x[-1:3]` of seven rows holds nothing, and no error says so.",
            "Pad the image first; then no begin is negative.",
        ),
        Mistake(
            "cropped at the border",
            answers.wired(read=answers.cropped),
            "Over an edge your window is smaller than size by size: you return only what lies"
            " inside.",
            "What lies outside is 0, and the window keeps its size.",
        ),
        Mistake(
            "the visible part in the corner",
            answers.wired(read=answers.in_the_corner),
            "You cut what lies inside and put it into the upper left corner of the window. Over"
            " the upper or left edge the zeros belong above and before it.",
            "Write it where it lies in the window: row (image row - begin).",
        ),
        Mistake(
            "the padding not added",
            answers.wired(lambda im, c, n: answers.asked_for(im, c, n) - n),
            "Your window begins a whole size too early, above and to the left: in an image padded"
            " by `size`, row 0 has become row `size`.",
            "Add the padding to where the window begins.",
        ),
        Mistake(
            "the padded image's size",
            answers.wired(answers.in_padded_sizes),
            "You scale by the size of the padded image, so your coordinates run from -1 to 1 over"
            " the padding as well.",
            "H and W are those of `image`, before the padding.",
        ),
        Mistake(
            "parentheses missing in y + 1 / 2",
            answers.wired(lambda im, c, n: (c + 1 / 2) * answers.sizes(im) - n / 2),
            "You compute y + 1/2, because a division comes before an addition. At y = 1 that is"
            " one and a half images.",
            "(y + 1) / 2.",
        ),
        Mistake(
            "height for both",
            answers.wired(lambda im, c, n: (c + 1) / 2 * im.shape[2] - n / 2),
            "You scale x by the height too. In a square image that does not show.",
            "y goes with H, x with W.",
        ),
        Mistake(
            "begins one too late",
            answers.wired(lambda im, c, n: answers.asked_for(im, c, n) + 1),
            "Your window begins one row and one column too late. Were the pixels counted from 1,"
            " or the padding once too often?",
            "floor((y + 1) / 2 * H - size / 2 + 0.5), counted from 0.",
        ),
        Mistake(
            "begins one too early",
            answers.wired(lambda im, c, n: answers.asked_for(im, c, n) - 1),
            "Your window begins one row and one column too early.",
            "floor((y + 1) / 2 * H - size / 2 + 0.5), counted from 0.",
        ),
        Mistake(
            "the first centre for all",
            answers.wired(read=answers.of_the_first),
            "All images of the batch are cut at the first one's centre. With one image that is"
            " right.",
            "Each image has its own row of `centre`.",
        ),
        Mistake(
            "the mean centre for all",
            answers.wired(lambda im, c, n: answers.asked_for(im, c.mean(0).expand_as(c), n)),
            "All images of the batch are cut at the mean of their centres.",
            "Each image has its own row of `centre`.",
        ),
    ),
    variants={
        "indices and a mask": answers.wired(),
        "slices into zeros": answers.by_slices,
        "loops": answers.by_loops,
        "einsum with two selections": answers.by_selection,
        "grid_sample": answers.by_grid_sample,
        "float64 inside": answers.by_double,
    },
    forbid=("course_lib.attention.glimpses",),
    map_axes=("rows", "columns"),
    hints=(
        "If the image had a wide border of zeros around it, no window could ever leave it.",
        (
            "Pad the image by `size` on all four sides. For each sample compute where its window"
            " begins, add the padding to that, and cut; at the end, stack."
        ),
        (
            "`F.pad(image, (size,) * 4)` pads all sides. In the padded image the first of the"
            " window's `size` rows is `math.floor((y + 1) / 2 * H - size / 2 + 0.5) + size`."
        ),
    ),
)
