"""Exercise 5.4: fixed positions for a grid, half of the channels for the row, half for the column."""

import torch

from course_lib.exercises.bank.ch05 import sincos_2d_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(height, width, fours):
    """Sizes are drawn, each from (low, high), both included; dim is 4 times the third."""

    def draw(g):
        height_, width_, n = (
            low + int(integers(g, below=high - low + 1)) for low, high in (height, width, fours)
        )
        return {"height": height_, "width": width_, "dim": 4 * n}

    return draw


SINCOS_2D = Exercise(
    id="sincos-2d",
    chapter=5,
    title="Sine-cosine positions in 2D",
    signature="sincos_2d(height, width, dim)",
    points=3,
    difficulty=3,
    importance=3,
    minutes=10,
    reference=answers.sincos_2d,
    stages=(
        Stage(
            "one place",
            "A single cell, row 0 and column 0: every angle is 0, so its vector is 0, 1, 0, 1 ..."
            " Sine and cosine take turns.",
            _case((1, 1), (1, 1), (2, 40)),
        ),
        Stage(
            "one row, one wave",
            "One row and 4 channels. The first two say row 0, so they are 0 and 1 everywhere. The"
            " other two are sine and cosine of the column, 0, 1, 2 ...",
            _case((1, 1), (3, 40), (1, 1)),
        ),
        Stage(
            "one column, one wave",
            "One column and 4 channels: now the first two change, and the last two are 0 and 1.",
            _case((3, 40), (1, 1), (1, 1)),
        ),
        Stage(
            "a grid, one wave",
            "A grid and 4 channels: the cells of the first row come first, then those of the"
            " second.",
            _case((2, 5), (6, 9), (1, 1)),
        ),
        Stage(
            "a row, several waves",
            "One row, several waves. Wave i of a half turns by 10000 ** (-2 * i / (dim / 2)) a"
            " step: dim / 2, because each half is a set of waves of its own.",
            _case((1, 1), (4, 12), (3, 9)),
        ),
        Stage(
            "all sizes differ",
            "A grid and several waves, everything at once.",
            _case((6, 7), (3, 5), (3, 6)),
        ),
        Stage(
            "a larger grid",
            "A larger grid, more channels.",
            _case((9, 14), (15, 21), (7, 16)),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "column first",
            answers.wired(join=lambda rows, columns: torch.cat([columns, rows], -1)),
            "Your first half says the column and your second half the row. Much published code has"
            " it like that, some of it by accident: x before y.",
            "Here the row comes first, as height comes before width.",
        ),
        Mistake(
            "sines first, then cosines",
            answers.wired(wave=lambda angle: torch.cat([angle.sin(), angle.cos()], -1)),
            "In each half you have all the sines and then all the cosines. That is as good a"
            " convention, and another one.",
            "Here they take turns: `torch.stack([sin, cos], -1)`, and the last two axes flattened.",
        ),
        Mistake(
            "column first, and sines first",
            answers.column_first_and_sines_first,
            "You have the order of MAE's published code: the column in the first half, and in each"
            " half all the sines, then all the cosines.",
            "Here the row comes first, and sine and cosine take turns.",
        ),
        Mistake(
            "all sines of both, then all cosines",
            answers.all_sines_of_both_first,
            "Your first half holds sines of both coordinates, your second half cosines of both.",
            "The halves are for row and column. Inside each, sine and cosine take turns.",
        ),
        Mistake(
            "cosine before sine",
            answers.wired(wave=lambda a: torch.stack([a.cos(), a.sin()], -1).flatten(-2)),
            "Your cosines stand where the sines belong: the cell at row 0, column 0 should begin"
            " with 0, 1.",
            "Sine in the even channels, cosine in the odd ones.",
        ),
        Mistake(
            "sines only",
            answers.wired(wave=lambda a: torch.stack([a.sin(), a.sin()], -1).flatten(-2)),
            "There is no cosine in your table. A sine alone has the same value at two places of"
            " each turn.",
            "Sine in the even channels, cosine in the odd ones, of the same angle.",
        ),
        Mistake(
            "each channel a speed of its own",
            answers.each_channel_its_own_speed,
            "Your cosines turn at another speed than the sines beside them: the exponent counts"
            " channels, where it should count pairs.",
            "Sine and cosine of one pair share the angle. `torch.arange(0, dim // 2, 2)` counts 0,"
            " 2, 4 ... once for each pair.",
        ),
        Mistake(
            "exponent halved",
            answers.wired(speeds=lambda half: 10000.0 ** (-torch.arange(0, half, 2) / (2 * half))),
            "Your exponents are half of what they should be, so the waves stop halfway to the"
            " slowest. Either you divide by dim, or the 2 in front of i is missing.",
            "2i / (dim / 2), with i = 0, 1, 2 ... Each half is a set of waves of its own, of dim / 2"
            " channels.",
        ),
        Mistake(
            "exponent doubled",
            answers.wired(speeds=lambda half: 10000.0 ** (-2 * torch.arange(0, half, 2) / half)),
            "Your exponent goes to 2: it counts 0, 2, 4 ... and has the 2 in front besides.",
            "One of the two is enough.",
        ),
        Mistake(
            "the slowest at 1 / 10000",
            answers.wired(speeds=answers.ends_at_the_base),
            "Your last wave turns by exactly 1 / 10000: you spread the exponents from 0 to 1, both"
            " included. Some published code does. Here the last exponent stays below 1.",
            "2i / (dim / 2): divide by the number of channels, not by one less than the number of"
            " waves.",
        ),
        Mistake(
            "the slowest at 1 / 10000, and 0 / 0",
            answers.wired(speeds=answers.ends_at_the_base_or_nowhere),
            "You divide by the number of waves less 1. With a single wave that is 0 / 0, which is"
            " NaN; with more, your exponents run up to 1, and the last should stay below.",
            "2i / (dim / 2): divide by the number of channels of a half.",
        ),
        Mistake(
            "all at one speed",
            answers.wired(speeds=lambda half: torch.ones(half // 2)),
            "All your waves turn at the same speed, 1 radian a step. Then 2 of a half's channels"
            " say as much as all of them, and after about 6 steps they repeat.",
            "Wave i turns by 10000 ** (-2i / (dim / 2)). Did a `//` make the exponent 0?",
        ),
        Mistake(
            "faster and faster",
            answers.wired(speeds=lambda half: 10000.0 ** (torch.arange(0, half, 2) / half)),
            "Your waves turn faster from pair to pair, up to thousands of radians a step. That is"
            " noise: neighbours have nothing in common.",
            "The position is divided by the power, not multiplied: a minus in the exponent.",
        ),
        Mistake(
            "column by column",
            answers.wired(where=answers.column_by_column),
            "Your table goes down the columns of the grid: cell 1 is the second cell of the first"
            " column. `meshgrid` does that when rows and columns are handed over in the other"
            " order, or with `indexing='xy'`.",
            "Cell n is in row n // width and column n % width.",
        ),
        Mistake(
            "rows repeated like columns",
            answers.wired(where=lambda h, w: (torch.arange(h * w) % h, torch.arange(h * w) % w)),
            "Both of your coordinates count up together, cell by cell: the rows' table is repeated"
            " whole, like the columns'.",
            "A row's number stays for `width` cells: `repeat_interleave(width, 0)`.",
        ),
        Mistake(
            "columns repeated like rows",
            answers.wired(where=lambda h, w: (torch.arange(h * w) // w, torch.arange(h * w) // h)),
            "Both of your coordinates stay for several cells: each column's vector is repeated on"
            " the spot, like the rows'.",
            "The column counts up from cell to cell and begins anew in each row: `repeat(height,"
            " 1)`.",
        ),
        Mistake(
            "height and width exchanged",
            answers.height_and_width_exchanged,
            "Your table is that of a grid of `width` rows and `height` columns.",
            "Rows run to `height`, and one row has `width` cells.",
        ),
        Mistake(
            "the row twice",
            answers.cells(lambda i, j, h, w: (i, i)),
            "Both halves say the row. All cells of a row have the same vector.",
            "The second half is made of the column.",
        ),
        Mistake(
            "the column twice",
            answers.cells(lambda i, j, h, w: (j, j)),
            "Both halves say the column. All cells of a column have the same vector.",
            "The first half is made of the row.",
        ),
        Mistake(
            "one dimension",
            answers.one_dimensional,
            "You number the cells 0, 1, 2 ... and give each number its waves. Then the last cell"
            " of a row is next to the first of the following, and nothing says that two cells"
            " stand one below the other.",
            "Two halves: waves of the row, waves of the column.",
        ),
        Mistake(
            "added",
            answers.added,
            "You add the waves of the row and those of the column, each of dim channels. Then row"
            " 2, column 5 has the vector of row 5, column 2.",
            "Half of the channels each, one beside the other.",
        ),
        Mistake(
            "row and column take turns",
            answers.wired(join=lambda rows, columns: torch.stack([rows, columns], -1).flatten(-2)),
            "Row and column take turns, channel by channel.",
            "First all channels of the row, then all of the column: `torch.cat`.",
        ),
        Mistake(
            "whole turns",
            answers.cells(lambda i, j, h, w: (2 * torch.pi * i, 2 * torch.pi * j)),
            "Your angles are multiplied with 2 pi, so the first wave makes a whole turn with each"
            " step, and has the same value everywhere.",
            "The first wave turns by 1 radian a step: leave the 2 pi out.",
        ),
        Mistake(
            "counted from 1",
            answers.cells(lambda i, j, h, w: (i + 1, j + 1)),
            "You count rows and columns from 1. The first is 0.",
            "`torch.arange(height)`, `torch.arange(width)`.",
        ),
        Mistake(
            "from 0 to 1",
            answers.cells(lambda i, j, h, w: (i / h, j / w)),
            "You divide the coordinates by the size of the grid. A step then means something else"
            " in every image size.",
            "A step is 1: use row and column as they are.",
        ),
        Mistake(
            "centred",
            answers.cells(lambda i, j, h, w: (i - (h - 1) / 2, j - (w - 1) / 2)),
            "Your coordinates are 0 in the middle of the grid. Here they count from the upper left"
            " corner.",
            "`torch.arange(height)`, `torch.arange(width)`.",
        ),
        Mistake(
            "the grid kept",
            answers.grid_kept,
            "Your numbers are right and still lie on the grid, (H, W, dim). They are to be added"
            " to a row of tokens.",
            "Flatten the first two axes.",
        ),
        Mistake(
            "an axis in front",
            answers.axis_in_front,
            "Your numbers are right, with an axis of length 1 before them, as the model keeps its"
            " learned positions.",
            "Return two axes: (H*W, dim).",
        ),
        Mistake(
            "pairs not flattened",
            answers.pairs_not_flattened,
            "Sine and cosine still have an axis of their own: (H*W, dim / 2, 2).",
            "Flatten the last two axes.",
        ),
        Mistake(
            "channels first",
            answers.channels_first,
            "Your table is (dim, H*W), a position in each column. The tokens have theirs in rows.",
            "A transpose at the end.",
        ),
        Mistake(
            "reshaped where a transpose belongs",
            answers.reshaped_from_channels_first,
            "You had (dim, H, W) and reshaped it to (H*W, dim). The shape is right, and every row"
            " holds one channel of several cells: a reshape exchanges no axes.",
            "Flatten to (dim, H*W), then transpose.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "meshgrid": answers.by_meshgrid,
        "points on a circle": answers.by_turning,
        "filled in": answers.by_filling,
        "sines a quarter turn ahead": answers.by_shifted_sines,
    },
    forbid=(
        "course_lib.attention.sincos_positions_1d",
        "course_lib.attention.sincos_positions_2d",
    ),
    map_axes=("cells", "channels"),
    hints=(
        "A cell has two coordinates. Each gets half of the channels, and in its half it is treated"
        " as a position in a row of words was.",
        "Make a table of waves for the rows, (H, dim / 2), and one for the columns, (W, dim / 2)."
        " Then repeat each row's vector W times in a row, and the whole column table H times. Join"
        " them along the channels.",
        "`speed = 10000 ** (-torch.arange(0, half, 2) / half)`; `angle = torch.arange(n)[:, None]"
        " * speed`; `torch.stack([angle.sin(), angle.cos()], -1).flatten(1)`. The rows'"
        " `repeat_interleave(width, 0)` beside the columns' `repeat(height, 1)`.",
    ),
)
