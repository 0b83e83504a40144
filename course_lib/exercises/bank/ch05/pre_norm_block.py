"""Exercise 5.6: the encoder block with its norms in the branches; the constructor is given."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch05 import pre_norm_block_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, n, dim, size=2.0):
    return lambda g: {"x": normal(g, b, n, dim, scale=size)}


def _equal(b, n, dim):
    return lambda g: {"x": normal(g, b, 1, dim, scale=2.0).repeat(1, n, 1)}


def _of(dim, num_heads, mlp_ratio):
    return {"dim": dim, "num_heads": num_heads, "mlp_ratio": mlp_ratio}


PRE_NORM_BLOCK = Exercise(
    id="pre-norm-block",
    chapter=5,
    title="The pre-norm block",
    signature="PreNormBlock(dim, num_heads, mlp_ratio=4.0)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=10,
    reference=answers.PreNormBlock,
    stages=(
        Stage(
            "equal tokens",
            "All tokens of an image are equal, so it does not matter whom they attend to. What"
            " counts is the order of norms, branches and sums: in each half the norm, then"
            " attention or the MLP, then plus what went in.",
            _equal(2, 3, 6),
            _of(6, 1, 2.0),
        ),
        Stage(
            "one head",
            "Several tokens, one head. Is it the normalised tokens that attend to each other?",
            _case(1, 4, 6),
            _of(6, 1, 2.0),
        ),
        Stage(
            "strong tokens",
            "Large numbers go in. The path without norms carries them through: they must come out"
            " as large.",
            _case(2, 3, 8, size=20.0),
            _of(8, 2, 2.0),
        ),
        Stage(
            "all sizes differ",
            "A batch, several heads, sizes that all differ. A gradient must reach every parameter,"
            " and x along both paths.",
            _case(2, 5, 12),
            _of(12, 3, 1.5),
            batched=("x",),
            compare_gradients=True,
            rtol=1e-3,
            atol=1e-4,
        ),
        Stage(
            "a narrow MLP",
            "The MLP may be narrower than the tokens, too.",
            _case(2, 4, 8),
            _of(8, 4, 0.5),
            batched=("x",),
        ),
        Stage(
            "another size",
            "More tokens, more heads, the usual width of the MLP.",
            _case(3, 7, 20),
            _of(20, 5, 4.0),
            batched=("x",),
            hidden=True,
            atol=1e-4,
        ),
    ),
    mistakes=(
        Mistake(
            "norm after the residual",
            answers.halves(answers.norm_after_the_residual),
            "Your norms stand after the sums: that is the post-norm block of Vaswani et al. 2017."
            " No path leads through it without a norm, and a deep stack of it needs a warm-up to"
            " train at all.",
            "The norm goes into the branch, before attention and before the MLP. The sum is left"
            " as it is.",
        ),
        Mistake(
            "norm after the residual, attention",
            answers.halves(answers.norm_after_the_residual, "attention"),
            "In your first half the norm stands after the sum: post-norm. The second half is right.",
            "`self.norm1` goes into the branch, before attention.",
        ),
        Mistake(
            "norm after the residual, MLP",
            answers.halves(answers.norm_after_the_residual, "mlp"),
            "In your second half the norm stands after the sum: post-norm. The first half is right.",
            "`self.norm2` goes into the branch, before the MLP.",
        ),
        Mistake(
            "norm of what the branch gives",
            answers.halves(answers.norm_of_the_branch),
            "Your norms stand at the end of the branches: x + norm(branch(x)). Swin v2 does that;"
            " a pre-norm block does not.",
            "The norm comes first in the branch.",
        ),
        Mistake(
            "norm of what attention gives",
            answers.halves(answers.norm_of_the_branch, "attention"),
            "`self.norm1` stands behind attention. The second half is right.",
            "`self.attn` gets the normalised x.",
        ),
        Mistake(
            "norm of what the MLP gives",
            answers.halves(answers.norm_of_the_branch, "mlp"),
            "`self.norm2` stands behind the MLP. The first half is right.",
            "`self.fc1` gets the normalised x.",
        ),
        Mistake(
            "residual from the normalised x",
            answers.halves(answers.residual_from_the_norm),
            "You overwrite x with norm(x) and then add that. So the norm stands on the residual"
            " path, and the tokens lose their size twice in every block.",
            "Keep x, and give the normalised one only to the branch.",
        ),
        Mistake(
            "residual from the normalised x, attention",
            answers.halves(answers.residual_from_the_norm, "attention"),
            "In your first half the normalised x is added in place of x. The second half is right.",
            "Keep x, and give the normalised one only to attention.",
        ),
        Mistake(
            "residual from the normalised x, MLP",
            answers.halves(answers.residual_from_the_norm, "mlp"),
            "In your second half the normalised x is added in place of x. The first half is right.",
            "Keep x, and give the normalised one only to the MLP.",
        ),
        Mistake(
            "norm before and after",
            answers.halves(answers.norm_before_and_after),
            "Each norm is used twice, in the branch and after the sum.",
            "In the branch alone. The sum is left as it is.",
        ),
        Mistake(
            "no residuals",
            answers.halves(answers.no_residual),
            "Nothing is added: what goes in is lost behind attention and behind the MLP. A stack"
            " of such blocks does not train.",
            "x + branch, twice.",
        ),
        Mistake(
            "no residual around attention",
            answers.halves(answers.no_residual, "attention"),
            "What attention gathers takes the place of x. It should be added to x.",
            "`x = x + ...` in the first half.",
        ),
        Mistake(
            "no residual around the MLP",
            answers.halves(answers.no_residual, "mlp"),
            "You return what the MLP gives. It should be added to what went in.",
            "`x + ...` in the last line.",
        ),
        Mistake(
            "one residual around both",
            answers.one_residual_around_both,
            "You add x once, at the end, around attention and MLP together. Each has a residual of"
            " its own.",
            "`x = x + ...` after attention, and again after the MLP.",
        ),
        Mistake(
            "last residual from the start",
            answers.residual_from_the_start,
            "Your last sum adds the x that came in, not the one to which attention was added. What"
            " attention gathered goes through the MLP alone and is lost otherwise.",
            "Overwrite x with the first sum, and use it from there on.",
        ),
        Mistake(
            "side by side",
            answers.parallel,
            "Attention and MLP both look at the x that came in, side by side. Very large models do"
            " that to save time; here the MLP works on what attention has gathered.",
            "Overwrite x with the first sum before you come to the MLP.",
        ),
        Mistake(
            "MLP of the attention alone",
            answers.mlp_of_the_branch,
            "Your MLP gets what attention gave, before x was added to it.",
            "It gets `self.norm2` of the first sum.",
        ),
        Mistake(
            "MLP of the first norm",
            answers.mlp_of_the_norm,
            "Your MLP gets the x that `self.norm1` has normalised, normalised once more. What"
            " attention gathered does not reach it.",
            "It gets `self.norm2` of the first sum.",
        ),
        Mistake(
            "residual twice",
            answers.halves(answers.residual_twice),
            "You add x twice in each half, so the tokens double, and double again.",
            "x once, and the branch.",
        ),
        Mistake(
            "the first norm twice",
            answers.norms("norm1", "norm1"),
            "`self.norm1` is used in both halves, and `self.norm2` never. At the start both do the"
            " same, so this shows only after training.",
            "The second half has a norm of its own.",
        ),
        Mistake(
            "the second norm twice",
            answers.norms("norm2", "norm2"),
            "`self.norm2` is used in both halves, and `self.norm1` never. At the start both do the"
            " same, so this shows only after training.",
            "The first half has a norm of its own.",
        ),
        Mistake(
            "norms exchanged",
            answers.norms("norm2", "norm1"),
            "`self.norm2` stands before attention and `self.norm1` before the MLP. Weights that"
            " were trained elsewhere would go wrong here.",
            "Exchange them.",
        ),
        Mistake(
            "no norms",
            answers.halves(answers.no_norm),
            "There are no norms: both branches get x as it is.",
            "`self.norm1(x)` goes into attention, `self.norm2(x)` into the MLP.",
        ),
        Mistake(
            "no norm before attention",
            answers.halves(answers.no_norm, "attention"),
            "Attention gets x as it is; `self.norm1` is not used.",
            "`self.attn` gets the normalised x.",
        ),
        Mistake(
            "no norm before the MLP",
            answers.halves(answers.no_norm, "mlp"),
            "The MLP gets x as it is; `self.norm2` is not used.",
            "`self.fc1` gets the normalised x.",
        ),
        Mistake(
            "a norm at the end",
            answers.norm_at_the_end,
            "You normalise what the block returns. A pre-norm model has one norm at the very end,"
            " after its last block, and it is not part of a block.",
            "Return the second sum as it is.",
        ),
        Mistake(
            "MLP first",
            answers.mlp_first,
            "Your MLP comes before attention.",
            "Attention first, then the MLP.",
        ),
        Mistake(
            "attention of the first image for all",
            answers.first_image_for_all,
            "Every image gets what attention gave for the first: an index `[0]` stands behind"
            " `self.attn(...)`. PyTorch's own module returns a pair; this one returns the tokens.",
            "Leave the index out.",
        ),
        Mistake(
            "batch and tokens exchanged",
            answers.batch_and_tokens_exchanged,
            "Your images attend to each other: batch and tokens are exchanged before attention."
            " PyTorch's own module wants tokens first unless it is told; this one wants (B, N, C).",
            "Leave the transpose out.",
        ),
        Mistake(
            "norms without their parameters",
            answers.norms_without_parameters,
            "You normalise, but the weights and biases of `self.norm1` and `self.norm2` have no"
            " effect. A norm made inside `forward` is new in each call and never learns.",
            "Use the two norms of the constructor.",
        ),
        Mistake(
            "attention alone",
            answers.attention_alone,
            "You return the first sum. The MLP is missing.",
            "A second half, wired like the first, with `self.norm2` and the MLP.",
        ),
        Mistake(
            "MLP alone",
            answers.mlp_alone,
            "Attention is missing: no token of yours has seen another.",
            "The first half is x plus attention of the normalised x.",
        ),
        Mistake(
            "no GELU",
            answers.between(lambda z: z),
            "There is nothing between `fc1` and `fc2`: two linear layers in a row are one.",
            "`F.gelu` after `fc1`.",
        ),
        Mistake(
            "ReLU",
            answers.between(torch.relu),
            "There is a ReLU between `fc1` and `fc2`. Transformers for images have a GELU there.",
            "`F.gelu` after `fc1`.",
        ),
        Mistake(
            "the approximate GELU",
            answers.between(lambda z: F.gelu(z, approximate="tanh")),
            "Your GELU is the approximation by a tanh. It is close, and not what torchvision's and"
            " timm's weights were trained with.",
            "`F.gelu` without `approximate`.",
        ),
        Mistake(
            "GELU by a sigmoid",
            answers.between(lambda z: z * torch.sigmoid(1.702 * z)),
            "Your GELU is the quick one, z * sigmoid(1.702 z), as in CLIP. It is near the exact"
            " one, and not asked for here.",
            "`F.gelu` after `fc1`.",
        ),
        Mistake(
            "SiLU",
            answers.between(F.silu),
            "There is a SiLU between `fc1` and `fc2`.",
            "`F.gelu` after `fc1`.",
        ),
        Mistake(
            "GELU after both",
            answers.gelu_after,
            "Your GELU comes after `fc2`. Between the layers there is nothing, and two linear"
            " layers in a row are one.",
            "`F.gelu` after `fc1`.",
        ),
        Mistake(
            "GELU twice",
            answers.gelu_twice,
            "There is a GELU after `fc2` as well, so the MLP can hardly subtract anything.",
            "One GELU, after `fc1`.",
        ),
        Mistake(
            "residuals detached",
            answers.halves(answers.residual_detached),
            "Your values are right. But the gradient flows through the branches alone: `detach()`"
            " cuts the path for which the residual connection is there.",
            "Add x as it is.",
        ),
    ),
    variants={
        "one line": answers.one_line,
        "norm and GELU by hand": answers.by_hand,
        "token by token": answers.token_by_token,
        "attention from its layers": answers.with_own_attention,
        "kept and added at the end": answers.kept_and_added_at_the_end,
    },
    forbid=("torch.nn.TransformerEncoderLayer", "course_lib.models.EncoderBlock"),
    map_axes=("tokens", "channels"),
    hints=(
        "Two halves, wired alike. In which line is the normalised x used, and in which the one"
        " that came in?",
        "First half: norm, attention, plus x. Second half: norm, `fc1`, GELU, `fc2`, plus the"
        " result of the first half.",
        "`x = x + self.attn(self.norm1(x))`. The second line looks the same, with `self.norm2` and"
        " with `fc2(F.gelu(fc1(...)))` where attention stood.",
    ),
)
