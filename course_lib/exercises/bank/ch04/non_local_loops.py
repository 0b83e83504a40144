"""Exercise 4.2: the Gaussian non-local operator by loops, y_i = 1/C sum_j exp(x_i . x_j) g_j."""

import torch

from course_lib.exercises.bank.ch04 import non_local_loops_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(n, d, e, size=0.8):
    """`size` is the spread of one feature: the scores' spread is size squared times sqrt(d)."""
    return lambda g: {"x": normal(g, n, d, scale=size), "g": normal(g, n, e)}


def _all_alike(g):
    return {"x": normal(g, 1, 3, scale=0.6).repeat(4, 1), "g": normal(g, 4, 4)}


def _one_bright(g):
    """Features above 0 and of unlike lengths: a long one is sought by all places."""
    lengths = torch.tensor([0.5, 0.8, 1.4, 0.2])[:, None]
    return {"x": uniform(g, 4, 3, low=0.4, high=0.9) * lengths, "g": normal(g, 4, 2)}


NON_LOCAL_LOOPS = Exercise(
    id="non-local-loops",
    chapter=4,
    title="Every place asks every place",
    signature="non_local_loops(x, g)",
    points=3,
    difficulty=2,
    importance=5,
    minutes=10,
    reference=answers.non_local_loops,
    stages=(
        Stage(
            "one place",
            "A single place has only itself to ask. C(x) is then that one f, so y is g, whatever"
            " f is.",
            _case(1, 3, 4),
        ),
        Stage(
            "all places alike",
            "All features are equal, so all f are equal too: each place gets the plain mean of g.",
            _all_alike,
        ),
        Stage(
            "two places",
            "Two places: f is the exponential of a dot product, of a place with itself and with"
            " the other. C(x) is the sum of the two.",
            _case(2, 2, 3, 1.0),
        ),
        Stage(
            "one bright place",
            "Four places, one with a long feature vector. Everybody gives it the largest weight;"
            " it has no such weight to give itself alone.",
            _one_bright,
        ),
        Stage(
            "all sizes differ",
            "Five places, three features, four values. Each y_i is a blend of all five g_j, with"
            " weights that sum to 1 over j. The gradient must reach x and g.",
            _case(5, 3, 4),
            compare_gradients=True,
            atol=1e-4,
        ),
        Stage(
            "many features",
            "Sixteen features a place: the plain dot product, however many there are.",
            _case(3, 16, 4, 0.45),
        ),
        Stage(
            "one feature, one value",
            "One number a place, and one value.",
            _case(4, 1, 1, 1.0),
        ),
        Stage(
            "more places",
            "More places than features.",
            _case(7, 4, 5, 0.7),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "not normalised",
            answers.unnormalised(answers._dot),
            "Your weights do not sum to 1: C(x) is missing. With more places, y would grow.",
            "Sum f over j along with f times g_j, and divide at the end.",
        ),
        Mistake(
            "divided by the number of places",
            answers.wired(c=len),
            "You divide by the number of places, N. That is C(x) for the dot product. For the"
            " Gaussian it is the sum of f over j.",
            "Sum f over j along with f times g_j, and divide by that.",
        ),
        Mistake(
            "normalised over the queries",
            answers.wired(c=lambda f: f.sum(0, keepdim=True)),
            "Your weights sum to 1 over i, not over j: each place hands itself out, once. A place"
            " that asks should get weights that sum to 1.",
            "C(x) belongs to place i: the sum of f(x_i, x_j) over all j.",
        ),
        Mistake(
            "normalised over all pairs",
            answers.wired(c=lambda f: f.sum()),
            "You divide by the sum of f over all pairs. The weights of one place then sum to"
            " about 1 / N.",
            "Start C anew for each i.",
        ),
        Mistake(
            "divided by the mean of f",
            answers.wired(c=lambda f: f.mean(1, keepdim=True)),
            "You divide by the mean of f over j, or average where you should sum: your weights"
            " sum to N.",
            "C(x) is the sum of f over j.",
        ),
        Mistake(
            "multiplied by C",
            answers.wired(c=lambda f: 1 / answers.over_keys(f)),
            "You multiply by C(x) where you should divide.",
            "The formula says 1 / C(x).",
        ),
        Mistake(
            "no exponential",
            answers.wired(f=lambda s: s),
            "Your f is the dot product itself, divided by its sum. Dot products may be negative,"
            " and their sum may come close to 0.",
            "f is `torch.exp` of the dot product.",
        ),
        Mistake(
            "no exponential, mean over j",
            answers.wired(f=lambda s: s, c=len),
            "Your f is the dot product itself and C the number of places. That is another"
            " member of the family, the dot-product form.",
            "f is `torch.exp` of the dot product, C the sum of f over j.",
        ),
        Mistake(
            "no exponential, not normalised",
            answers.wired(f=lambda s: s, c=lambda f: 1),
            "Your f is the dot product itself, and nothing is divided.",
            "f is `torch.exp` of the dot product, and C(x) the sum of f over j.",
        ),
        Mistake(
            "powers of 2",
            answers.wired(f=torch.exp2),
            "You take powers of 2. Your weights sum to 1, but they are too even.",
            "`torch.exp`.",
        ),
        Mistake(
            "divided by the square root of D",
            answers.scaled(0.5),
            "You divide the dot products by sqrt(D), as a Transformer does. The Gaussian of the"
            " non-local paper has no such scale.",
            "exp(x_i . x_j), as it stands.",
        ),
        Mistake(
            "divided by D",
            answers.scaled(1),
            "You take the mean of the products over the features where their sum is meant.",
            "`x[i] @ x[j]`, or `.sum()`.",
        ),
        Mistake(
            "a distance for a dot product",
            answers.wired(scores=answers.distances),
            "Your f is exp(-|x_i - x_j|^2), the Gaussian of non-local means. Here it is the"
            " exponential of the dot product, so long vectors weigh more.",
            "`torch.exp(x[i] @ x[j])`.",
        ),
        Mistake(
            "the product turned over",
            answers.wired(scores=lambda x: -x @ x.T),
            "You take exp(-x_i . x_j), with a minus: the least similar place weighs most. The"
            " minus belongs to the Gaussian of a distance.",
            "`torch.exp(x[i] @ x[j])`.",
        ),
        Mistake(
            "half a distance for a dot product",
            answers.wired(scores=lambda x: answers.distances(x) / 2),
            "Your f is exp(-|x_i - x_j|^2 / 2), a Gaussian of the distance. Here it is the"
            " exponential of the dot product, so long vectors weigh more.",
            "`torch.exp(x[i] @ x[j])`.",
        ),
        Mistake(
            "cosine similarity",
            answers.wired(scores=answers.unit_length),
            "You divide the features by their lengths first. That is the cosine, and it never"
            " leaves -1 to 1.",
            "The dot product of x as it is.",
        ),
        Mistake(
            "exponential before the product",
            answers.channel_by_channel,
            "You take the exponential of the features and then multiply. It is the exponential of"
            " the dot product.",
            "First `x[i] @ x[j]`, then `torch.exp`.",
        ),
        Mistake(
            "itself left out",
            answers.wired(f=lambda s: answers.without_itself(s.exp())),
            "A place of yours never asks itself: j = i is left out. The sum runs over all places.",
            "No `if i != j`.",
        ),
        Mistake(
            "itself counted, not summed",
            answers.counted_but_not_summed,
            "j = i counts in C(x) but not in the sum: the weights that you use do not sum to 1.",
            "Both sums run over all j, i among them.",
        ),
        Mistake(
            "itself summed, not counted",
            answers.summed_but_not_counted,
            "j = i is in the sum but not in C(x): the weights that you use sum to more than 1.",
            "Both sums run over all j, i among them.",
        ),
        Mistake(
            "only the places before",
            answers.only_before,
            "Place i asks only the places up to i: `range(i + 1)`. Later ones have no say.",
            "Both loops run over all places.",
        ),
        Mistake(
            "only the places after",
            answers.only_after,
            "Place i asks only the places from i on. Earlier ones have no say.",
            "Both loops run over all places.",
        ),
        Mistake(
            "the first place skipped",
            answers.wired(f=lambda s: answers.first_key_skipped(s.exp())),
            "Nobody asks place 0: your inner loop starts at 1.",
            "`range(N)` starts at 0.",
        ),
        Mistake(
            "the last place skipped",
            answers.wired(f=lambda s: answers.last_key_skipped(s.exp())),
            "Nobody asks the last place: your inner loop ends one too early.",
            "`range(N)` ends at N - 1 by itself.",
        ),
        Mistake(
            "the sums run on",
            answers.sums_run_on("yc"),
            "Only the first place comes out right: y and C of one place are where those of the"
            " next begin.",
            "Set both to 0 inside the outer loop, before the inner one.",
        ),
        Mistake(
            "C runs on",
            answers.sums_run_on("c"),
            "Your C keeps growing from place to place: only the first comes out right.",
            "Set it to 0 inside the outer loop, before the inner one.",
        ),
        Mistake(
            "y runs on",
            answers.sums_run_on("y"),
            "Your sum keeps growing from place to place: only the first comes out right.",
            "Set it to 0 inside the outer loop, before the inner one.",
        ),
        Mistake(
            "C of the last place for all",
            answers.wired(c=answers.c_of_the_last),
            "You divide all places by one C, that of the last place: the division stands after"
            " the loops.",
            "Divide inside the outer loop. Each place has a C of its own.",
        ),
        Mistake(
            "the last f for C",
            answers.wired(c=answers.last_weight_only),
            "You divide by the f of the last j alone: `C = f` where `C = C + f` was meant.",
            "Sum f over j.",
        ),
        Mistake(
            "C starts at 1",
            answers.wired(c=lambda f: 1 + answers.over_keys(f)),
            "Your C is 1 too large: it starts at 1, so the weights sum to less than 1.",
            "A sum starts at 0.",
        ),
        Mistake(
            "y starts at g",
            answers.y_starts_at_g,
            "Your sum starts with g_i, which has weight 1 in it before anything is asked.",
            "A sum starts at 0.",
        ),
        Mistake(
            "returned after the first place",
            lambda x, g: answers.non_local_loops(x, g)[:1],
            "You return the answer of the first place alone: the `return` stands inside the outer"
            " loop.",
            "One step to the left with it.",
        ),
        Mistake(
            "numbers for tensors",
            answers.numbers_for_tensors,
            "Your values are right. But f is a plain number, from `math.exp`, `.item()` or"
            " `float(...)`, so no gradient gets back to x.",
            "`torch.exp(x[i] @ x[j])`, and stay in torch.",
        ),
        Mistake(
            "divided as it goes",
            answers.divided_as_it_goes,
            "You divide inside the inner loop, so the first keys are divided again and again.",
            "One division for each i, after the loop over j.",
        ),
        Mistake(
            "the most similar place",
            answers.largest_taken,
            "You return the g of the place with the largest f. No gradient flows through such a"
            " choice.",
            "A blend of all g_j, with f / C as weights.",
        ),
        Mistake(
            "g of the place that asks",
            lambda x, g: g + 0 * x.sum(),
            "You return g itself: the sum has g_i in it, and weights that sum to 1 leave that as"
            " it is.",
            "f(x_i, x_j) multiplies g_j.",
        ),
        Mistake(
            "x for g",
            answers.wired(values=lambda x, g: x),
            "You blend the features x themselves. What is asked and what is handed over are two"
            " things here: f comes from x, the values are g.",
            "f times g[j].",
        ),
        Mistake(
            "the residual added",
            answers.wired(end=lambda y, x, g: y + g),
            "You add g to the result. There is no residual in the operator; the block adds x"
            " later, and around it.",
            "Return the weighted sum alone.",
        ),
        Mistake(
            "the maximum off above only",
            answers.maximum_off_above_only,
            "You take the largest score off in the sum with g, but not in C(x): the factor does"
            " not cancel.",
            "The same number off both, or off none.",
        ),
        Mistake(
            "two maxima",
            answers.maximum_of_the_last,
            "In the sum with g you take each place's largest score off, in C(x) another number:"
            " the factor does not cancel.",
            "The same number off both, for each i.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "careful loops": answers.by_careful_loops,
        "written into zeros": answers.into_zeros,
        "one pass over the keys": answers.one_pass,
        "einsum": answers.by_einsum,
        "float64 inside": lambda x, g: answers.by_loops(x.double(), g.double()).float(),
    },
    forbid=(
        "torch.softmax",
        "torch.nn.functional.scaled_dot_product_attention",
        "course_lib.attention.attend",
        "course_lib.attention.non_local",
    ),
    map_axes=("places", "values"),
    hints=(
        "Stay with one place i. Which two sums over j does the formula have, one above and one"
        " below the line?",
        "The outer loop takes i; set y and C to 0. The inner loop takes j, i among them: f is the"
        " exponential of the dot product, y gets f times g[j] more, C gets f more. Then y / C,"
        " and at the end stack.",
        "In the inner loop: `f = torch.exp(x[i] @ x[j])`, `y = y + f * g[j]`, `c = c + f`. What"
        " follows it, still for this i?",
    ),
)
