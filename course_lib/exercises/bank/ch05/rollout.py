"""Exercise 5.8: attention rollout, from the maps of all layers to one."""

import torch

from course_lib.exercises.bank.ch05 import rollout_answers as answers
from course_lib.exercises.bank.drawing import integers, normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _maps(g, layers, b, h, n):
    return normal(g, layers, b, h, n, n, scale=2.0).softmax(-1)


def _case(layers, b, h, n):
    return lambda g: {"maps": _maps(g, layers, b, h, n)}


def _dropped(layers, b, h, n):
    """Maps recorded while training: dropout has taken some weights out and made the others larger."""

    def draw(g):
        maps = _maps(g, layers, b, h, n)
        kept = torch.rand(maps.shape, generator=g) < 0.7
        return {"maps": maps * kept / 0.7}

    return draw


def _empty_row(layers, b, h, n):
    """A token that was allowed nothing: its row is 0 in all heads of all layers."""

    def draw(g):
        maps = _maps(g, layers, b, h, n)
        maps[..., int(integers(g, below=n)), :] = 0
        return {"maps": maps}

    return draw


ROLLOUT = Exercise(
    id="rollout",
    chapter=5,
    title="Attention rollout",
    signature="rollout(maps)",
    points=3,
    difficulty=3,
    importance=3,
    minutes=10,
    reference=answers.rollout,
    stages=(
        Stage(
            "one layer, one head",
            "One layer and one head: half of what a token becomes is what it gathers, half is what"
            " it was.",
            _case(1, 2, 1, 4),
        ),
        Stage(
            "several heads",
            "One layer with several heads: they count alike.",
            _case(1, 2, 3, 4),
        ),
        Stage(
            "two layers",
            "Two layers of one head. The last layer's token is made of tokens of the layer before,"
            " and those are made of the input: which matrix stands on the left?",
            _case(2, 2, 1, 4),
        ),
        Stage(
            "all sizes differ",
            "Layers, batch, heads and tokens all differ. Each image has a rollout of its own.",
            _case(4, 2, 3, 5),
        ),
        Stage(
            "weights dropped",
            "Dropout was on when these maps were recorded: their rows do not sum to 1. In each"
            " layer, after the identity is added, every row has to.",
            _dropped(3, 1, 2, 5),
        ),
        Stage(
            "a token that sees nothing",
            "One token was allowed nothing, so its row is 0. It stays what it was: there must be"
            " no NaN.",
            _empty_row(2, 3, 2, 4),
        ),
        Stage("deeper", "More layers.", _case(7, 3, 4, 6), hidden=True),
    ),
    mistakes=(
        Mistake(
            "no identity",
            answers.wired(mix=lambda a: a),
            "There is no identity in your maps. Through the residual connection half of every token"
            " goes straight on; without it all rows of the rollout soon are the same.",
            "Add the identity to each layer's map, before the product.",
        ),
        Mistake(
            "identity at the end",
            answers.identity_at_the_end,
            "You add the identity once, to the product. Every layer has a residual connection.",
            "Add it inside the loop, before the product.",
        ),
        Mistake(
            "first layer without the identity",
            answers.first_layer_without_identity,
            "Your first layer lacks the identity: the loop begins with its map as it is.",
            "Begin with the identity, and let the loop take all layers.",
        ),
        Mistake(
            "first layer twice",
            answers.first_layer_twice,
            "Your first layer comes in twice: the product begins with its map, and the loop takes"
            " it once more.",
            "Begin with the identity.",
        ),
        Mistake(
            "ones in place of the identity",
            answers.wired(mix=lambda a: (a + 1) / 2),
            "You add 1 to every number of the map. That says each token gathers from all; the"
            " residual connection keeps what it was.",
            "`torch.eye(N)`: 1 on the diagonal alone.",
        ),
        Mistake(
            "not halved",
            answers.wired(mix=lambda a: a + answers.eye(a), norm=lambda step: step),
            "Your rows sum to 2, and after L layers to 2 to the power of L: the identity is added,"
            " and nothing brings the sum back to 1.",
            "Divide each row by its sum.",
        ),
        Mistake(
            "not renormalised",
            answers.wired(norm=lambda step: step),
            "You halve, and do not divide by the sums of the rows. Where rows sum to 1 that does"
            " not show. Under dropout, or where a token sees nothing, they do not.",
            "After the identity is added, divide each row by its sum.",
        ),
        Mistake(
            "renormalised once, at the end",
            answers.normalised_at_the_end,
            "You divide by the sums of the rows once, at the end. Where rows sum to 1 that is the"
            " same. Where they do not, tokens with heavy rows count for more on the way.",
            "Divide in each layer, before the product.",
        ),
        Mistake(
            "row sums without keepdim",
            answers.wired(norm=answers.without_keepdim),
            "You divide columns where rows are meant: the sums have lost their last axis, and"
            " broadcasting lines them up with the columns. This stands in published code, and"
            " shows only where rows do not sum to 1.",
            "`sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "columns made to sum to 1",
            answers.wired(norm=lambda step: step / step.sum(-2, keepdim=True)),
            "Your columns sum to 1. Rows should: row i says what token i is made of.",
            "`sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "the whole map made to sum to 1",
            answers.wired(norm=lambda step: step / step.sum((-2, -1), keepdim=True)),
            "Your whole map sums to 1. Every single row should.",
            "`sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "divided by the largest",
            answers.wired(norm=lambda step: step / step.amax(-1, keepdim=True)),
            "The largest number of each row is 1. The sum of each row should be.",
            "`sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "softmax again",
            answers.wired(norm=lambda step: step.softmax(-1)),
            "You put a softmax over weights that have been through one. It flattens them: no row"
            " comes out sharper than e to 1.",
            "Divide each row by its sum.",
        ),
        Mistake(
            "normalised before the identity",
            answers.normalised_before_the_identity,
            "You divide by the sums of the rows before the identity is added. A row of zeros gives"
            " 0 / 0 then, and where dropout was on the residual gets too small a share.",
            "Identity first, sums after.",
        ),
        Mistake(
            "product in the wrong order",
            answers.wired(step=lambda total, step: total @ step),
            "Your product is A_1 A_2 ... A_L. Row i should say what token i of the last layer is"
            " made of, so the last layer stands on the left.",
            "`step @ total`.",
        ),
        Mistake(
            "the result transposed",
            answers.wired(finish=lambda total: total.mT),
            "Rows and columns of your result are exchanged: row i says where input token i goes."
            " It should say what output token i is made of.",
            "Leave the transpose out.",
        ),
        Mistake(
            "maps transposed",
            answers.wired(heads=lambda weights: weights.mean(1).mT),
            "You transpose the maps before you use them. Their rows are queries and their columns"
            " keys, as they should be.",
            "Leave the transpose out.",
        ),
        Mistake(
            "multiplied number by number",
            answers.elementwise,
            "You multiply number by number. A path from layer to layer may change the token on its"
            " way: that is a matrix product.",
            "`@` in place of `*`.",
        ),
        Mistake(
            "layers added",
            answers.summed,
            "You add the layers up. A token of the last layer is made of tokens of the layer"
            " before: that is a product.",
            "`total = step @ total`.",
        ),
        Mistake(
            "layers averaged",
            answers.averaged,
            "You average the layers. A token of the last layer is made of tokens of the layer"
            " before: that is a product.",
            "`total = step @ total`.",
        ),
        Mistake(
            "maps averaged over the layers",
            answers.over_the_layers,
            "You average the maps over layers and heads, so all layers look alike.",
            "Heads alone are averaged. Layers are multiplied.",
        ),
        Mistake(
            "the last layer alone",
            answers.last_layer,
            "Your result is the last layer's map with its residual. The layers before it have no"
            " say.",
            "A loop over all layers, and a product.",
        ),
        Mistake(
            "the last map as it is",
            answers.last_map_without_identity,
            "Your result is the last layer's map, averaged over its heads. No rollout takes place:"
            " neither the residual nor the layers before have a say.",
            "A loop over all layers, with the identity in each, and a product.",
        ),
        Mistake(
            "the first layer alone",
            answers.first_layer,
            "Your result is the first layer's. Does a `return` stand inside the loop?",
            "A loop over all layers, and a product.",
        ),
        Mistake(
            "first and last only",
            answers.first_and_last,
            "You multiply the last layer with the first. Those between have no say.",
            "Keep the product, and multiply it in each turn of the loop.",
        ),
        Mistake(
            "the largest of the heads",
            answers.wired(heads=lambda weights: weights.amax(1)),
            "You take the largest of the heads at each place. Others do that to get sharper"
            " pictures; rollout takes the mean.",
            "`mean(1)` over the heads.",
        ),
        Mistake(
            "the smallest of the heads",
            answers.wired(heads=lambda weights: weights.amin(1)),
            "You take the smallest of the heads at each place. Rollout takes the mean.",
            "`mean(1)` over the heads.",
        ),
        Mistake(
            "the sum of the heads",
            answers.wired(heads=lambda weights: weights.sum(1)),
            "You add the heads up, so attention outweighs the residual by their number.",
            "`mean(1)` over the heads.",
        ),
        Mistake(
            "the first head alone",
            answers.wired(heads=lambda weights: weights[:, 0]),
            "You take the first head of each layer. All of them count alike.",
            "`mean(1)` over the heads.",
        ),
        Mistake(
            "heads kept",
            answers.heads_kept,
            "Your result still has its heads: (B, H, N, N). Heads of different layers have nothing"
            " to do with each other, so they cannot be followed one by one.",
            "The mean over the heads comes first.",
        ),
        Mistake(
            "heads averaged at the end",
            answers.heads_rolled_out_apart,
            "You follow head 1 through all layers, then head 2, and average at the end. What head 1"
            " gathers goes to all heads of the next layer.",
            "Average the heads in each layer, before the product.",
        ),
        Mistake(
            "averaged over the queries",
            answers.wired(heads=lambda weights: weights.mean(2)),
            "You averaged over the queries, not over the heads. Inside the loop one layer's maps"
            " are (B, H, N, N), so the heads are axis 1.",
            "`mean(1)` inside the loop, or `mean(2)` before it.",
        ),
        Mistake(
            "layers averaged, heads multiplied",
            answers.heads_for_layers,
            "You average over the layers and multiply the heads. Heads work side by side, layers"
            " one after another.",
            "Axis 0 of `maps` is the loop, axis 2 is averaged.",
        ),
        Mistake(
            "averaged over the batch",
            answers.over_the_batch,
            "You averaged over the batch, not over the heads: your result is (H, N, N). Inside the"
            " loop one layer's maps are (B, H, N, N), so the heads are axis 1.",
            "`mean(1)` inside the loop, or `mean(2)` before it.",
        ),
        Mistake(
            "the class token's row",
            answers.wired(finish=lambda total: total[:, 0]),
            "You return row 0, what the class token is made of. That is the row one mostly looks"
            " at; all of them are asked for.",
            "Return (B, N, N).",
        ),
        Mistake(
            "the class token's row, patches alone",
            answers.wired(finish=lambda total: total[:, 0, 1:]),
            "You return the class token's shares in the patches. That is what one mostly draws;"
            " all rows and columns are asked for.",
            "Return (B, N, N).",
        ),
        Mistake(
            "the identity taken off again",
            answers.wired(finish=lambda total: total - answers.eye(total)),
            "You subtract the identity at the end.",
            "The product is the answer.",
        ),
    ),
    variants={
        "multi_dot": answers.by_linalg,
        "from the last layer down": answers.backwards,
        "einsum": answers.by_einsum,
        "token by token": answers.by_paths,
        "identity in every head": answers.identity_in_every_head,
        "float64 inside": answers.in_float64,
    },
    forbid=("course_lib.attention.rollout",),
    map_axes=("output tokens", "input tokens"),
    hints=(
        "Begin with the identity: before the first layer every token is made of itself. What does"
        " one layer do to that?",
        "In each layer: the mean over the heads, plus the identity, each row divided by its sum."
        " Then multiply, with the newer layer on the left.",
        "`step = weights.mean(1) + torch.eye(N)`, `step = step / step.sum(-1, keepdim=True)`,"
        " `total = step @ total`.",
    ),
)
