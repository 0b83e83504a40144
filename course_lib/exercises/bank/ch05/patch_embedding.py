"""Exercise 5.3: patches to tokens, by a convolution whose stride is its kernel."""

from course_lib.exercises.bank.ch05 import patch_embedding_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, rows, columns, patch, dim):
    def draw(g):
        return {
            "x": normal(g, b, c, rows * patch, columns * patch),
            "weight": normal(g, dim, c, patch, patch),
            "bias": normal(g, dim),
        }

    return draw


PATCH_EMBEDDING = Exercise(
    id="patch-embedding",
    chapter=5,
    title="Patch embedding",
    signature="patch_embed(x, weight, bias)",
    points=2,
    difficulty=2,
    importance=5,
    minutes=8,
    reference=answers.patch_embed,
    stages=(
        Stage(
            "one patch",
            "The image is one patch, so there is one token: D weighted sums over all of its"
            " numbers, and the bias.",
            _case(2, 3, 1, 1, 2, 4),
        ),
        Stage(
            "patches of one pixel",
            "Each pixel is a patch: the same weights for every one. Tokens go row by row, and"
            " their D numbers come last.",
            _case(2, 3, 2, 4, 1, 5),
        ),
        Stage(
            "a row of patches",
            "One channel, patches side by side, each used once: how far does the kernel move?",
            _case(2, 1, 1, 3, 2, 4),
        ),
        Stage(
            "a grid of patches",
            "One channel, and a grid: tokens go row by row.",
            _case(2, 1, 2, 3, 2, 4),
        ),
        Stage(
            "all sizes differ",
            "A batch, several channels, and axes of different lengths.",
            _case(2, 3, 2, 5, 2, 7),
            batched=("x",),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "a larger patch",
            "Larger patches, and fewer numbers in a token than a patch has.",
            _case(3, 2, 4, 2, 4, 5),
            batched=("x",),
            atol=1e-4,
        ),
        Stage(
            "another size",
            "Another size.",
            _case(2, 4, 3, 7, 3, 6),
            batched=("x",),
            hidden=True,
            atol=1e-4,
        ),
    ),
    mistakes=(
        Mistake(
            "reshaped where a transpose belongs",
            answers.wired(finish=answers.reshaped),
            "The shape is right and the tokens are scrambled: (B, D, H/p, W/p) was reshaped"
            " to (B, N, D). A reshape exchanges no axes, so each token holds one number of several"
            " patches.",
            "`flatten(2)` joins the grid, to (B, D, N). Then `transpose(1, 2)`.",
        ),
        Mistake(
            "tokens last",
            answers.wired(finish=lambda maps: maps.flatten(2)),
            "Your result is (B, D, N): a token stands in a column. What follows wants one in each"
            " row.",
            "`transpose(1, 2)` at the end.",
        ),
        Mistake(
            "the map not flattened",
            answers.wired(finish=lambda maps: maps),
            "You return the map as the convolution made it, (B, D, H/p, W/p). It holds the right"
            " numbers; a Transformer wants one row of tokens.",
            "Flatten the grid to one axis, and bring it before the D numbers.",
        ),
        Mistake(
            "channels last, the grid kept",
            answers.wired(finish=lambda maps: maps.permute(0, 2, 3, 1)),
            "Your tokens are right and still lie on the grid: (B, H/p, W/p, D). A Transformer"
            " wants one row of them.",
            "Flatten axes 1 and 2.",
        ),
        Mistake(
            "column by column",
            answers.wired(finish=lambda maps: maps.mT.flatten(2).mT),
            "Each token is right, but they go down the columns of the grid. They should go along"
            " its rows.",
            "Flatten the map as it is: height before width.",
        ),
        Mistake(
            "in the batch",
            answers.wired(finish=lambda maps: maps.permute(0, 2, 3, 1).flatten(0, 2)),
            "All tokens of all images stand in one row: (B*N, D). Then nobody knows which image a"
            " token came from.",
            "The batch keeps its axis.",
        ),
        Mistake(
            "all tokens in one",
            answers.wired(finish=lambda maps: maps.flatten(1)),
            "You flattened everything behind the batch: one long vector for each image, (B, D*N).",
            "`flatten(2)` joins the grid alone.",
        ),
        Mistake(
            "squeezed",
            answers.wired(finish=lambda maps: maps.flatten(2).mT.squeeze()),
            "Where there is one patch, or one image, your result has lost an axis: `squeeze()`"
            " takes away every axis of length 1.",
            "Leave it out: three axes, whatever their lengths.",
        ),
        Mistake(
            "averaged over the grid",
            answers.wired(finish=lambda maps: maps.mean((2, 3))),
            "You return one token an image, the mean over the grid. The tokens are what attention"
            " is to work with: keep all of them.",
            "Flatten the grid; do not average it.",
        ),
        Mistake(
            "stride 1",
            answers.wired(stride=lambda weight: 1),
            "Your patches overlap: the kernel moves on by one pixel, and there are about p * p"
            " times as many tokens. Unless you say otherwise, the stride of a convolution is 1.",
            "The kernel moves on by its own length: `stride=p`.",
        ),
        Mistake(
            "stride from the wrong axis: D",
            answers.wired(stride=lambda weight: weight.shape[0]),
            "Your stride is D, the number of kernels. `weight` is (D, C, p, p).",
            "The side of a patch is `weight.shape[-1]`.",
        ),
        Mistake(
            "stride from the wrong axis: C",
            answers.wired(stride=lambda weight: weight.shape[1]),
            "Your stride is C, the number of channels. `weight` is (D, C, p, p).",
            "The side of a patch is `weight.shape[-1]`.",
        ),
        Mistake(
            "padded",
            answers.wired(padding=lambda weight: weight.shape[-1] // 2),
            "You pad the image, so the patches are shifted by half of their side and there are"
            " more of them. Patches cover the image as it is.",
            "No `padding`.",
        ),
        Mistake(
            "kernel transposed",
            answers.wired(weigh=lambda weight: weight.mT),
            "Each kernel lies on its side: its rows meet the columns of the patch.",
            "Height before width in both. No transpose of the weight, nor of the image.",
        ),
        Mistake(
            "kernel turned round",
            answers.wired(weigh=lambda weight: weight.flip(2, 3)),
            "Your kernels are turned by half a turn. That is a convolution as mathematics has it;"
            " `conv2d` does not turn its kernel.",
            "Use the weight as it is.",
        ),
        Mistake(
            "pixels reshaped, not cut",
            answers.product_of_reshaped_pixels,
            "You reshape the image straight to (B, N, C*p*p). The tokens do not hold patches then:"
            " a row of the image runs on through all patches that it crosses.",
            "Cut it with your `patchify`, or let a convolution with stride p do it.",
        ),
        Mistake(
            "channels last in the patches",
            answers.product_of_channels_last,
            "Inside your patches the channels come last; inside the weight, (D, C, p, p), they"
            " come first. So each weight meets another pixel than its own.",
            "Flatten both in the same order: C, then rows, then columns.",
        ),
        Mistake(
            "weight reshaped, not transposed",
            answers.product_with_reshaped_weight,
            "You reshape the weight to (C*p*p, D). That has the right shape and mixes the kernels:"
            " they lie in the rows of (D, C*p*p).",
            "`weight.flatten(1)`, and then a transpose.",
        ),
        Mistake(
            "bias forgotten",
            answers.no_bias,
            "Your tokens lack the bias: `bias` has no effect.",
            "`F.conv2d` takes it as its third argument.",
        ),
        Mistake(
            "bias twice",
            answers.bias_twice,
            "The bias stands in your tokens twice: once from the convolution, once added by hand.",
            "One of the two is enough.",
        ),
        Mistake(
            "a ReLU at the end",
            answers.relu_after,
            "No number of your tokens is below 0: a ReLU stands at the end. The embedding is"
            " linear, and nothing but linear.",
            "Return what the convolution gives.",
        ),
        Mistake(
            "patches averaged first",
            answers.averaged_first,
            "You average each patch and weigh the means. What is inside a patch is lost: all"
            " patches of the same mean get the same token.",
            "Every pixel has a weight of its own.",
        ),
        Mistake(
            "divided by the number of pixels",
            answers.divided_by_the_pixels,
            "Your weighted sums are divided by C * p * p. A convolution adds up; it does not"
            " average.",
            "Leave the division out.",
        ),
        Mistake(
            "copied into a layer",
            answers.copied_into_a_layer,
            "Your values are right. But you made a new layer and copied the weight and the bias"
            " into it: the gradient ends in the copy, and what was handed to you never learns.",
            "`F.conv2d` takes the weight and the bias themselves.",
        ),
        Mistake(
            "channels averaged",
            answers.one_channel_for_all,
            "You average the channels of the image before you weigh them. Each channel has weights"
            " of its own.",
            "Hand the convolution x as it is.",
        ),
    ),
    variants={
        "patches times a matrix": answers.by_matrix,
        "F.unfold": answers.by_unfold,
        "einsum": answers.by_einsum,
        "loops": answers.by_loops,
        "every place, then every p-th kept": answers.by_every_convolution,
        "float64 inside": answers.in_float64,
    },
    map_axes=("tokens", "channels"),
    hints=(
        "A kernel of p by p pixels that moves on by p pixels visits each patch once.",
        "`F.conv2d` with the right stride gives (B, D, H/p, W/p). Two steps are left: the grid"
        " becomes one axis, and that axis comes before D.",
        "`F.conv2d(x, weight, bias, stride=weight.shape[-1])`, then `flatten(2)`, then"
        " `transpose(1, 2)`.",
    ),
)
