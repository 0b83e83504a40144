"""Exercise 8.4: the gradient of the binary focal loss in closed form."""

import torch

from course_lib.exercises.bank.ch08 import focal_gradient_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _mixed(g, n):
    """Targets of both kinds, 0 and 1."""
    return (torch.randperm(n, generator=g) % 2).float()


def _case(n, gamma, target=None):
    """`gamma` is a number or the range that it is drawn from."""

    def draw(g):
        low, high = gamma if isinstance(gamma, tuple) else (gamma, gamma)
        return {
            "logits": normal(g, n, scale=1.5),
            "target": _mixed(g, n) if target is None else torch.full((n,), float(target)),
            "gamma": float(uniform(g, 1, low=low, high=high)),
        }

    return draw


def _easy(g):
    """Right and fairly sure."""
    target = _mixed(g, 6)
    logits = (2 * target - 1) * uniform(g, 6, low=2.5, high=5.0)
    return {"logits": logits, "target": target, "gamma": float(uniform(g, 1, low=1.5, high=2.5))}


def _far(g):
    """So sure that the probability is 0 or 1 in float32, half of them wrong."""
    target = torch.tensor([0.0, 0.0, 1.0, 1.0])
    logits = torch.tensor([-1.0, 1.0, -1.0, 1.0]) * uniform(g, 4, low=120.0, high=200.0)
    order = torch.randperm(4, generator=g)
    gamma = float(uniform(g, 1, low=0.3, high=0.9))
    return {"logits": logits[order], "target": target[order], "gamma": gamma}


