"""Exercise 7.6: which places of a window were neighbours before the map was rolled."""

import torch

from course_lib.exercises.bank.ch07 import shifted_mask_answers as answers
from course_lib.exercises.bank.drawing import integers
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(windows, shifts, rows, columns):
    """Window, shift, and how many windows stand below and beside each other, each drawn from its choices."""

    def draw(g):
        window, shift, down, across = (_one_of(g, c) for c in (windows, shifts, rows, columns))
        return {"height": down * window, "width": across * window, "window": window, "shift": shift}

    return draw


def _one_of(g, choices):
    return choices[int(integers(g, 1, below=len(choices)))]


SHIFTED_MASK = Exercise(
    id="shifted-mask",
    chapter=7,
    title="Who may see whom after a shift",
    signature="shifted_mask(height, width, window, shift)",
    points=4,
    difficulty=4,
    importance=3,
    minutes=15,
    reference=answers.shifted_mask,
    stages=(
        Stage(
            "no shift",
            "The shift is 0, so nothing came round: in every window all pixels may see all.",
            _case((2, 3), (0,), (2, 3), (4, 5)),
        ),
        Stage(
            "windows of 2",
            "Windows of 2, shifted by 1. In the last row of windows the lower pixels came round"
            " from the top, in the last column the right ones from the left.",
            _case((2,), (1,), (2, 3), (4, 5, 6)),
        ),
        Stage(
            "a tall map",
            "More rows of windows than columns. Windows follow row by row.",
            _case((2, 3), (1,), (4, 5, 6), (2, 3)),
        ),
        Stage(
            "a shift of one pixel",
            "Windows of 4, shifted by 1: one row and one column came round, not half a window.",
            _case((4,), (1,), (2, 3), (4, 5)),
        ),
        Stage(
            "a shift of all but one",
            "Windows of 4, shifted by 3: three rows and three columns came round.",
            _case((4,), (3,), (3, 4), (2, 5)),
        ),
        Stage(
            "windows of 3",
            "Windows of 3, shifted by 2: two rows and two columns came round.",
            _case((3,), (2,), (2, 3), (4, 5)),
        ),
        Stage(
            "larger windows",
            "Larger windows.",
            _case((5, 6), (2, 4), (2, 3), (4, 5, 6, 7)),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the shift ignored",
            answers.parted(edge=answers.nothing_came_round),
            "In all of your windows all pixels may see all. In the last row and the last column of"
            " windows the roll has put pixels side by side that come from opposite edges of the"
            " map.",
            "Which rows of the rolled map came round? Give those a name of their own.",
        ),
        Mistake(
            "turned over",
            answers.result(torch.logical_not),
            "Your mask is turned over: True where a pixel must not look. Here True means that it"
            " may.",
            "`==` in place of `!=`, or `~` on the result.",
        ),
        Mistake(
            "numbers to add",
            answers.result(lambda mask: (~mask) * -100.0),
            "You return numbers to be added to the scores: 0 where a pixel may look, -100 where"
            " not, as in published code. The mask of this course is of bool.",
            "Return the comparison itself: True = may attend.",
        ),
        Mistake(
            "minus infinity to add",
            answers.result(lambda mask: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)),
            "You return numbers to be added to the scores: 0 where a pixel may look, minus infinity"
            " where not. The mask of this course is of bool.",
            "Return the comparison itself: True = may attend.",
        ),
        Mistake(
            "ones and zeros",
            answers.result(lambda mask: mask.float()),
            "Your ones and zeros stand where they should, but they are numbers. A bool mask can be"
            " turned over with `~` and handed to attention.",
            "Return the comparison itself, or `.bool()`.",
        ),
        Mistake(
            "whole numbers",
            answers.result(lambda mask: mask.long()),
            "Your ones and zeros stand where they should, but they are whole numbers. A bool mask"
            " can be turned over with `~` and handed to attention.",
            "Return the comparison itself, or `.bool()`.",
        ),
        Mistake(
            "rolled the other way",
            answers.parted(edge=answers.at_the_top),
            "You part the first row and the first column of windows. The map is rolled by minus the"
            " shift: its top leaves and comes back at the bottom.",
            "What came round stands in the last `shift` rows and columns.",
        ),
        Mistake(
            "rolled once more",
            answers.rolled_as_well,
            "You name the last rows and columns, which is where they are after the roll, and then"
            " roll the names as well.",
            "Either name the last ones and do not roll, or name the first ones and roll.",
        ),
        Mistake(
            "rows alone",
            answers.parted(both=lambda down, across: down),
            "You part the last row of windows, and the last column not: pixels from the left and"
            " from the right edge see each other there.",
            "The same for columns: a pair may meet if both, rows and columns, allow it.",
        ),
        Mistake(
            "columns alone",
            answers.parted(both=lambda down, across: across),
            "You part the last column of windows, and the last row not: pixels from the top and"
            " from the bottom see each other there.",
            "The same for rows: a pair may meet if both, rows and columns, allow it.",
        ),
        Mistake(
            "or in place of and",
            answers.parted(both=torch.logical_or),
            "Your pairs may meet if rows or columns allow it. That parts only the corner window,"
            " and there only opposite quarters.",
            "Both must allow it: `&`.",
        ),
        Mistake(
            "names that coincide",
            answers.sum_of_names,
            "What came round from the top and what came round from the left have the same name in"
            " your corner window, so they see each other. A sum of two yes or no has three values;"
            " there are four parts.",
            "Count one of them twice: `2 * down + across`; or compare rows and columns apart.",
        ),
        Mistake(
            "came round or not",
            answers.border_or_not,
            "You tell apart what came round and what did not. In the corner window there are four"
            " parts: came round from the top, from the left, both ways, not at all.",
            "A name for each of the four: `2 * down + across`.",
        ),
        Mistake(
            "only what came round twice",
            answers.corner_or_not,
            "You set apart only the pixels that came round both ways, in the corner. Those that"
            " came round one way are as strange to their window.",
            "A name for each of the four parts: `2 * down + across`.",
        ),
        Mistake(
            "only the last window",
            answers.last_window_only,
            "You part the last window, in the corner, and no other. All windows of the last row hold"
            " pixels that came round from the top, all of the last column some from the left.",
            "Name the pixels of the whole map, then cut the names into windows.",
        ),
        Mistake(
            "the ones that came round see nobody",
            answers.two_true,
            "In your mask pixels that came round see nobody, not even each other. They were"
            " neighbours of each other before the roll, and a row of a mask that is all False"
            " leaves a softmax without a key.",
            "Compare the names of both pixels: equal names may meet.",
        ),
        Mistake(
            "in every window",
            answers.in_every_window,
            "You part every window of the map, as if only pixels might meet that shared a window"
            " before the shift. But to meet across the old borders is what the shift is for; only"
            " the last row and the last column of windows hold pixels that came round.",
            "Number the rows of the whole map, and compare with `height - shift`.",
        ),
        Mistake(
            "only pixels that touch",
            answers.next_to_each_other,
            "In your mask a pixel sees only those that it touches. A window is a neighbourhood as a"
            " whole: all of its pixels may meet, unless the roll brought them together.",
            "Two parts of a window are set apart, not two pixels.",
        ),
        Mistake(
            "one too few",
            answers.parted(edge=answers.one_late),
            "You set one row and one column too few apart: the number `height - shift` is the first"
            " that came round.",
            "`>=` in place of `>`.",
        ),
        Mistake(
            "the rest of the window",
            answers.rest_of_the_window,
            "You cut the last windows after `shift` rows, not before the last `shift` rows. With a"
            " shift of half a window that is the same.",
            "What came round are the last `shift` rows and columns.",
        ),
        Mistake(
            "always half a window",
            answers.half_a_window,
            "You set half a window apart, whatever the shift. That is the usual shift; here it is"
            " an argument.",
            "`shift` in place of `window // 2`.",
        ),
        Mistake(
            "height and width exchanged",
            lambda height, width, *sizes: answers.shifted_mask(width, height, *sizes),
            "You take the height for the width: as many windows as there should be, but the parted"
            " ones stand elsewhere in the row.",
            "`height // window` rows of windows, `width // window` columns.",
        ),
        Mistake(
            "column by column",
            answers.parted(cut=answers.by_columns),
            "Your windows go down the columns of the grid. They should go along its rows.",
            "In the `permute`, rows of the grid before columns.",
        ),
        Mistake(
            "pieces of rows",
            answers.parted(cut=answers.pieces_of_rows),
            "You make windows by one reshape: they are pieces of rows, not squares.",
            "Cut both sides, to (H/w, w, W/w, w), and exchange the middle axes.",
        ),
        Mistake(
            "windows on their side",
            answers.parted(cut=answers.on_their_side),
            "Inside your windows you read column by column.",
            "The two axes of length w: rows of the window before columns.",
        ),
        Mistake(
            "not oneself",
            answers.result(lambda mask: mask & ~torch.eye(mask.shape[-1], dtype=torch.bool)),
            "In your mask no pixel may see itself.",
            "A pixel has the same name as itself: leave the diagonal True.",
        ),
        Mistake(
            "a mask for the whole map",
            answers.all_pairs,
            "Your mask has a row and a column for every pixel of the map. Attention runs in each"
            " window by itself, and needs one mask of w*w by w*w for each.",
            "Cut the names into windows first, then compare within each.",
        ),
        Mistake(
            "an axis for the heads",
            answers.result(lambda mask: mask[:, None]),
            "Your mask is right and has an axis of size 1 for the heads already.",
            "Return (windows, w*w, w*w).",
        ),
    ),
    variants={
        "nine slices, as published": answers.as_published,
        "numbers that are rolled along": answers.by_distance,
        "loops": answers.by_loops,
        "painted before the roll": answers.by_painted_corners,
        "rows and columns apart": answers.by_kronecker,
    },
    forbid=("course_lib.attention.shifted_mask",),
    map_axes=("pixels that look", "pixels looked at"),
    hints=(
        "Draw a map of 4 x 4 pixels with their numbers, roll it by -1 both ways, and cut it into"
        " windows of 2. In which windows do pixels meet that were not neighbours?",
        "Give each pixel of the rolled map a name that says whether its row came round and whether"
        " its column did: four names. Cut the names into windows as in exercise 7.5; a pair may"
        " meet if its names are equal.",
        "`down = torch.arange(height) >= height - shift`, likewise `across`; the name is"
        " `2 * down[:, None].long() + across.long()`. After the cut compare `part[:, :, None]` with"
        " `part[:, None]`.",
    ),
)
