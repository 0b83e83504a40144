"""Exercise 5.7: learned positions for an image of another size."""

import torch

from course_lib.exercises.bank.ch05 import interpolate_positions_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(old, new, dim):
    return lambda g: {
        "positions": normal(g, 1, 1 + old[0] * old[1], dim),
        "old_grid": old,
        "new_grid": new,
    }


INTERPOLATE_POSITIONS = Exercise(
    id="interpolate-positions",
    chapter=5,
    title="Positions for another image size",
    signature="resize_positions(positions, old_grid, new_grid)",
    points=4,
    difficulty=4,
    importance=4,
    minutes=15,
    reference=answers.resize_positions,
    stages=(
        Stage(
            "the same grid",
            "The grid stays as it is, so the positions do, too: apart, resize, together must give"
            " what came in.",
            _case((3, 4), (3, 4), 5),
        ),
        Stage(
            "one place",
            "A grid of a single place grows: each new place has the one vector that there is. The"
            " class token comes first, untouched.",
            _case((1, 1), (3, 4), 5),
        ),
        Stage(
            "a row, stretched",
            "A grid of one row gets longer. Which kind of interpolation is it, and where do its"
            " samples lie?",
            _case((1, 5), (1, 8), 3),
        ),
        Stage(
            "a column, stretched",
            "A grid of one column gets taller: the number of rows comes first in both grids.",
            _case((5, 1), (7, 1), 3),
        ),
        Stage(
            "all sizes differ",
            "Both sides grow, by different factors. Positions are learned, so a gradient must reach"
            " all of them, through the interpolation.",
            _case((3, 5), (4, 9), 7),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "a smaller grid",
            "The grid gets smaller. The plain cubic is asked for, with no smoothing before it.",
            _case((6, 7), (4, 2), 5),
            compare_gradients=True,  # a result with a batch of 1 has a mistake confirmed by two stages
            atol=1e-4,
        ),
        Stage(
            "wider and lower",
            "One side grows, the other shrinks.",
            _case((7, 3), (2, 5), 4),
        ),
        Stage("another size", "Another size.", _case((4, 6), (9, 7), 6), hidden=True),
    ),
    mistakes=(
        Mistake(
            "the class token in the row",
            answers.all_in_one_row,
            "You stretched all positions as one row, the class token's among them. Its vector"
            " bleeds into the first patches. It has no place in the image.",
            "Take it off first, and put it back at the end, as it was.",
        ),
        Mistake(
            "patches as one row",
            answers.patches_in_one_row,
            "You stretched the patches as one row. The end of one row of the grid is blended with"
            " the beginning of the next, which lies at the other edge.",
            "Back to the grid first: (1, h * w, D) to (1, h, w, D). Interpolate in two dimensions.",
        ),
        Mistake(
            "as it came",
            answers.as_it_came,
            "Your positions are as they came in, though the grid is another.",
            "Resize the part that belongs to the grid. Or is your factor 1, made by a `//`?",
        ),
        Mistake(
            "class token dropped",
            answers.wired(join=lambda token, patches: patches),
            "There is no class token in your result, and every token of the model would get its"
            " neighbour's position, or none.",
            "`torch.cat` puts it back, first.",
        ),
        Mistake(
            "class token at the end",
            answers.wired(join=lambda token, patches: torch.cat([patches, token], 1)),
            "The class token's position stands last in your result. It came first.",
            "`torch.cat` joins in the order of its list.",
        ),
        Mistake(
            "class token read from the end",
            answers.wired(part=lambda positions: (positions[:, -1:], positions[:, :-1])),
            "You took the last position for the class token's. It is the first.",
            "`positions[:, :1]` and `positions[:, 1:]`.",
        ),
        Mistake(
            "class token read and left at the end",
            answers.wired(
                part=lambda positions: (positions[:, -1:], positions[:, :-1]),
                join=lambda token, patches: torch.cat([patches, token], 1),
            ),
            "You took the last position for the class token's, and put it back there. It is the"
            " first.",
            "`positions[:, :1]` and `positions[:, 1:]`, and in this order together again.",
        ),
        Mistake(
            "the grid begins at the class token",
            answers.wired(part=lambda positions: (positions[:, :1], positions[:, :-1])),
            "Your grid begins with the class token's position and lacks the last patch: it is"
            " shifted by one.",
            "`positions[:, 1:]` are the patches.",
        ),
        Mistake(
            "class token zeroed",
            answers.wired(join=lambda token, patches: torch.cat([0 * token, patches], 1)),
            "The class token's position is 0 in your result. It is learned like the others.",
            "Hand it on as it is.",
        ),
        Mistake(
            "class token averaged",
            answers.wired(
                join=lambda token, patches: torch.cat([patches.mean(1, keepdim=True), patches], 1)
            ),
            "The first position of your result is the mean of the patches'. The class token has"
            " one of its own.",
            "Hand `positions[:, :1]` on as it is.",
        ),
        Mistake(
            "old height and width exchanged",
            answers.wired(image=answers.sides_exchanged),
            "You read the old grid as w rows of h. On a square grid that does not show; here each"
            " row is broken in the wrong place.",
            "`h, w = old_grid`, and height before width in the reshape.",
        ),
        Mistake(
            "new height and width exchanged",
            answers.wired(scale=answers.new_sides_exchanged),
            "You resize to W rows of H. The number of tokens is right, and they lie on another"
            " grid.",
            "`new_grid` is (rows, columns), and so is what `F.interpolate` wants.",
        ),
        Mistake(
            "both exchanged",
            answers.wired(image=answers.sides_exchanged, scale=answers.new_sides_exchanged),
            "In both grids you take the first number for the width. It is the number of rows.",
            "`h, w = old_grid` and `H, W = new_grid`.",
        ),
        Mistake(
            "rows for columns in the permute",
            answers.wired(image=answers.lying_on_its_side),
            "Your `permute` gives (1, D, w, h), a grid that lies on its side, and that is resized to"
            " H rows of W.",
            "`permute(0, 3, 1, 2)` brings the channels to the front and leaves h before w.",
        ),
        Mistake(
            "grid read in columns",
            answers.wired(image=answers.read_in_columns),
            "You fill the old grid column by column. Patches go row by row.",
            "Reshape to (1, h, w, D), rows before columns.",
        ),
        Mistake(
            "result read in columns",
            answers.wired(tokens=lambda image: image.mT.flatten(2).mT),
            "Your new grid is right, and you read it column by column. Patches go row by row.",
            "Flatten (1, D, H, W) as it is, and only then transpose.",
        ),
        Mistake(
            "reshaped to channels first",
            answers.wired(image=answers.reshaped_to_image),
            "You reshaped (1, h * w, D) straight to (1, D, h, w). The shape is right and the"
            " numbers are scrambled: a reshape exchanges no axes.",
            "Reshape to (1, h, w, D), then `permute`.",
        ),
        Mistake(
            "reshaped back to tokens",
            answers.wired(tokens=answers.reshaped_to_tokens),
            "You reshaped (1, D, H, W) straight to (1, H * W, D). The shape is right and the"
            " numbers are scrambled: a reshape exchanges no axes.",
            "`flatten(2)`, then `transpose(1, 2)`.",
        ),
        Mistake(
            "reshaped there and back",
            answers.wired(image=answers.reshaped_to_image, tokens=answers.reshaped_to_tokens),
            "Both of your reshapes should be a reshape and an exchange of axes. With the grid"
            " unchanged one undoes the other; else channels are blended with places.",
            "To (1, h, w, D), then `permute`. And back the same way.",
        ),
        Mistake(
            "nearest",
            answers.wired(scale=answers.interpolated(mode="nearest")),
            "Each new place has copied an old one: `nearest`, which is what `F.interpolate` does"
            " unless it is told. Neighbours get equal positions, as if there were no difference.",
            '`mode="bicubic"`.',
        ),
        Mistake(
            "nearest, exact",
            answers.wired(scale=answers.interpolated(mode="nearest-exact")),
            "Each new place has copied the nearest old one. Neighbours get equal positions, as if"
            " there were no difference.",
            '`mode="bicubic"`.',
        ),
        Mistake(
            "bilinear",
            answers.wired(scale=answers.interpolated(mode="bilinear", align_corners=False)),
            "You interpolate by straight lines. Bicubic is asked for.",
            '`mode="bicubic"`.',
        ),
        Mistake(
            "bilinear, corners aligned",
            answers.wired(scale=answers.interpolated(mode="bilinear", align_corners=True)),
            "You interpolate by straight lines, with the middles of the corner patches laid on each"
            " other. Bicubic is asked for, with `align_corners=False`.",
            'Two options differ: `mode="bicubic"`, and `align_corners` left off.',
        ),
        Mistake(
            "corners aligned",
            answers.wired(scale=answers.interpolated(mode="bicubic", align_corners=True)),
            "Your samples run from the middle of the first patch to the middle of the last:"
            " `align_corners=True`. A patch is an area, and the edges of the image should meet.",
            "`align_corners=False`.",
        ),
        Mistake(
            "smoothed before shrinking",
            answers.wired(scale=answers.interpolated(mode="bicubic", antialias=True)),
            "Where the grid shrinks your positions are blurred first: `antialias=True`. timm does"
            " so; the plain cubic is asked for here.",
            "Leave `antialias` off.",
        ),
        Mistake(
            "averaged over areas",
            answers.wired(scale=answers.interpolated(mode="area")),
            "Each new place is the mean over an area of the old grid.",
            '`mode="bicubic"`.',
        ),
        Mistake(
            "a little more than the factor",
            answers.wired(scale=answers.a_little_more),
            "Your numbers are a little off, most at the far end: a `scale_factor` with 0.1 added"
            " to the new size, as published code has it lest rounding loses a row. The samples"
            " then lie where the enlarged factor says.",
            "Hand `F.interpolate` the size itself.",
        ),
        Mistake(
            "cut or filled with zeros",
            answers.wired(scale=answers.cut_or_padded),
            "You keep the upper left part of the grid, or fill up with zeros. A place in the"
            " middle of the old image should be in the middle of the new one.",
            "`F.interpolate` stretches the whole grid.",
        ),
        Mistake(
            "cut or filled with the edge",
            answers.wired(scale=answers.cut_or_repeated),
            "You keep the upper left part of the grid, or repeat its last row and column. A place"
            " in the middle of the old image should be in the middle of the new one.",
            "`F.interpolate` stretches the whole grid.",
        ),
        Mistake(
            "tiled",
            answers.wired(scale=answers.tiled),
            "You lay copies of the old grid side by side. Then far places have the same position.",
            "`F.interpolate` stretches the whole grid.",
        ),
        Mistake(
            "the grid detached",
            answers.wired(part=lambda positions: (positions[:, :1], positions[:, 1:].detach())),
            "Your values are right. But the gradient reaches the class token's position alone: the"
            " others could not be trained on in the new size.",
            "No `detach()`, `.data` or `no_grad()` on the way.",
        ),
        Mistake(
            "only the height interpolated",
            answers.wired(scale=answers.rows_alone),
            "Your columns are copied, only your rows are interpolated.",
            '`mode="bicubic"` for both sides in one call.',
        ),
        Mistake(
            "scaled with the area",
            answers.wired(scale=answers.scaled_up),
            "Your numbers are multiplied with the ratio of the areas. A position is not a mass"
            " that has to be kept: its size stays.",
            "Leave the factor out.",
        ),
    ),
    variants={
        "axis by axis": answers.axis_by_axis,
        "channel by channel": answers.channel_by_channel,
        "a matrix for each axis": answers.by_matrices,
        "torchvision's resize": answers.by_torchvision,
        "float64 inside": answers.in_float64,
    },
    forbid=("course_lib.attention.interpolate_positions",),
    map_axes=("tokens", "channels"),
    hints=(
        "Positions are an image of D channels, written as a row with one vector too many at its"
        " front. What does `F.interpolate` want?",
        "Take the class token's off. Bring the others to (1, h, w, D), then to (1, D, h, w)."
        " Interpolate, bicubic. Bring them back to (1, H * W, D), and join.",
        "`positions[:, 1:].reshape(1, h, w, -1).permute(0, 3, 1, 2)`, `F.interpolate(..., (H, W),"
        ' mode="bicubic", align_corners=False)`, `flatten(2).transpose(1, 2)`, `torch.cat`.',
    ),
)
