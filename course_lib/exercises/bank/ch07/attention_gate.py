"""Exercise 7.3: the attention gate on a skip; its constructor is given."""

import torch

from course_lib.exercises.bank.ch07 import attention_gate_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, c, d, h, w, *, ones=False, size=2.0):
    """`size`: convolutions start with small weights; the maps are large enough for gates that differ."""

    def draw(g):
        skip = normal(g, b, c, 2 * h, 2 * w, scale=size)
        return {"skip": skip * 0 + 1 if ones else skip, "gating": normal(g, b, d, h, w, scale=2 * size)}

    return draw


def _of(skip_dim, gating_dim, inner_dim):
    return {"skip_dim": skip_dim, "gating_dim": gating_dim, "inner_dim": inner_dim}


ATTENTION_GATE = Exercise(
    id="attention-gate",
    chapter=7,
    title="The attention gate",
    signature="AttentionGate(skip_dim, gating_dim, inner_dim)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=10,
    reference=answers.AttentionGate,
    stages=(
        Stage(
            "one coefficient",
            "The gating map is one place, so all four pixels of the skip share one coefficient:"
            " sum, ReLU, `psi`, sigmoid, times the skip.",
            _case(2, 3, 3, 1, 1),
            _of(3, 3, 4),
        ),
        Stage(
            "a skip of ones",
            "The skip is 1 everywhere, so you see the coefficients themselves, brought to the"
            " skip's grid: smooth between two places, flat in the outermost half place.",
            _case(2, 3, 3, 2, 3, ones=True),
            _of(3, 3, 4),
        ),
        Stage(
            "one row",
            "A gating map of one row: the coefficients change along the row alone.",
            _case(2, 3, 2, 1, 4),
            _of(3, 2, 5),
        ),
        Stage(
            "a map",
            "Three rows, two columns: skip times coefficient at each pixel.",
            _case(2, 3, 3, 3, 2),
            _of(3, 3, 2),
            batched=("skip", "gating"),
        ),
        Stage(
            "all sizes differ",
            "Everything together. The gradient must reach both maps and all three layers.",
            _case(2, 3, 4, 2, 5),
            _of(3, 4, 6),
            batched=("skip", "gating"),
            atol=1e-4,
        ),
        Stage(
            "strong maps",
            "Large numbers: gates close to 0 and close to 1, and steep steps between them.",
            _case(2, 4, 3, 4, 3, size=8.0),
            _of(4, 3, 5),
            batched=("skip", "gating"),
            atol=1e-4,
        ),
        Stage(
            "another size",
            "Another size, more channels.",
            _case(3, 6, 2, 3, 4),
            _of(6, 2, 8),
            batched=("skip", "gating"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "nearest",
            answers.wired(grow=answers.resized(mode="nearest")),
            "Your coefficients go up to the skip's grid in steps: each place becomes a block of"
            " four equal pixels. The gate is resampled smoothly.",
            '`F.interpolate(..., mode="bilinear")`.',
        ),
        Mistake(
            "corners aligned",
            answers.wired(grow=answers.resized(mode="bilinear", align_corners=True)),
            "You lay the outermost pixels of both grids on one another, `align_corners=True`. Then"
            " a place of the gating map does not lie in the middle of its four pixels.",
            "`align_corners=False`, which is the default.",
        ),
        Mistake(
            "bicubic",
            answers.wired(grow=answers.resized(mode="bicubic")),
            "You resample bicubically. Beside a steep step that overshoots: coefficients below 0 or"
            " above 1 come out.",
            '`mode="bilinear"`.',
        ),
        Mistake(
            "the scores resampled",
            answers.wired(open_=answers.same, late=torch.sigmoid),
            "You resample the scores and take the sigmoid afterwards, on the fine grid. The paper"
            " takes the sigmoid first: between an open and a closed place the two ways differ.",
            "`sigmoid()` first, then `F.interpolate`.",
        ),
        Mistake(
            "the sum resampled",
            answers.sum_resampled,
            "You resample the sum, before the ReLU, and do the rest on the fine grid. That costs four"
            " times as much, and between an open and a closed place it gives other coefficients.",
            "ReLU, `psi` and `sigmoid()` on the coarse grid, then `F.interpolate`.",
        ),
        Mistake(
            "copies side by side",
            answers.wired(grow=answers.side_by_side),
            "Your coefficients stand four times side by side, like tiles. Each belongs to the four"
            " pixels at its own place.",
            '`F.interpolate(..., mode="bilinear")` in place of `repeat`.',
        ),
        Mistake(
            "in a corner",
            answers.wired(grow=answers.in_the_corner),
            "Your coefficients lie on the pixels at the top left, one for each, and all others are"
            " multiplied by zero.",
            "Each coefficient belongs to 2 x 2 pixels: resize, do not pad.",
        ),
        Mistake(
            "no sigmoid",
            answers.wired(open_=answers.same),
            "You multiply the skip with raw scores. They may be negative or large; a gate lets a"
            " part through, from nothing to all.",
            "`sigmoid()` after `psi`.",
        ),
        Mistake(
            "a softmax over the places",
            answers.wired(open_=answers.over_places),
            "Your coefficients sum to 1 over the map, so they are small on a large map, and opening"
            " one place closes the others. A gate is no distribution.",
            "`sigmoid()` in place of the softmax.",
        ),
        Mistake(
            "a softmax over the channels",
            answers.wired(open_=lambda s: s.softmax(1)),
            "The skip comes through unchanged: a softmax over the one channel of `psi` returns 1"
            " whatever the score.",
            "`sigmoid()` in place of the softmax.",
        ),
        Mistake(
            "divided by the largest",
            answers.wired(late=answers.by_its_largest),
            "You divide the coefficients by the largest of the map, so one pixel is always open."
            " A gate may close everywhere.",
            "The sigmoid as it is.",
        ),
        Mistake(
            "tanh at the end",
            answers.wired(open_=torch.tanh),
            "Your coefficients run from -1 to 1: a tanh. A negative one does not close a pixel, it"
            " turns its sign over.",
            "`sigmoid()` after `psi`.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(open_=lambda s: s.relu().sigmoid()),
            "None of your coefficients is below 0.5: a ReLU stands between `psi` and the sigmoid."
            " Such a gate cannot close.",
            "One ReLU, before `psi`.",
        ),
        Mistake(
            "no ReLU",
            answers.wired(bend=answers.same),
            "Nothing bends the sum before `psi`. Then skip and gating map only add up, and the gate"
            " cannot ask whether they go together.",
            "`relu()` on the sum of `w_skip` and `w_gating`.",
        ),
        Mistake(
            "a ReLU each",
            answers.wired(meet=lambda a, b: a.relu() + b.relu()),
            "You bend `w_skip` and `w_gating` one by one and add afterwards. Then neither can speak"
            " against the other.",
            "Add first: `relu()` of the sum.",
        ),
        Mistake(
            "multiplied in the middle",
            answers.wired(meet=lambda a, b: a * b),
            "You multiply what `w_skip` and `w_gating` give. The gate is additive.",
            "The sum of both.",
        ),
        Mistake(
            "the decoder unheard",
            answers.wired(meet=lambda a, b: a + 0 * b),
            "`gating` has no effect: the skip decides about itself. That the decoder has a say is"
            " the point of the gate.",
            "Add `self.w_gating(gating)` before the ReLU.",
        ),
        Mistake(
            "the skip unheard",
            answers.wired(meet=lambda a, b: b + 0 * a),
            "`w_skip` has no effect: the gating map alone decides.",
            "Add `self.w_skip(skip)` before the ReLU.",
        ),
        Mistake(
            "psi left out",
            answers.psi_left_out,
            "`psi` has no effect: you take the mean of the inner channels. After a ReLU it is never"
            " negative, so no coefficient is below 0.5.",
            "`self.psi(...)` of the inner channels.",
        ),
        Mistake(
            "biases left out",
            answers.bias_left_out,
            "Your layers multiply and do not add their biases.",
            "Call the layers: `self.w_gating(gating)`, `self.psi(...)`.",
        ),
        Mistake(
            "the other way round",
            answers.wired(late=lambda gate: 1 - gate),
            "You multiply by 1 minus the coefficient: your gate is open where it should be closed.",
            "The coefficients as they are.",
        ),
        Mistake(
            "one plus the gate",
            answers.wired(late=lambda gate: 1 + gate),
            "You multiply by 1 plus the coefficient, or add the skip once more. So the gate can"
            " strengthen a pixel and never take it away.",
            "Skip times coefficient, and nothing added.",
        ),
        Mistake(
            "added",
            answers.wired(end=lambda skip, gate, gating: skip + gate),
            "You add the coefficients to the skip. Nothing is closed so.",
            "Multiply skip and coefficient.",
        ),
        Mistake(
            "applied twice",
            answers.wired(end=lambda skip, gate, gating: skip * gate * gate),
            "You multiply by the coefficient twice.",
            "Multiply once.",
        ),
        Mistake(
            "one coefficient for the map",
            answers.wired(late=answers.one_for_the_map),
            "You average the coefficients over the map: all pixels of an image share one. The gate"
            " decides pixel by pixel.",
            "No mean over the places.",
        ),
        Mistake(
            "the coefficients alone",
            answers.wired(end=lambda skip, gate, gating: gate),
            "You return the coefficients, one channel. The gated skip is asked for.",
            "`skip * ...`: one coefficient is multiplied with all channels of its pixel.",
        ),
        Mistake(
            "the skip brought down",
            answers.skip_brought_down,
            "You bring the skip to the coarse grid and gate it there. The detail that the skip was"
            " kept for is gone.",
            "The coefficients go up to the skip's grid; the skip stays as it is.",
        ),
        Mistake(
            "every second pixel",
            answers.wired(end=answers.on_the_coarse_grid),
            "You return every second pixel of the skip. It goes on at its full size.",
            "Resize the coefficients to `skip.shape[2:]`, and multiply.",
        ),
        Mistake(
            "the decoder's map gated",
            answers.wired(end=answers.gates_the_decoder),
            "You multiply the decoder's map by the coefficients. It is the skip that is gated; the"
            " decoder's map only decides.",
            "`skip * ...`",
        ),
    ),
    variants={
        "functions": answers.by_functions,
        "resized by hand": answers.by_hand,
        "einsum": answers.by_einsum,
        "resized by matrices": answers.by_matrices,
    },
    forbid=("course_lib.attention.AttentionGate",),
    map_axes=("height", "width"),
    hints=(
        "Which steps run on the coarse grid of `gating`, and which is the first that needs the fine"
        " grid of `skip`?",
        "`w_skip` halves the skip's grid by itself. Sum, ReLU, `psi`, sigmoid: (B, 1, h, w). Then"
        " resize to the skip's grid and multiply; the one channel broadcasts.",
        '`F.interpolate(gate, size=skip.shape[2:], mode="bilinear")` between the sigmoid and the'
        " product.",
    ),
)