FOCAL_GRADIENT = Exercise(
    id="focal-gradient",
    chapter=8,
    title="The gradient of the focal loss",
    signature="focal_gradient(logits, target, gamma)",
    points=4,
    difficulty=4,
    importance=3,
    minutes=15,
    reference=answers.focal_gradient,
    stages=(
        Stage(
            "gamma is 0",
            "With gamma 0 the focal loss is cross-entropy, and its gradient is p - y: below 0 where"
            " the target is 1, above 0 where it is 0.",
            _case(5, 0.0),
        ),
        Stage(
            "positives",
            "All targets are 1, so p_t is sigmoid(z). Two factors depend on z, the weight and the"
            " logarithm: the product rule gives two terms.",
            _case(4, 2.0, target=1),
        ),
        Stage(
            "negatives",
            "All targets are 0, so p_t is 1 - sigmoid(z), and it falls as z rises: the sign turns.",
            _case(4, 2.0, target=0),
        ),
        Stage(
            "gamma is 1",
            "Targets of both kinds, gamma 1.",
            _case(6, 1.0),
        ),
        Stage(
            "another gamma",
            "Targets of both kinds, a gamma between 2.5 and 5.",
            _case(7, (2.5, 5.0)),
        ),
        Stage(
            "easy pixels",
            "All right and fairly sure: small gradients, far below cross-entropy's. They are"
            " compared by ratio, not by difference.",
            _easy,
            rtol=2e-3,
            atol=1e-8,
        ),
        Stage(
            "far from 0",
            "Logits beyond 100 either way: in float32 the probability is exactly 0 or 1. Surely"
            " right is 0, surely wrong is 1 with its sign, and nothing is NaN.",
            _far,
        ),
        Stage(
            "many pixels",
            "Forty pixels, a gamma below 1.",
            _case(40, (0.4, 0.9)),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "p_t missing in the second term",
            answers.wired(slope=answers.without_p),
            "The term with the logarithm lacks its factor p_t. The weight's derivative brings"
            " p_t (1 - p_t) with it, and only the (1 - p_t) goes into the power.",
            "gamma * p_t * log p_t, inside the brackets.",
        ),
        Mistake(
            "the weight as a constant",
            answers.wired(slope=answers.weight_as_constant),
            "Your gradient is cross-entropy's, times the weight. That is what comes out if the"
            " weight is detached. But (1 - p_t)^gamma depends on z too.",
            "Product rule: the weight's own derivative, times -log p_t, is the second term.",
        ),
        Mistake(
            "the weight's term alone",
            answers.wired(slope=answers.weight_alone),
            "You derive the weight and not the logarithm: only the second term of the product rule"
            " is there. With gamma 0 nothing is left.",
            "Add the first: the weight times cross-entropy's gradient.",
        ),
        Mistake(
            "the terms against each other",
            answers.wired(slope=answers.terms_added),
            "One of your two terms has the wrong sign. log p_t is below 0, so gamma p_t log p_t and"
            " -(1 - p_t) pull the same way.",
            "gamma * p_t * log p_t - (1 - p_t).",
        ),
        Mistake(
            "gamma missing in front",
            answers.wired(slope=answers.without_gamma_in_front),
            "The term with the logarithm lacks the factor gamma, which the derivative of a power"
            " brings down. With gamma 0 that term should vanish.",
            "gamma * p_t * log p_t.",
        ),
        Mistake(
            "derived by p_t, not by z",
            answers.wired(slope=answers.by_p),
            "You stop at the derivative by p_t. The sigmoid's slope is missing.",
            "Times d p_t / d z: p_t (1 - p_t), with the sign of the target.",
        ),
        Mistake(
            "gamma - 1 left in the power",
            answers.wired(slope=answers.power_left),
            "In the term with the logarithm the power is gamma - 1. The sigmoid's slope brings"
            " another (1 - p_t).",
            "Multiply out: (1 - p_t)^(gamma - 1) times (1 - p_t).",
        ),
        Mistake(
            "gamma - 1 in both powers",
            answers.wired(slope=answers.power_left_in_both),
            "The power in front of your brackets is gamma - 1, one less than it should be: the"
            " (1 - p_t) of the sigmoid's slope is used up once only.",
            "(1 - p_t)^gamma in front.",
        ),
        Mistake(
            "cross-entropy without its 1 - p_t",
            answers.wired(slope=answers.without_1_minus_p),
            "The first term lacks its factor 1 - p_t. The derivative of log p_t by z is (1 - p_t),"
            " not 1.",
            "With gamma 0 the result must be p - y.",
        ),
        Mistake(
            "the power not multiplied out",
            answers.wired(slope=answers.not_multiplied_out),
            "Right on paper, and NaN where a logit is far from 0: with p_t = 1 the power"
            " (1 - p_t)^(gamma - 1) is infinite for gamma below 1, with p_t = 0 the fraction is.",
            "Multiply p_t (1 - p_t) out by hand before you write code: no division and no gamma - 1"
            " is left.",
        ),
        Mistake(
            "the logarithm of 0",
            answers.wired(log=answers.log_taken_late),
            "Right, and NaN where the answer is surely wrong: there p_t is 0 in float32, its"
            " logarithm is -inf, and 0 times -inf is NaN.",
            "`F.logsigmoid`, or a `clamp` under the logarithm.",
        ),
        Mistake(
            "p for p_t",
            answers.wired(
                p=answers.of_class_1, log=lambda z, y: answers.log_of_the_true_class(z, 1.0)
            ),
            "You use sigmoid(z) for every pixel. Where the target is 0, p_t is 1 - sigmoid(z).",
            "sigmoid of z where the target is 1, sigmoid of -z where it is 0.",
        ),
        Mistake(
            "the sign of the negatives",
            answers.wired(sign=lambda target: 1),
            "Where the target is 0 your sign is turned: there p_t falls as z rises, so the chain"
            " brings a -1.",
            "Times 2 * target - 1.",
        ),
        Mistake(
            "p for p_t, no sign",
            answers.wired(
                p=answers.of_class_1,
                log=lambda z, y: answers.log_of_the_true_class(z, 1.0),
                sign=lambda target: 1,
            ),
            "`target` has no effect in yours: every pixel is taken as a positive.",
            "Where the target is 0, p_t is 1 - sigmoid(z), and it falls as z rises.",
        ),
        Mistake(
            "the sign turned",
            answers.wired(sign=lambda target: 1 - 2 * target),
            "Every sign is turned: this is the gradient of +(1 - p_t)^gamma log p_t. Where the target"
            " is 1 a larger logit is better, so the loss falls.",
            "Keep the minus of -log p_t.",
        ),
        Mistake(
            "the other class's probability",
            answers.wired(
                p=answers.of_the_other_class, log=lambda z, y: answers.log_of_the_true_class(z, 1 - y)
            ),
            "Your p_t is the probability of the class that is not true: the two cases are"
            " exchanged.",
            "sigmoid of z where the target is 1, sigmoid of -z where it is 0.",
        ),
        Mistake(
            "easy pixels weighed",
            answers.wired(slope=answers.wrong_weight),
            "Your weight is p_t^gamma: large where the answer is right already. The focal loss"
            " turns those down.",
            "(1 - p_t)^gamma.",
        ),
        Mistake(
            "another loss derived",
            answers.wired(slope=answers.wrong_weight_derived),
            "This is the gradient of -p_t^gamma log p_t, whose weight is large where the answer is"
            " right already.",
            "Begin with (1 - p_t)^gamma.",
        ),
        Mistake(
            "gamma left out",
            answers.wired(slope=answers.cross_entropy),
            "`gamma` has no effect: this is cross-entropy's gradient, p - y.",
            "Weigh it by (1 - p_t)^gamma, and add the weight's own derivative.",
        ),
        Mistake(
            "gamma fixed at 2",
            answers.wired(slope=answers.gamma_of_two),
            "You use 2, whatever `gamma` is handed over.",
            "`gamma`, in the power and in front of the logarithm.",
        ),
        Mistake(
            "gamma as a factor",
            answers.wired(slope=answers.times_gamma),
            "You multiply 1 - p_t by gamma. It is a power.",
            "(1 - p_t) ** gamma.",
        ),
        Mistake(
            "the loss itself",
            lambda logits, target, gamma: answers.loss(
                answers.of_the_true_class(logits, target),
                answers.log_of_the_true_class(logits, target),
                gamma,
            ),
            "You return the loss of each pixel. Asked for is its derivative by the logit.",
            "Derive the two factors, the weight and the logarithm, one at a time.",
        ),
        Mistake(
            "the gradient of the mean",
            answers.of_the_mean,
            "Your numbers are right but for a division by how many there are: the gradient of the"
            " mean loss. Asked for is each pixel's own.",
            "No division at the end.",
        ),
        Mistake(
            "p_t after the mean",
            answers.averaged_first,
            "You take the mean cross-entropy first and make one p_t of it. All pixels then share"
            " one weight, and telling hard from easy was the point. `reduction='mean'` inside a"
            " focal loss does this.",
            "Each pixel has its own p_t: no reduction before the weight.",
        ),
        Mistake(
            "alpha as well",
            answers.with_alpha,
            "You weigh positives by 0.25 and negatives by 0.75: the alpha of Lin et al., on by"
            " default in torchvision. It is not asked for here.",
            "Leave alpha out.",
        ),
        Mistake(
            "a softmax over the pixels",
            answers.over_the_pixels,
            "Your probabilities sum to 1 over the pixels. Each pixel has one logit of its own, and"
            " is judged alone.",
            "A sigmoid of each logit.",
        ),
        Mistake(
            "logits as probabilities",
            answers.without_sigmoid,
            "You use the logits as probabilities. They lie outside 0 and 1, and the logarithm of a"
            " negative number is NaN.",
            "A sigmoid first.",
        ),
    ),
    variants={
        "class by class": answers.class_by_class,
        "two terms": answers.by_product_rule,
        "clamped": answers.clamped,
        "loop": answers.by_loop,
        "float64 inside": answers.in_double,
    },
    forbid=("torch.autograd.grad", "torch.autograd.backward"),
    hints=(
        "With s = +1 or -1 for the two targets, p_t = sigmoid(s z), and d p_t / d z ="
        " s p_t (1 - p_t). What does the product rule make of (1 - p_t)^gamma times log p_t?",
        "By p_t: gamma (1 - p_t)^(gamma - 1) log p_t - (1 - p_t)^gamma / p_t. Multiply that by"
        " s p_t (1 - p_t) and take out (1 - p_t)^gamma.",
        "s (1 - p_t)^gamma times a bracket of two terms; one is gamma p_t log p_t. The other is what"
        " makes gamma 0 give p - y. `F.logsigmoid(s * z)` is a logarithm that does not overflow.",
    ),
)
