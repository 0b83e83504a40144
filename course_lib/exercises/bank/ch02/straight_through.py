"""Exercise 2.6: a draw goes forward, a softmax goes back (Bengio et al. 2013; Jang et al. 2017)."""

import torch

from course_lib.exercises.bank.ch02 import straight_through_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _gumbel(g, *shape):
    return -(-uniform(g, *shape, low=1e-4, high=0.9999).log()).log()


def _case(b, k, tau, scale=1.0):
    return lambda g: {
        "scores": normal(g, b, k, scale=scale),
        "noise": _gumbel(g, b, k),
        "tau": tau,
    }


def _without_noise(g):
    return {"scores": normal(g, 4, 3), "noise": torch.zeros(4, 3), "tau": 1.0}


def _noise_decides(g):
    """In each row another place wins with the noise than without it."""
    scores = normal(g, 3, 4)
    winner = (scores.argmax(-1) + 1 + torch.randint(3, (3,), generator=g)) % 4
    lift = 1.0 + scores.amax(-1) - scores.gather(1, winner[:, None])[:, 0]
    noise = uniform(g, 3, 4, low=-0.5, high=0.5).scatter_add(1, winner[:, None], lift[:, None])
    return {"scores": scores, "noise": noise, "tau": 1.0}


STRAIGHT_THROUGH = Exercise(
    id="straight-through",
    chapter=2,
    title="A draw with a borrowed gradient",
    signature="straight_through(scores, noise, tau)",
    points=3,
    difficulty=3,
    importance=4,
    minutes=10,
    reference=answers.straight_through,
    stages=(
        Stage(
            "no noise",
            "No noise, temperature 1: forward a one at the largest score and zeros elsewhere,"
            " backward the gradient of softmax(scores).",
            _without_noise,
            compare_gradients=True,
        ),
        Stage(
            "the noise decides",
            "The noise makes another place win than the scores alone would. It belongs into the"
            " draw, and into the softmax as well.",
            _noise_decides,
            compare_gradients=True,
        ),
        Stage(
            "a cold temperature",
            "Temperature 0.5 leaves the draw as it is and changes its gradient: that of"
            " softmax((scores + noise) / tau).",
            _case(2, 4, 0.5),
            compare_gradients=True,
        ),
        Stage(
            "a warm temperature",
            "Temperature 4: no place has half of the softmax's weight. One is drawn all the same.",
            _case(2, 6, 4.0, scale=0.5),
            compare_gradients=True,
        ),
        Stage(
            "all sizes differ",
            "A batch: every sample draws one place of its own.",
            _case(3, 5, 2.0),
            compare_gradients=True,
        ),
        Stage(
            "many places",
            "More samples, more places.",
            _case(4, 15, 0.7),
            compare_gradients=True,
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the softmax goes forward",
            answers.wired(join=lambda hard, soft: soft),
            "Your result is the softmax itself: several places are blended, and nothing is drawn."
            " What comes after would have to read every place.",
            "Forward a one and zeros; the softmax only lends its gradient.",
        ),
        Mistake(
            "no gradient",
            answers.wired(join=answers.cut),
            "The value is right and no gradient flows back: an argmax has none, and nothing stands"
            " in for it.",
            "Add something that is 0 in value and has the softmax's gradient.",
        ),
        Mistake(
            "soft added, not taken off again",
            answers.wired(join=lambda hard, soft: hard + soft),
            "Your rows sum to 2: the one-hot draw plus the softmax. The gradient is right.",
            "Take the softmax off again, detached: then the value is the draw alone.",
        ),
        Mistake(
            "soft taken off with its gradient",
            answers.wired(join=lambda hard, soft: hard + soft - soft),
            "The value is right and the gradient is 0: the softmax is added and subtracted, and"
            " both carry its gradient.",
            "Detach the one that is subtracted.",
        ),
        Mistake(
            "the wrong one detached",
            answers.wired(join=lambda hard, soft: hard + soft.detach() - soft),
            "The value is right, and the gradient has the opposite sign: the softmax that is"
            " subtracted carries it.",
            "Detach the one that is subtracted, not the one that is added.",
        ),
        Mistake(
            "gradient of the scores themselves",
            answers.gradient_of(lambda s, n, tau: s),
            "The value is right, and the gradient passes to the scores unchanged, as if the draw"
            " were the scores. That is plain straight-through; without the softmax no place pays"
            " for what another gets.",
            "Borrow the gradient of softmax((scores + noise) / tau).",
        ),
        Mistake(
            "gradient of the perturbed scores",
            answers.gradient_of(lambda s, n, tau: s + n),
            "The value is right, and the gradient passes through unchanged, as if the draw were"
            " scores + noise. The softmax is missing from it.",
            "Borrow the gradient of softmax((scores + noise) / tau).",
        ),
        Mistake(
            "gradient of the log-softmax",
            answers.gradient_of(lambda s, n, tau: ((s + n) / tau).log_softmax(-1)),
            "The value is right, and the gradient is that of the logarithm of the softmax.",
            "`softmax`, not `log_softmax`.",
        ),
        Mistake(
            "gradient of the drawn place only",
            answers.wired(join=lambda hard, soft: hard * soft / soft.detach()),
            "The value is right, and the gradient is that of the drawn place alone, divided by its"
            " weight: the other places send nothing back.",
            "Add and subtract instead of multiplying.",
        ),
        Mistake(
            "draw times softmax",
            answers.wired(join=lambda hard, soft: hard * soft),
            "You multiply the draw with the softmax: where a 1 should stand, its weight stands.",
            "The forward value is a one and zeros.",
        ),
        Mistake(
            "tau forgotten",
            answers.wired(softened=lambda s, n, tau: s + n),
            "The value is right, and the gradient is the one of temperature 1. The draw does not"
            " depend on tau, so only the gradient shows it.",
            "Divide scores + noise by tau before the softmax.",
        ),
        Mistake(
            "multiplied by tau",
            answers.wired(softened=lambda s, n, tau: (s + n) * tau),
            "You multiply by tau. A high temperature should flatten the softmax; yours sharpens"
            " it.",
            "Divide by tau.",
        ),
        Mistake(
            "tau on the scores only",
            answers.wired(
                lambda s, n, tau: s / tau + n,
                lambda s, n, tau: s / tau + n,
            ),
            "You divide the scores by tau and add the noise after. That changes what is drawn:"
            " places are then drawn from softmax(scores / tau).",
            "Divide the sum: (scores + noise) / tau.",
        ),
        Mistake(
            "tau on the noise only",
            answers.wired(
                lambda s, n, tau: s + n / tau,
                lambda s, n, tau: s + n / tau,
            ),
            "You divide the noise alone by tau. That changes what is drawn: a high temperature"
            " then draws less by chance, not more.",
            "Divide the sum: (scores + noise) / tau.",
        ),
        Mistake(
            "divided after the softmax",
            answers.gradient_of(lambda s, n, tau: (s + n).softmax(-1) / tau),
            "You divide the softmax by tau, not what goes into it: a gradient of another size, and"
            " a softmax as sharp as ever.",
            "Divide by tau before the softmax.",
        ),
        Mistake(
            "noise forgotten in the draw",
            answers.wired(drawn_from=lambda s, n, tau: s),
            "You take the argmax of the scores without the noise: the same place wins at every"
            " call, and nothing is drawn.",
            "The place that is drawn is the largest of scores + noise.",
        ),
        Mistake(
            "noise forgotten in the softmax",
            answers.wired(softened=lambda s, n, tau: s / tau),
            "The value is right, and the gradient is that of a softmax without the noise. It would"
            " belong to another draw.",
            "The same sum, scores + noise, in both.",
        ),
        Mistake(
            "noise forgotten",
            answers.wired(lambda s, n, tau: s, lambda s, n, tau: s / tau),
            "The noise has no part in your result: the largest score wins every time.",
            "Add the noise to the scores first.",
        ),
        Mistake(
            "noise subtracted",
            answers.wired(
                lambda s, n, tau: (s - n) / tau,
                lambda s, n, tau: (s - n) / tau,
            ),
            "You subtract the noise. Gumbel noise is not symmetric: with a minus, places are no"
            " longer drawn from the softmax of the scores.",
            "scores + noise.",
        ),
        Mistake(
            "noise multiplied",
            answers.wired(
                lambda s, n, tau: s * n / tau,
                lambda s, n, tau: s * n / tau,
            ),
            "You multiply the scores by the noise.",
            "scores + noise.",
        ),
        Mistake(
            "probabilities for scores",
            answers.wired(
                lambda s, n, tau: (s.softmax(-1) + n) / tau,
                lambda s, n, tau: (s.softmax(-1) + n) / tau,
            ),
            "You take a softmax of the scores before the noise is added. The noise belongs to"
            " scores, or to log-probabilities: on probabilities, which differ by less than 1, it"
            " nearly always decides.",
            "Add the noise to the scores as they come.",
        ),
        Mistake(
            "scores detached",
            answers.wired(softened=lambda s, n, tau: (s.detach() + n) / tau),
            "The value is right, and the scores get no gradient: you detached them before the"
            " softmax. What made them would learn nothing.",
            "Detach the softmax that is subtracted, and nothing else.",
        ),
        Mistake(
            "a sigmoid for the softmax",
            answers.gradient_of(lambda s, n, tau: ((s + n) / tau).sigmoid()),
            "The value is right, and the gradient is that of a sigmoid at each place for itself."
            " In a softmax each place also pays for what the others get.",
            "`softmax(-1)` in place of the sigmoid.",
        ),
        Mistake(
            "noise detached",
            answers.wired(softened=lambda s, n, tau: (s + n.detach()) / tau),
            "Value and gradient of the scores are right. The noise is an input of the softmax too,"
            " and the check follows the gradient to it; you cut that one.",
            "Leave the noise as it comes. Detaching it changes nothing for the scores.",
        ),
        Mistake(
            "softmax over the batch",
            answers.wired(soft_dim=0),
            "The gradient is that of a softmax over the samples. With one sample that softmax is 1"
            " everywhere, and its gradient is 0.",
            "The places lie along the last axis: `softmax(-1)`.",
        ),
        Mistake(
            "argmax over the batch",
            answers.wired(hard_dim=0),
            "Your one stands once in each column: for each place you pick a sample. One place for"
            " each sample is to be drawn.",
            "`argmax(-1)`.",
        ),
        Mistake(
            "one draw for the whole batch",
            answers.wired(join=answers.largest_of_all),
            "There is a single one in the whole batch: you compare with the largest weight of all"
            " samples.",
            "Each row has its own largest: `amax(-1, keepdim=True)`, or `argmax(-1)`.",
        ),
        Mistake(
            "places above a half",
            answers.wired(join=answers.above_a_half),
            "You round the softmax at 0.5. Where no place has half of the weight, nothing is"
            " drawn.",
            "The largest is drawn, however small: `argmax(-1)`.",
        ),
        Mistake(
            "the place, not one-hot",
            answers.place_drawn,
            "You return the number of the place that was drawn. A whole number has no gradient to"
            " lend.",
            "A row of K numbers: a one at that place and zeros elsewhere.",
        ),
    ),
    variants={
        "one_hot and the difference detached": answers.by_one_hot,
        "an autograd function": answers.by_function,
        "loops": answers.by_loops,
        "scatter": answers.wired(),
        "float64 inside": answers.by_double,
    },
    forbid=("torch.nn.functional.gumbel_softmax", "course_lib.attention.gumbel_softmax"),
    map_axes=("samples", "places"),
    hints=(
        "What has the value 0 and yet a gradient? Think of a tensor minus a copy of itself.",
        (
            "Make the softmax of (scores + noise) / tau, and the one-hot draw at its largest entry."
            " Then add to the draw a zero that carries the softmax's gradient."
        ),
        "`soft - soft.detach()` is 0 in value and has the gradient of `soft`. Add the one-hot"
        " draw.",
    ),
)
