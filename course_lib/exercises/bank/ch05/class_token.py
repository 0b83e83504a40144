"""Exercise 5.5: a class token before the patches, and a position for each."""

from course_lib.exercises.bank.ch05 import class_token_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, n, d, patches=1.0, cls_token=1.0, positions=1.0):
    """Three numbers say how large each of the inputs is; 0 switches it off."""
    return lambda g: {
        "patches": normal(g, b, n, d, scale=patches),
        "cls_token": normal(g, 1, 1, d, scale=cls_token),
        "positions": normal(g, 1, n + 1, d, scale=positions),
    }


CLASS_TOKEN = Exercise(
    id="class-token",
    chapter=5,
    title="The class token",
    signature="add_class_token(patches, cls_token, positions)",
    points=1,
    difficulty=1,
    importance=5,
    minutes=5,
    reference=answers.add_class_token,
    stages=(
        Stage(
            "no positions",
            "One image, and all positions are 0: the class token comes first, then the patches as"
            " they are.",
            _case(1, 3, 4, positions=0.0),
        ),
        Stage(
            "positions alone",
            "Patches and class token are 0: what comes out are the positions, one for every token,"
            " the class token too.",
            _case(1, 4, 3, patches=0.0, cls_token=0.0),
        ),
        Stage("one image", "One image, everything at work.", _case(1, 4, 5)),
        Stage(
            "a batch",
            "Several images: each gets the same class token and the same positions.",
            _case(3, 4, 6),
            batched=("patches",),
        ),
        Stage(
            "all sizes differ",
            "A batch, and sizes that all differ. The class token and the positions are learned, so"
            " a gradient must reach both, from every image.",
            _case(2, 7, 5),
            batched=("patches",),
            compare_gradients=True,
        ),
        Stage("a single patch", "One patch, so two tokens.", _case(3, 1, 4), batched=("patches",)),
        Stage("another size", "Another size.", _case(4, 9, 8), batched=("patches",), hidden=True),
    ),
    mistakes=(
        Mistake(
            "appended last",
            answers.last,
            "Your class token stands behind the patches. The classifier reads token 0, and there"
            " it would find a patch.",
            "`torch.cat` joins in the order of its list.",
        ),
        Mistake(
            "appended last, with the first position",
            answers.last_with_its_position,
            "Each token has its own position, but your class token stands behind the patches. The"
            " classifier reads token 0, and there it would find a patch.",
            "The class token comes first in the list that you hand to `torch.cat`.",
        ),
        Mistake(
            "positions before the token",
            answers.positions_before_the_token,
            "Your patches have their positions, your class token has none: you added the positions"
            " before you put it in front.",
            "Join first, then add all N + 1 positions at once.",
        ),
        Mistake(
            "positions before the token, from 0",
            answers.positions_before_the_token_from_0,
            "You gave the patches the first N positions and the class token none. Position 0 is"
            " the class token's, and the last one went unused.",
            "Join first, then add all N + 1 positions at once.",
        ),
        Mistake(
            "only the class token has a position",
            answers.first_position_alone,
            "You added a position to the class token alone. The patches need theirs more: without"
            " them the model cannot tell an image from a shuffled one.",
            "Add all N + 1 positions at once, after joining.",
        ),
        Mistake(
            "positions shifted by one",
            answers.placed(lambda positions: positions.roll(1, 1)),
            "Your patches have the positions 0 to N-1 and the class token the last. Position 0 is"
            " the class token's.",
            "Join first, then add `positions` as they are.",
        ),
        Mistake(
            "the same position for all",
            answers.placed(lambda positions: positions[:, :1]),
            "All your tokens have position 0. Then positions say nothing.",
            "Add `positions` as they are: (1, N + 1, D) fits (B, N + 1, D).",
        ),
        Mistake(
            "positions averaged",
            answers.placed(lambda positions: positions.mean(1, keepdim=True)),
            "All your tokens get the mean of the positions. Then positions say nothing.",
            "Add `positions` as they are: (1, N + 1, D) fits (B, N + 1, D).",
        ),
        Mistake(
            "positions reversed",
            answers.placed(lambda positions: positions.flip(1)),
            "Your positions run backwards: the class token has the last one.",
            "Add `positions` as they are.",
        ),
        Mistake(
            "positions forgotten",
            answers.placed(lambda positions: 0.0),
            "Your tokens have no positions: `positions` has no effect.",
            "Add them after joining.",
        ),
        Mistake(
            "positions twice",
            answers.placed(lambda positions: 2 * positions),
            "You add the positions twice, to every token.",
            "Once, after joining: the class token's position is among them.",
        ),
        Mistake(
            "positions twice for the patches",
            lambda patches, cls_token, positions: answers.add_class_token(
                patches + positions[:, 1:], cls_token, positions
            ),
            "Your patches have their positions twice: once before joining, once after.",
            "Once, after joining.",
        ),
        Mistake(
            "positions subtracted",
            answers.placed(lambda positions: -positions),
            "You subtract the positions. They are added.",
            "A plus in place of the minus.",
        ),
        Mistake(
            "positions multiplied",
            answers.multiplied,
            "You multiply with the positions. A position near 0 would wipe its patch out.",
            "A plus in place of the product.",
        ),
        Mistake(
            "positions beside the tokens",
            answers.beside,
            "You joined the positions to the tokens along the channels: (B, N+1, 2D). They are"
            " added, and the width stays D.",
            "A plus, not a second `torch.cat`.",
        ),
        Mistake(
            "positions as tokens",
            answers.positions_as_tokens,
            "You put the positions behind the tokens, as tokens of their own: (B, 2N+2, D). They"
            " are added, one to each token.",
            "A plus, not a further entry in `torch.cat`.",
        ),
        Mistake(
            "in place of the first patch",
            answers.in_place_of_the_first,
            "Your class token has taken the place of the first patch. N patches and the class"
            " token make N + 1 tokens.",
            "Put it before all patches, and keep them all.",
        ),
        Mistake(
            "added to every patch",
            answers.added_to_the_patches,
            "You added the class token to every patch. It is a token of its own, one more in the"
            " row.",
            "`torch.cat` along axis 1.",
        ),
        Mistake(
            "no class token",
            answers.no_class_token,
            "Your tokens are the patches alone, and `cls_token` has no effect.",
            "Put it before them with `torch.cat`, along axis 1.",
        ),
        Mistake(
            "the class token alone",
            answers.class_token_alone,
            "You return the class token alone. Before the first layer it knows nothing yet of the"
            " image: it must go through the layers with the patches.",
            "Return all N + 1 tokens.",
        ),
        Mistake(
            "the mean of the patches",
            answers.token(lambda patches, cls_token: patches.mean(1, keepdim=True)),
            "Your first token is the mean of the patches, and `cls_token` has no effect.",
            "The class token is learned and the same for every image: use what is given.",
        ),
        Mistake(
            "the mean of the patches added",
            answers.token(lambda patches, cls_token: cls_token + patches.mean(1, keepdim=True)),
            "You add the mean of the patches to the class token. What it gathers from them is for"
            " attention to find.",
            "The class token as it is, the same for every image.",
        ),
        Mistake(
            "a token of zeros",
            answers.token(lambda patches, cls_token: patches.new_zeros(1, 1, patches.shape[-1])),
            "Your first token is 0, and `cls_token` has no effect: it looks as if a new one was"
            " made inside the function. A parameter that is made anew in each call never learns.",
            "Use what is given.",
        ),
        Mistake(
            "a token of ones",
            answers.token(lambda patches, cls_token: patches.new_ones(1, 1, patches.shape[-1])),
            "Your first token is 1 throughout, and `cls_token` has no effect: it looks as if a new"
            " one was made inside the function.",
            "Use what is given.",
        ),
        Mistake(
            "the first image only",
            answers.first_image_only,
            "You return one image, whatever the batch: the class token has batch size 1, and"
            " instead of widening it you kept the first image only.",
            "`cls_token.expand(B, -1, -1)` gives every image one.",
        ),
        Mistake(
            "a token for the first image only",
            answers.token_for_the_first_image,
            "Only the first image has a class token; the others begin with zeros.",
            "`cls_token.expand(B, -1, -1)` gives every image one.",
        ),
        Mistake(
            "times the root of D",
            answers.scaled,
            "You multiply the tokens with the square root of D before you add positions, as Vaswani"
            " et al. do with words. The Vision Transformer does not.",
            "Add the positions to the tokens as they are.",
        ),
        Mistake(
            "normalised",
            answers.normalised,
            "Your tokens have mean 0 and variance 1 along the channels: a layer norm stands at the"
            " end. In the pre-norm model it belongs to the block.",
            "Return the sum.",
        ),
        Mistake(
            "patches scrambled",
            answers.patches_scrambled,
            "The class token and the positions are right, but the numbers of your patches are"
            " mixed: a transpose and a reshape stand where nothing is needed.",
            "The patches are (B, N, D) already. Join them as they are.",
        ),
    ),
    variants={
        "repeat": answers.by_repeat,
        "filled in": answers.by_filling,
        "part by part": answers.part_by_part,
        "padded": answers.by_padding,
        "image by image": answers.image_by_image,
        "token by token": answers.by_loops,
    },
    map_axes=("tokens", "channels"),
    hints=(
        "Count the positions: there is one more than there are patches. Whose is the first?",
        "Widen the class token to (B, 1, D) with `expand`, join it with the patches along axis 1,"
        " and add the positions to the whole.",
        "`torch.cat([cls_token.expand(B, -1, -1), patches], dim=1)`, plus `positions`.",
    ),
)
