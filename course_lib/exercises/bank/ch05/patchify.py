"""Exercise 5.1: an image as a sequence of patches."""

from course_lib.exercises.bank.ch05 import patchify_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, patch):
    return lambda g: {"x": normal(g, b, c, h, w), "patch": patch}


PATCHIFY = Exercise(
    id="patchify",
    chapter=5,
    title="Cut into patches",
    signature="patchify(x, patch)",
    points=2,
    difficulty=2,
    importance=5,
    minutes=8,
    reference=answers.patchify,
    stages=(
        Stage(
            "one patch",
            "The image is one patch: its numbers come out in the order in which they lie, channel"
            " by channel, in each channel row by row.",
            _case(2, 3, 2, 2, 2),
        ),
        Stage(
            "patches of one pixel",
            "Each pixel is a patch, so a token holds its channels. Tokens go row by row, as one"
            " reads.",
            _case(2, 3, 2, 4, 1),
        ),
        Stage(
            "a row of patches",
            "One channel, patches side by side: the first token holds the p columns at the left,"
            " all rows of them.",
            _case(2, 1, 2, 6, 2),
        ),
        Stage(
            "a column of patches",
            "One channel, patches one below the other: the first token holds the p rows at the"
            " top.",
            _case(2, 1, 6, 2, 2),
        ),
        Stage(
            "a grid of patches",
            "One channel. Which axis holds the patches, which the pixels inside a patch, before"
            " you flatten?",
            _case(2, 1, 4, 6, 2),
        ),
        Stage(
            "all sizes differ",
            "Several channels and a grid. All channels of a patch go into its token, one after the"
            " other.",
            _case(2, 3, 4, 10, 2),
            batched=("x",),
        ),
        Stage(
            "a larger patch",
            "Larger patches, fewer of them.",
            _case(3, 4, 9, 6, 3),
            batched=("x",),
        ),
        Stage("another size", "Another size.", _case(2, 2, 12, 20, 4), batched=("x",), hidden=True),
    ),
    mistakes=(
        Mistake(
            "reshaped only",
            answers.reshaped_only,
            "The shape is right and no token holds a patch. A reshape re-reads memory in its order,"
            " and there a row of the image runs on through all the patches that it crosses.",
            "Cut both sides of the image first, to (B, C, H/p, p, W/p, p). Then bring the axes"
            " together that belong together, with a `permute`, and flatten last.",
        ),
        Mistake(
            "column by column",
            answers.permuted(0, 4, 2, 1, 3, 5),
            "Each of your tokens is a right patch, but they go down the columns of the grid. They"
            " should go along its rows.",
            "In the `permute`, rows of the grid before columns.",
        ),
        Mistake(
            "channels last inside a patch",
            answers.permuted(0, 2, 4, 3, 5, 1),
            "Inside a token you have the channels of the first pixel, then those of the second:"
            " channels last. The weights of a convolution lie the other way, (D, C, p, p), and"
            " would meet the wrong numbers.",
            "Channel first, then row, then column: where does axis 1 go in the `permute`?",
        ),
        Mistake(
            "channels between rows and columns",
            answers.permuted(0, 2, 4, 3, 1, 5),
            "Inside a token your channels stand between rows and columns.",
            "Channel first, then row, then column.",
        ),
        Mistake(
            "patches transposed",
            answers.permuted(0, 2, 4, 1, 5, 3),
            "Each of your patches lies on its side: inside a token you read column by column.",
            "The two axes of length p: rows of the patch before columns.",
        ),
        Mistake(
            "the image transposed",
            answers.image_transposed,
            "Width before height, throughout: your tokens go down the columns, and each patch lies"
            " on its side.",
            "The image is (B, C, H, W). Rows come from H, axis 2, and go before columns.",
        ),
        Mistake(
            "cut into strips",
            answers.permuted(0, 2, 1, 3, 4, 5),
            "You cut along the height only: your tokens are pieces of strips that run from the left"
            " edge to the right.",
            "The axis W/p belongs beside the axis H/p, before the pixels.",
        ),
        Mistake(
            "pixels left between rows and columns",
            answers.permuted(0, 2, 3, 4, 1, 5),
            "Only one axis of pixels has moved behind the columns of the grid. A token of yours"
            " holds pixels of one row of several patches.",
            "All three axes of a patch go behind both axes of the grid.",
        ),
        Mistake(
            "channels left in front",
            answers.channels_left_in_front,
            "The channels still stand before the grid when you flatten, so a token holds one"
            " channel of several patches. With one channel that does not show.",
            "Axis 1 moves behind both axes of the grid.",
        ),
        Mistake(
            "every channel a token",
            answers.channels_as_tokens,
            "You have C times too many tokens, each of p * p numbers: every channel of a patch"
            " became a token of its own.",
            "A token holds a patch with all of its channels.",
        ),
        Mistake(
            "pixels far apart",
            answers.places_before_patches(0, 3, 5, 1, 2, 4),
            "Your patches are made of pixels that lie H/p and W/p apart, not of neighbours: each"
            " side is cut as (p, H/p).",
            "Cut it as (H/p, p): the patches first, the pixels inside a patch last.",
        ),
        Mistake(
            "patch taken for their number",
            answers.places_before_patches(0, 2, 4, 1, 3, 5),
            "You cut each side into `patch` pieces, as (p, H/p): p * p tokens come out. `patch` is"
            " the side of a patch in pixels; how many there are follows from the image.",
            "`H // patch` rows of patches, `W // patch` columns. Each side is cut as (H/p, p).",
        ),
        Mistake(
            "overlapping",
            answers.overlapping,
            "Your patches overlap: you have one at every pixel, where each next one should start p"
            " pixels on.",
            "`stride=patch`.",
        ),
        Mistake(
            "tokens last",
            answers.tokens_last,
            "Your result is (B, C*p*p, N): a patch stands in a column. That is how `F.unfold`"
            " returns it.",
            "Exchange the last two axes with a transpose.",
        ),
        Mistake(
            "reshaped where a transpose belongs",
            answers.scrambled_after_unfold,
            "`F.unfold` gave you (B, C*p*p, N), and you brought it to (B, N, C*p*p) by a reshape."
            " That scrambles the tokens: a reshape exchanges no axes.",
            "`transpose(1, 2)` in its place.",
        ),
        Mistake(
            "the grid kept",
            answers.grid_kept,
            "Your numbers are right, but the grid still has two axes: (B, H/p, W/p, C*p*p). A"
            " Transformer wants one row of tokens.",
            "Flatten axes 1 and 2.",
        ),
        Mistake(
            "patches not flattened",
            answers.channels_in_front_of_the_pixels,
            "Your patches are right and still images: (B, N, C, p, p). A token is one vector.",
            "Flatten the last three axes.",
        ),
        Mistake(
            "all patches in one token",
            answers.all_in_one_token,
            "Your patches of an image are joined end to end, to one long vector: (B, N*C*p*p)."
            " Every patch is a token of its own.",
            "`torch.stack(..., dim=1)` where `torch.cat` stands, or keep the axis of patches when"
            " you flatten.",
        ),
        Mistake(
            "patches before the batch",
            answers.patches_before_the_batch,
            "Your tokens are right, but the patches come before the images: (N, B, C*p*p).",
            "The batch is axis 0, the patches are axis 1: `torch.stack(..., dim=1)`, or a"
            " transpose.",
        ),
        Mistake(
            "channels kept apart",
            answers.channels_kept_apart,
            "Your result still has an axis of channels, before the patches: (B, C, N, p*p). A"
            " token holds all channels of its patch.",
            "The channels go behind the axis of patches, and are flattened with the pixels.",
        ),
        Mistake(
            "moved on by one pixel",
            answers.moved_on_by_one,
            "You have the right number of patches, and each starts one pixel after the one before:"
            " they overlap, and the far part of the image is in none.",
            "The i-th patch starts at pixel i * p: `range(0, H, p)`.",
        ),
        Mistake(
            "patches in the batch",
            answers.in_the_batch,
            "Your numbers are right, but all patches of all images stand in one row: (B*N, C*p*p)."
            " Then nobody knows which image a patch came from.",
            "The batch keeps its axis.",
        ),
        Mistake(
            "averaged",
            answers.averaged,
            "You average each patch: one number a channel. A token keeps all of its pixels.",
            "No mean: C * p * p numbers in a token.",
        ),
        Mistake(
            "every p-th pixel",
            answers.one_pixel,
            "A token of yours holds one pixel, the one in the corner of its patch.",
            "All p * p pixels go into the token.",
        ),
        Mistake(
            "channels averaged",
            answers.grey,
            "Your tokens hold p * p numbers, the mean over the channels.",
            "All channels go into the token: C * p * p numbers.",
        ),
        Mistake(
            "upside down",
            answers.upside_down,
            "Your image stands on its head: row 0 is the top one.",
            "No `flip`: rows from the top down.",
        ),
    ),
    variants={
        "slices in two loops": answers.by_loops,
        "pixel by pixel": answers.by_pixel_loops,
        "F.unfold": answers.by_unfold,
        "Tensor.unfold": answers.by_tensor_unfold,
        "einsum": answers.by_einsum,
        "a convolution that copies": answers.by_convolution,
        "pixel_unshuffle": answers.by_pixel_unshuffle,
        "split and stack": answers.by_chunks,
    },
    map_axes=("patches", "numbers of a patch"),
    hints=(
        "Cut before you move anything: each side of the image becomes two axes, which patch and"
        " which pixel in it.",
        "Cut to (B, C, H/p, p, W/p, p). Bring the two axes of the grid behind B, and after them C"
        " and the two axes of pixels. Then flatten: the grid into one axis, the patch into one.",
        "`x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5)`, and one more reshape"
        " to `(B, -1, C * p * p)`.",
    ),
)
