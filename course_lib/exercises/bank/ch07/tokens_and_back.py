"""Exercise 7.4: a map as tokens, a Transformer block, and a map again."""

from course_lib.exercises.bank.ch07 import tokens_and_back_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, h, w, block=None, *, placed=True):
    """`block`: a kind of block of the answers', or None for the block that returns its tokens."""

    def draw(g):
        return {
            "x": normal(g, b, c, h, w),
            "positions": normal(g, h * w, c) * placed,
            "block": block(normal(g, c, c, scale=0.5)) if block else answers.nothing,
        }

    return draw


TOKENS_AND_BACK = Exercise(
    id="tokens-and-back",
    chapter=7,
    title="To tokens and back",
    signature="transformer_neck(x, positions, block)",
    points=2,
    difficulty=2,
    importance=5,
    minutes=8,
    reference=answers.transformer_neck,
    stages=(
        Stage(
            "a block that does nothing",
            "The block returns its tokens and all positions are zero: x must come back as it went"
            " in.",
            _case(2, 6, 2, 3, placed=False),
        ),
        Stage(
            "positions",
            "The block returns its tokens, so what comes back is x plus the positions. Row n of"
            " the table belongs to the n-th place, counted row by row.",
            _case(2, 6, 2, 3),
        ),
        Stage(
            "each token by itself",
            "The block sends each token through a matrix: it must find the channels of a place on"
            " the last axis.",
            _case(2, 6, 2, 3, answers.Channels),
        ),
        Stage(
            "tokens that look",
            "The block lets tokens look at each other: it must get all places of an image, and"
            " no other image's, in one sequence.",
            _case(2, 6, 2, 3, answers.Attention),
        ),
        Stage(
            "all sizes differ",
            "More places than channels, a batch. The gradient must reach x and the positions.",
            _case(2, 3, 4, 5, answers.Attention),
            batched=("x",),
            atol=1e-4,
        ),
        Stage(
            "a tall map",
            "More rows than columns.",
            _case(3, 4, 5, 2, answers.Attention),
            batched=("x",),
        ),
        Stage(
            "another size",
            "Another size.",
            _case(2, 5, 3, 7, answers.Attention),
            batched=("x",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "viewed, not transposed",
            answers.wired(read=answers.viewed, write=answers.viewed_back),
            "You make (B, N, C) of x by a reshape, and a map of the tokens by another. With a block"
            " that does nothing the two cancel; but in memory the channels come first, so your"
            " tokens mix places with channels.",
            "`x.flatten(2)` gives (B, C, N); then a transpose. On the way back the transpose comes"
            " first.",
        ),
        Mistake(
            "read without a transpose",
            answers.wired(read=answers.viewed),
            "You make (B, N, C) of x by a reshape. The shape is right, but in memory the channels"
            " come first: your tokens mix places with channels.",
            "`x.flatten(2)` gives (B, C, N); then a transpose.",
        ),
        Mistake(
            "written without a transpose",
            answers.wired(write=answers.viewed_back),
            "You make a map of (B, N, C) by a reshape. The shape is right, the numbers are"
            " scrambled: in memory the channels of one place stand side by side.",
            "Transpose to (B, C, N) first, then cut N into H and W.",
        ),
        Mistake(
            "column by column",
            answers.wired(read=answers.by_columns, write=answers.back_by_columns),
            "You read the places column by column, and write them so. That would do, but the table"
            " of positions goes row by row: the places get each other's positions.",
            "`x.flatten(2)` reads row by row.",
        ),
        Mistake(
            "read by columns, written by rows",
            answers.wired(read=answers.by_columns),
            "You read the places column by column and write them back row by row.",
            "`x.flatten(2)` reads row by row: no transpose of H and W before it.",
        ),
        Mistake(
            "read by rows, written by columns",
            answers.wired(write=answers.back_by_columns),
            "You read the places row by row and write them back column by column.",
            "Cut (B, C, N) into H rows of W, and stop there.",
        ),
        Mistake(
            "width before height",
            answers.wired(write=answers.back_turned),
            "Your map comes back as (B, C, W, H), with the places of a row running on into the"
            " next.",
            "Cut N into H rows of W: `reshape(B, C, H, W)`.",
        ),
        Mistake(
            "channels as tokens",
            answers.channels_as_tokens,
            "The block gets (B, C, N): each channel is a token, and the places are its numbers."
            " Here there are as many channels as places, so it does not complain.",
            "Transpose to (B, N, C) before the block, and back after it.",
        ),
        Mistake(
            "channels as tokens, with positions of places",
            answers.nothing_transposed,
            "You add the table (N, C) to (B, C, N). Here there are as many channels as places, so"
            " it fits; but channel n gets the position of place n, and the block takes channels"
            " for tokens.",
            "Transpose to (B, N, C) before you add the positions.",
        ),
        Mistake(
            "each row a sequence",
            answers.row_by_row,
            "The block gets (B, H, W, C), so a place hears only the places of its own row.",
            "Flatten H and W to one axis of N places before the block.",
        ),
        Mistake(
            "each column a sequence",
            answers.column_by_column,
            "The block gets (B, W, H, C), so a place hears only the places of its own column.",
            "Flatten H and W to one axis of N places before the block.",
        ),
        Mistake(
            "all images in one sequence",
            answers.wired(run=answers.all_images_one_sequence),
            "You join the tokens of all images to one sequence, so the images hear each other.",
            "The batch keeps its axis: (B, N, C).",
        ),
        Mistake(
            "the batch as the sequence",
            answers.wired(run=answers.batch_second),
            "The block gets (N, B, C): at each place the images of the batch look at each other."
            " PyTorch's own attention takes that order unless told `batch_first=True`; this block"
            " takes (B, N, C).",
            "The batch is axis 0, the places are axis 1.",
        ),
        Mistake(
            "no positions",
            answers.wired(place=lambda tokens, positions: tokens),
            "`positions` has no effect: the block cannot know where a token lies, for attention"
            " itself asks for no order.",
            "Add them to the tokens, before the block.",
        ),
        Mistake(
            "positions behind the block",
            answers.positions_behind,
            "You add the positions after the block. Then nobody in the block knows where a token"
            " lies.",
            "Add them before: `block(tokens + positions)`.",
        ),
        Mistake(
            "positions before and behind",
            answers.positions_on_both_sides,
            "You add the positions twice, before the block and after it.",
            "Before the block alone.",
        ),
        Mistake(
            "positions taken off again",
            answers.positions_taken_off,
            "You subtract the positions after the block. What they have told the network stays in"
            " the tokens.",
            "Add them before the block, and leave it at that.",
        ),
        Mistake(
            "positions multiplied",
            answers.wired(place=lambda tokens, positions: tokens * positions),
            "You multiply the tokens with the positions. Where a position is near zero nothing of"
            " the token is left.",
            "`tokens + positions`",
        ),
        Mistake(
            "the table viewed as a map",
            answers.positions_viewed,
            "You view the table (N, C) as a map (C, H, W). The shape is right, but the table lies"
            " place by place: each place gets numbers of several others.",
            "Add it to the tokens, (B, N, C); or transpose the table before you make a map of it.",
        ),
        Mistake(
            "positions alone",
            answers.wired(place=lambda tokens, positions: 0 * tokens + positions),
            "The block gets the positions and nothing of x.",
            "`tokens + positions`",
        ),
        Mistake(
            "x added once more",
            answers.wired(end=lambda y, x: y + x),
            "You add x to the result. The block has its own residuals inside, so x is in there"
            " already.",
            "Return the block's result as a map.",
        ),
        Mistake(
            "x returned",
            answers.wired(end=lambda y, x: x + 0 * y),
            "You return x as it came: what the block has made of it is lost.",
            "The block returns new tokens; make the map of those.",
        ),
        Mistake(
            "no block",
            answers.wired(run=lambda block, tokens: tokens),
            "The block is never asked: tokens go straight back to a map.",
            "`block(...)` between the two changes of shape.",
        ),
        Mistake(
            "the block twice",
            answers.wired(run=lambda block, tokens: block(block(tokens))),
            "You send the tokens through the block twice.",
            "Call it once.",
        ),
        Mistake(
            "tokens returned",
            answers.wired(write=lambda tokens, size: tokens),
            "You return the tokens, (B, N, C). The decoder of a U-Net wants a map.",
            "Transpose to (B, C, N) and cut N into H and W.",
        ),
        Mistake(
            "the map not cut",
            answers.wired(write=lambda tokens, size: tokens.mT),
            "You return (B, C, N): the places are still in one row.",
            "Cut the last axis into H and W: `unflatten(2, (H, W))` or a reshape.",
        ),
        Mistake(
            "channels last",
            answers.wired(write=lambda tokens, size: tokens.unflatten(1, size)),
            "Your result is (B, H, W, C): a map with the channels last.",
            "`permute(0, 3, 1, 2)`, or transpose before you cut.",
        ),
    ),
    variants={
        "permute": answers.by_permute,
        "positions as a map": answers.positions_as_a_map,
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "image by image": answers.image_by_image,
    },
    map_axes=("height", "width"),
    hints=(
        "What shape does the block want, and which two axes of x become one? Write the shape"
        " beside every line.",
        "`flatten(2)` makes (B, C, N) of x, a transpose (B, N, C). Add the positions, call the"
        " block, and go the same way back.",
        "`tokens = x.flatten(2).transpose(1, 2) + positions`; after the block a transpose, then"
        " `reshape(B, C, H, W)`.",
    ),
)
