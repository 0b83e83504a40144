"""Exercise 8.8: which places criss-cross attention may look at, as a mask."""

import torch

from course_lib.exercises.bank.ch08 import criss_cross_mask_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(height, width):
    """Each side is drawn from a range, both ends included."""

    def draw(g):
        sides = [low + int(integers(g, below=high - low + 1)) for low, high in (height, width)]
        return {"height": sides[0], "width": sides[1]}

    return draw


def _square(g):
    side = 3 + int(integers(g, below=4))
    return {"height": side, "width": side}


CRISS_CROSS_MASK = Exercise(
    id="criss-cross-mask",
    chapter=8,
    title="A row and a column",
    signature="criss_cross_mask(height, width)",
    points=2,
    difficulty=2,
    importance=3,
    minutes=6,
    reference=answers.criss_cross_mask,
    stages=(
        Stage(
            "a square",
            "As many rows as columns. Each place may attend to its row and its column, itself"
            " included: 2 H - 1 places.",
            _square,
        ),
        Stage(
            "one row",
            "A map of one row: every place is in the row of every other, so all may attend to all.",
            _case((1, 1), (2, 8)),
        ),
        Stage(
            "one column",
            "A map of one column: every place is in the column of every other, so all may attend to"
            " all.",
            _case((2, 8), (1, 1)),
        ),
        Stage(
            "a wide map",
            "More columns than rows. Place n lies in row n // W and column n % W.",
            _case((2, 4), (6, 9)),
        ),
        Stage(
            "a tall map",
            "More rows than columns.",
            _case((6, 9), (3, 4)),
        ),
        Stage(
            "two rows",
            "Two rows only: all of one's own row, and one place of the other.",
            _case((2, 2), (4, 10)),
        ),
        Stage(
            "a large map",
            "A few hundred places.",
            _case((10, 14), (15, 20)),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the row alone",
            answers.wired(join=lambda row, column: row),
            "Your places attend to their row only.",
            "The row or the column: `|`.",
        ),
        Mistake(
            "the column alone",
            answers.wired(join=lambda row, column: column),
            "Your places attend to their column only.",
            "The row or the column: `|`.",
        ),
        Mistake(
            "row and column at once",
            answers.wired(join=torch.logical_and),
            "You ask for the same row and the same column. That is the place itself and nothing"
            " else.",
            "One of the two is enough: `|`, not `&`.",
        ),
        Mistake(
            "either, not both",
            answers.wired(join=torch.logical_xor),
            "The place itself is left out: it shares both row and column, and an exclusive or says"
            " no to that.",
            "`|`, not `^` or `!=`.",
        ),
        Mistake(
            "turned over",
            answers.wired(join=lambda row, column: ~(row | column)),
            "Your mask is turned over: True where a place may not attend.",
            "True is for what may be attended to, as everywhere in this course.",
        ),
        Mistake(
            "height for width",
            answers.wired(read=answers.height_for_width),
            "You divide by the height, or count places column by column. The course's maps run row by"
            " row, as `flatten(2)` does, and a row is W long.",
            "`n // width` and `n % width`.",
        ),
        Mistake(
            "rows by the height",
            answers.wired(read=answers.rows_by_height),
            "Your columns are right; for the rows you divide by the height. A row ends after W"
            " places.",
            "Both by the width: `n // width`, `n % width`.",
        ),
        Mistake(
            "columns by the height",
            answers.wired(read=answers.columns_by_height),
            "Your rows are right; for the columns you take the remainder by the height.",
            "Both by the width: `n // width`, `n % width`.",
        ),
        Mistake(
            "rows by repeat",
            answers.wired(read=answers.rows_by_repeat),
            "Your rows count 0, 1, 2 and begin again, as `arange(H).repeat(W)` does. The row stays the"
            " same for W places before it goes up.",
            "`n // width`, or `repeat_interleave(width)`.",
        ),
        Mistake(
            "near in the list",
            answers.near_in_the_list,
            "Your row is all that lies less than W places away in the list. That reaches into the"
            " rows before and after.",
            "The same row has the same `n // width`.",
        ),
        Mistake(
            "diagonals too",
            answers.with_distances(
                lambda down, right: (down == 0) | (right == 0) | (down.abs() == right.abs())
            ),
            "Your places look along the diagonals as well, as a queen does.",
            "Row and column only, as a rook.",
        ),
        Mistake(
            "diagonals only",
            answers.with_distances(lambda down, right: down.abs() == right.abs()),
            "Your places look along the diagonals. A criss-cross is upright.",
            "The same row or the same column.",
        ),
        Mistake(
            "neighbours only",
            answers.with_distances(lambda down, right: down.abs() + right.abs() <= 1),
            "Your places attend to themselves and their four neighbours.",
            "The whole row and the whole column.",
        ),
        Mistake(
            "a square around each place",
            answers.with_distances(lambda down, right: torch.maximum(down.abs(), right.abs()) <= 1),
            "Your places attend to the square around them, as a 3x3 convolution does.",
            "The whole row and the whole column.",
        ),
        Mistake(
            "only what came before",
            answers.causal,
            "Your mask is cut off above the diagonal: a place sees only what comes before it, as in"
            " text.",
            "Places to the right and below count as well.",
        ),
        Mistake(
            "one cross for all",
            answers.of_the_middle,
            "All your queries share one cross.",
            "Compare each query's row and column with each key's: `row[:, None] == row`.",
        ),
        Mistake(
            "all to all",
            answers.wired(join=lambda row, column: torch.ones_like(row)),
            "In yours every place may attend to every other: full self-attention.",
            "The same row or the same column.",
        ),
    ),
    variants={
        "Kronecker products": answers.by_kronecker,
        "painted": answers.by_painting,
        "meshgrid": answers.by_meshgrid,
        "lists": answers.by_lists,
    },
    forbid=("course_lib.attention.criss_cross.criss_cross_mask",),
    map_axes=("queries", "keys"),
    hints=(
        "Number the places of a 2x3 map from 0 to 5, row by row. Which does place 4 see?",
        "The row of every place and its column, two vectors of N numbers. Compare each with itself,"
        " all against all, and join the two (N, N) results.",
        "`row = torch.arange(height * width) // width`; the column is what remains, `%`."
        " `row[:, None] == row` says which two share a row.",
    ),
)
