"""Exercise 5.2: patches put back together to an image."""

from course_lib.exercises.bank.ch05 import unpatchify_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, rows, columns, patch):
    return lambda g: {
        "tokens": normal(g, b, rows * columns, c * patch**2),
        "grid": (rows, columns),
        "channels": c,
    }


UNPATCHIFY = Exercise(
    id="unpatchify",
    chapter=5,
    title="Put the patches back",
    signature="unpatchify(tokens, grid, channels)",
    points=2,
    difficulty=2,
    importance=3,
    minutes=6,
    reference=answers.unpatchify,
    stages=(
        Stage(
            "one patch",
            "One patch is the whole image: its numbers lie channel by channel, in each channel row"
            " by row.",
            _case(2, 3, 1, 1, 2),
        ),
        Stage(
            "patches of one pixel",
            "Each token is a pixel, and tokens go row by row. A token's numbers are its channels,"
            " and those come before height and width.",
            _case(2, 3, 2, 4, 1),
        ),
        Stage(
            "a row of patches",
            "One channel, patches side by side.",
            _case(2, 1, 1, 3, 2),
        ),
        Stage(
            "a column of patches",
            "One channel, patches one below the other.",
            _case(2, 1, 3, 1, 2),
        ),
        Stage(
            "a grid of patches",
            "One channel. A row of the image runs through all the patches of its row of the grid:"
            " which axes must stand side by side before you join them?",
            _case(2, 1, 2, 3, 2),
        ),
        Stage(
            "all sizes differ",
            "Several channels and a grid. The side of a patch follows from a token's length and"
            " the number of channels.",
            _case(2, 3, 2, 5, 2),
            batched=("tokens",),
        ),
        Stage(
            "a larger patch",
            "Larger patches, fewer of them.",
            _case(3, 4, 3, 2, 3),
            batched=("tokens",),
        ),
        Stage("another size", "Another size.", _case(2, 2, 3, 5, 4), batched=("tokens",), hidden=True),
    ),
    mistakes=(
        Mistake(
            "reshaped only",
            answers.wired(order=(0, 1, 2, 3, 4, 5)),
            "The shape is right and the picture is scrambled. A reshape re-reads memory in its"
            " order: it fills the first rows of the image with the whole first patch.",
            "Reshape to the axes that the tokens have, (B, rows, columns, C, p, p). Then `permute`,"
            " and join axes last.",
        ),
        Mistake(
            "column by column",
            answers.wired(order=(0, 3, 2, 4, 1, 5), cut="crCpq"),
            "You lay the patches down the columns of the grid. They came row by row.",
            "In the reshape, rows before columns.",
        ),
        Mistake(
            "columns taken for rows",
            answers.wired(order=(0, 3, 2, 4, 1, 5)),
            "The axis of rows and that of columns have changed places in your `permute`.",
            "Height is made of the rows of the grid and the rows of a patch, in this order.",
        ),
        Mistake(
            "width before height",
            answers.width_before_height,
            "Your image is as wide as it should be high: `grid` is (rows, columns), height first.",
            "`rows, columns = grid`.",
        ),
        Mistake(
            "the image transposed",
            answers.transposed,
            "Your image lies on its side: height and width are exchanged, patches and all.",
            "In the `permute`, the axes of the rows come before those of the columns.",
        ),
        Mistake(
            "the grid transposed",
            answers.wired(order=(0, 3, 2, 4, 1, 5), upright=False),
            "Every patch is upright, but rows and columns of the grid are exchanged: what belongs"
            " on the right is at the bottom.",
            "Patches of one row of the grid stand side by side, along the width.",
        ),
        Mistake(
            "a row taken to be as long as a column",
            answers.row_length_mistaken,
            "You find patch (i, j) at i * rows + j. A row of the grid has `columns` patches.",
            "`i * columns + j`.",
        ),
        Mistake(
            "the permute of patchify",
            answers.wired(order=(0, 2, 4, 1, 3, 5)),
            "That is the `permute` that cut the image up. It does not undo itself.",
            "Your axes are (B, rows, columns, C, p, p). Where does each have to go, to make"
            " (B, C, rows, p, columns, p)?",
        ),
        Mistake(
            "patchify once more",
            answers.wired(order=(0, 2, 4, 1, 3, 5), cut="Crpcq"),
            "You run `patchify` a second time: its reshape, and its `permute`. Its steps have to be"
            " undone, the last one first.",
            "The tokens are (B, rows, columns, C, p, p) when you reshape them. Permute after that.",
        ),
        Mistake(
            "channels last inside a patch",
            answers.wired(order=(0, 5, 1, 3, 2, 4), cut="rcpqC"),
            "You read a token as (p, p, C), channels last. It lies as (C, p, p).",
            "In the reshape, the channels come before the two axes of pixels.",
        ),
        Mistake(
            "channels between rows and columns",
            answers.wired(order=(0, 4, 1, 3, 2, 5), cut="rcpCq"),
            "You read a token as (p, C, p). It lies as (C, p, p).",
            "In the reshape, the channels come before the two axes of pixels.",
        ),
        Mistake(
            "patches transposed",
            answers.wired(order=(0, 3, 1, 5, 2, 4)),
            "Every patch is at its place and lies on its side: its rows and columns are exchanged.",
            "The first of the two axes of pixels belongs to the height.",
        ),
        Mistake(
            "channels before the grid",
            answers.wired(order=(0, 1, 2, 4, 3, 5), cut="Crcpq"),
            "You reshape as if the channels came before the patches. A token holds all channels of"
            " its patch: the patches come first.",
            "In the reshape, rows and columns of the grid, then C, p, p.",
        ),
        Mistake(
            "pixels before patches",
            answers.wired(order=(0, 3, 4, 1, 5, 2)),
            "You join each side as (p, rows): neighbours in a patch end up far apart, and the"
            " patches are woven into each other.",
            "Join as (rows, p): the patch first, the pixel inside it last.",
        ),
        Mistake(
            "patches one after another",
            answers.wired(order=(0, 3, 1, 2, 4, 5)),
            "The channels are at their place. But in each channel your patches follow one another"
            " whole, so a row of your image is made of rows of one patch.",
            "The axis of a patch's rows belongs between the rows and the columns of the grid.",
        ),
        Mistake(
            "channels not moved",
            answers.wired(order=(0, 1, 4, 2, 5, 3)),
            "You join the sides right, but the channels stand last when you reshape, so they are"
            " mixed with the pixels.",
            "In the `permute`, the channels come right after the batch.",
        ),
        Mistake(
            "channels left behind the rows",
            answers.wired(order=(0, 1, 3, 4, 2, 5)),
            "The rows of the grid stand before the channels when you join axes, so channels and"
            " rows are mixed. With one channel that does not show.",
            "In the `permute`, the channels come right after the batch.",
        ),
        Mistake(
            "not joined",
            answers.not_flattened,
            "Your axes are in the right order, six of them: (B, C, rows, p, columns, p). An image"
            " has four.",
            "A last reshape joins rows with p, and columns with p.",
        ),
        Mistake(
            "channels last",
            answers.channels_last,
            "Your image is right and has its channels last: (B, H, W, C), as matplotlib likes it.",
            "PyTorch wants (B, C, H, W).",
        ),
        Mistake(
            "channels as images",
            answers.channels_as_images,
            "Your result has lost an axis: the channels are in the batch.",
            "Return four axes, (B, C, H, W).",
        ),
        Mistake(
            "all in one row",
            answers.patches_in_one_row,
            "You lay all patches into one row, and `grid` is not used.",
            "`rows, columns = grid`: after `columns` patches the next row begins.",
        ),
        Mistake(
            "all in one column",
            answers.patches_in_one_column,
            "You lay all patches one below the other, and `grid` is not used.",
            "`rows, columns = grid`: after `columns` patches the next row begins.",
        ),
        Mistake(
            "one place a patch",
            answers.grid_as_pixels,
            "Your result is (B, C*p*p, rows, columns): a map with one place for each patch, as it"
            " lies between the layers of a Transformer. The pixels are still channels there.",
            "Split a token into C, p, p, and join the two p with rows and columns.",
        ),
        Mistake(
            "the first channel for all",
            answers.same_for_all_channels,
            "All channels of your image are the first one.",
            "The channels are an axis of their own in the reshape.",
        ),
        Mistake(
            "upside down",
            answers.upside_down,
            "Your image stands on its head: the first row of patches is the top one.",
            "No `flip`: rows from the top down.",
        ),
    ),
    variants={
        "slices": answers.by_slices,
        "rows of patches joined": answers.by_rows_of_patches,
        "F.fold": answers.by_fold,
        "einsum": answers.by_einsum,
        "pixel_shuffle": answers.by_pixel_shuffle,
        "a transposed convolution that copies": answers.by_transposed_convolution,
        "transposes": answers.by_two_transposes,
    },
    map_axes=("rows", "columns"),
    hints=(
        "It is the last exercise run backwards. Which axes did the numbers have just before they"
        " became tokens?",
        "Reshape to (B, rows, columns, C, p, p). Then order the axes so that rows stands beside"
        " the first p, and columns beside the second. Then join them.",
        "`p = int((tokens.shape[-1] // channels) ** 0.5)`; then the reshape, `permute(0, 3, 1, 4,"
        " 2, 5)`, and a reshape to `(B, channels, rows * p, columns * p)`.",
    ),
)
