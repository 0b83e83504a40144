"""Exercise 7.5: a map cut into windows, each a sequence of its own."""

from course_lib.exercises.bank.ch07 import to_windows_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, window):
    return lambda g: {"x": normal(g, b, c, h, w), "window": window}


TO_WINDOWS = Exercise(
    id="to-windows",
    chapter=7,
    title="Cut into windows",
    signature="to_windows(x, window)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.to_windows,
    stages=(
        Stage(
            "one window",
            "The map is one window: its pixels are the tokens, row by row, and the channels stand"
            " on the last axis.",
            _case(2, 3, 2, 2, 2),
        ),
        Stage(
            "windows of one pixel",
            "Each pixel is a window of one token. Windows go row by row, image by image.",
            _case(2, 3, 2, 4, 1),
        ),
        Stage(
            "a row of windows",
            "Windows side by side: the first holds the w columns at the left, all rows of them.",
            _case(2, 2, 2, 6, 2),
        ),
        Stage(
            "a column of windows",
            "Windows one below the other: the first holds the w rows at the top.",
            _case(2, 2, 6, 2, 2),
        ),
        Stage(
            "a grid of windows",
            "One channel and a grid. Which axis holds the windows, which the pixels in a window,"
            " before you flatten?",
            _case(2, 1, 4, 6, 2),
        ),
        Stage(
            "all sizes differ",
            "A batch, several channels, a grid. All windows of the first image come before those"
            " of the second.",
            _case(2, 3, 4, 10, 2),
            batched=("x",),
        ),
        Stage(
            "a larger window",
            "Larger windows, fewer of them.",
            _case(3, 4, 9, 6, 3),
            batched=("x",),
        ),
        Stage("another size", "Another size.", _case(2, 5, 8, 12, 4), batched=("x",), hidden=True),
    ),
    mistakes=(
        Mistake(
            "reshaped only",
            answers.reshaped_only,
            "The shape is right and no window holds a square of the map. A reshape re-reads memory"
            " in its order, channel by channel and row by row.",
            "Cut both sides first, to (B, C, H/w, w, W/w, w). Then bring the axes together that"
            " belong together, with a `permute`, and flatten last.",
        ),
        Mistake(
            "channels last, then reshaped",
            answers.channels_last_and_reshaped,
            "Your tokens are pixels, with their channels last. But they are grouped as they follow"
            " each other along the rows, so your windows are pieces of rows, not squares.",
            "Cut both sides to (H/w, w) and (W/w, w) before you group.",
        ),
        Mistake(
            "column by column",
            answers.permuted(0, 4, 2, 3, 5, 1),
            "Each of your windows is right, but they go down the columns of the grid. They should"
            " go along its rows.",
            "In the `permute`, rows of the grid before columns.",
        ),
        Mistake(
            "windows transposed",
            answers.permuted(0, 2, 4, 5, 3, 1),
            "Each of your windows lies on its side: inside it you read column by column.",
            "The two axes of length w: rows of the window before columns.",
        ),
        Mistake(
            "the map transposed",
            answers.image_transposed,
            "Width before height, throughout: your windows go down the columns, and each lies on"
            " its side.",
            "x is (B, C, H, W). Rows come from H, axis 2, and go before columns.",
        ),
        Mistake(
            "channels before the pixels",
            answers.permuted(0, 2, 4, 1, 3, 5),
            "The channels stand before the pixels of a window when you flatten or reshape: a token"
            " holds numbers of several pixels. With one channel that does not show.",
            "The channels go last, behind the pixels of the window, by a `permute` or a transpose:"
            " a reshape exchanges no axes.",
        ),
        Mistake(
            "channels before the grid",
            answers.permuted(0, 1, 2, 4, 3, 5),
            "The channels stand before the grid when you flatten: a window holds one channel of"
            " several windows. With one channel that does not show.",
            "The channels go last, behind the pixels of the window.",
        ),
        Mistake(
            "channels between rows and columns",
            answers.permuted(0, 2, 4, 3, 1, 5),
            "Your channels stand between the rows and the columns of a window.",
            "The channels go last.",
        ),
        Mistake(
            "channels as tokens",
            answers.channels_first,
            "Your windows are right, but turned: (.., C, w*w). A token should be a pixel with all"
            " of its channels, not a channel with all of its pixels.",
            "Exchange the last two axes with a transpose.",
        ),
        Mistake(
            "unfolded and reshaped",
            answers.unfolded_and_viewed,
            "`F.unfold` gives (B, C*w*w, windows), and you bring that to the asked shape by one"
            " reshape: windows, pixels and channels are mixed.",
            "Cut its middle axis to (C, w*w), then `permute`: B, windows, pixels, C.",
        ),
        Mistake(
            "a window as one vector",
            answers.unfolded_patches,
            "A whole window is one token of yours, as a patch was in chapter 5. Here each pixel"
            " stays a token, and the window is the sequence.",
            "Cut C*w*w apart again: the pixels to axis 1, the channels to axis 2.",
        ),
        Mistake(
            "every w-th pixel",
            answers.spread(0, 3, 5, 2, 4, 1),
            "Your windows are made of pixels that lie H/w and W/w apart, not of neighbours: each"
            " side is cut as (w, H/w). Such a grid is useful elsewhere; it is not a window.",
            "Cut it as (H/w, w): the windows first, the pixels inside a window last.",
        ),
        Mistake(
            "window taken for their number",
            answers.window_taken_for_their_number,
            "You cut each side into `window` pieces. `window` is the side of a window in pixels;"
            " how many there are follows from the map.",
            "`H // window` rows of windows; each side is cut as (H/w, w).",
        ),
        Mistake(
            "strips",
            answers.strips,
            "You cut along the height only: your windows run from the left edge to the right.",
            "Cut the width as well, to (W/w, w).",
        ),
        Mistake(
            "overlapping",
            answers.overlapping,
            "Your windows overlap: one starts at every pixel. The next should start w pixels on.",
            "A step of `window`, not of 1.",
        ),
        Mistake(
            "moved on by one pixel",
            answers.moved_on_by_one,
            "You have the right number of windows, but each starts one pixel after the one before:"
            " they overlap, and the far part of the map is in none.",
            "The i-th window starts at pixel i * w.",
        ),
        Mistake(
            "the batch kept",
            answers.batch_kept,
            "Your numbers are right, but the images keep an axis of their own: (B, windows, w*w,"
            " C). Attention is to take each window for a sample.",
            "Flatten the images and the windows into axis 0.",
        ),
        Mistake(
            "the grid kept",
            answers.grid_kept,
            "Your numbers are right, but images, rows and columns of windows have an axis each."
            " Attention is to take each window for a sample.",
            "Flatten the first three axes into one.",
        ),
        Mistake(
            "pixels not flattened",
            answers.pixels_not_flattened,
            "Your windows are still squares, (.., w, w, C). Attention wants one row of tokens.",
            "Flatten the two axes of length w.",
        ),
        Mistake(
            "still maps",
            answers.maps_in_windows,
            "Your windows are right and still maps: (.., C, w, w). Attention wants tokens, with the"
            " channels last.",
            "Flatten the two axes of length w, then transpose.",
        ),
        Mistake(
            "windows before images",
            answers.windows_before_images,
            "Your windows are right, but the first windows of all images come first, then the"
            " second ones. All windows of one image should follow each other.",
            "B stays in front of the grid in the `permute`.",
        ),
        Mistake(
            "the first image alone",
            answers.first_image,
            "You cut the first image and leave the others out.",
            "All images: the result has B times as many windows as one image.",
        ),
        Mistake(
            "averaged",
            answers.averaged,
            "You average each window: one number a channel. A window keeps all of its pixels.",
            "No mean and no pooling: w * w tokens.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "F.unfold": answers.by_unfold,
        "Tensor.unfold": answers.by_tensor_unfold,
        "pixel_unshuffle": answers.by_pixel_unshuffle,
        "einsum": answers.by_einsum,
        "channels last first": answers.channels_last_first,
        "split and stack": answers.by_chunks,
    },
    forbid=("course_lib.attention.to_windows",),
    map_axes=("pixels of a window", "channels"),
    hints=(
        "Cut before you move anything: each side of the map becomes two axes, which window and"
        " which pixel in it.",
        "Cut to (B, C, H/w, w, W/w, w). Bring the two axes of the grid behind B, then the two axes"
        " of pixels, and C last. Flatten the first three axes into one, and the pixels into one.",
        "`x.reshape(B, C, H // w, w, W // w, w).permute(0, 2, 4, 3, 5, 1)`, and one more reshape"
        " to `(-1, w * w, C)`.",
    ),
)
