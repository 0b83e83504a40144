"""Exercise 2.3: a number whose gradient teaches a policy that draws, REINFORCE (Williams 1992)."""

import torch

from course_lib.exercises.bank.ch02 import reinforce_surrogate_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _draws(g, batch, reward, baseline):
    log_prob = uniform(g, batch, low=0.02, high=0.6).log()  # of the places that were drawn
    return {"log_prob": log_prob, "reward": reward, "baseline": baseline}


def _without_baseline(g):
    return _draws(g, 1, uniform(g, 1, low=0.5, high=2.0), torch.zeros(1))


def _one_draw(g):
    return _draws(g, 1, uniform(g, 1, low=1.2, high=2.0), uniform(g, 1, low=0.2, high=0.8))


def _hits_and_misses(g):
    hits = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0])[torch.randperm(5, generator=g)]
    return _draws(g, 5, hits, uniform(g, 5, low=0.2, high=0.7))


def _better_and_worse(g):
    baseline, size = normal(g, 4), uniform(g, 4, low=0.5, high=3.0)
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0])[torch.randperm(4, generator=g)]
    return _draws(g, 4, baseline + sign * size, baseline)


def _as_expected(g):
    expected = uniform(g, 3, low=0.5, high=2.0)
    return _draws(g, 3, expected, expected.clone())


REINFORCE_SURROGATE = Exercise(
    id="reinforce-surrogate",
    chapter=2,
    title="The gradient of a draw",
    signature="surrogate(log_prob, reward, baseline)",
    points=3,
    difficulty=3,
    importance=5,
    minutes=10,
    reference=answers.surrogate,
    stages=(
        Stage(
            "one draw, no baseline",
            "One draw and a baseline of 0: minus the log-probability times the reward, with a"
            " gradient for the log-probability alone. An optimiser descends, and the reward should"
            " rise.",
            _without_baseline,
            compare_gradients=True,
        ),
        Stage(
            "one draw",
            "Now the baseline is not 0. It is taken from the reward, and no gradient goes to"
            " either.",
            _one_draw,
            compare_gradients=True,
        ),
        Stage(
            "hits and misses",
            "Five draws with rewards of 0 and 1. Each log-probability meets its own advantage, and"
            " the batch is averaged.",
            _hits_and_misses,
            compare_gradients=True,
        ),
        Stage(
            "better and worse",
            "Advantages of both signs: what went better than expected is made likelier, what went"
            " worse less likely.",
            _better_and_worse,
            compare_gradients=True,
        ),
        Stage(
            "as expected",
            "Every reward is what the baseline expected, so there is nothing to learn: no"
            " gradient.",
            _as_expected,
            compare_gradients=True,
        ),
        Stage(
            "a large batch",
            "Many draws, large rewards.",
            lambda g: _draws(g, 64, normal(g, 64, scale=20.0), normal(g, 64, scale=5.0)),
            compare_gradients=True,
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "the sign turned",
            lambda *given: -answers.surrogate(*given),
            "The sign is turned. An optimiser makes its loss smaller, so with yours it would make"
            " rewarded draws rarer: the policy learns to miss.",
            "A minus in front, and reward minus baseline behind it: down on this number is up on"
            " the reward.",
        ),
        Mistake(
            "the sign turned, nothing detached",
            lambda log_prob, r, b: (log_prob * (r - b)).mean(),
            "Two things at once. The sign is turned, so the policy would learn to miss; and a"
            " gradient flows into `reward` and `baseline`, which are constants here.",
            "A minus in front, and `(reward - baseline).detach()` behind it.",
        ),
        Mistake(
            "probability, not its logarithm",
            answers.wired(draws=torch.exp),
            "You weigh the probability, not its logarithm. Likely draws come up often already;"
            " without the logarithm each is multiplied by its probability once more, and rare ones"
            " are hardly learned.",
            "`log_prob` comes as a logarithm. Use it as it is.",
        ),
        Mistake(
            "logarithm taken twice",
            answers.wired(draws=torch.log),
            "Your result is NaN: `log_prob` is a logarithm already, so it is negative, and a"
            " negative number has no logarithm.",
            "Use `log_prob` as it is.",
        ),
        Mistake(
            "no baseline",
            answers.wired(lambda r, b: r),
            "The baseline has no influence on your result. The gradient is still right on average,"
            " only noisier as a rule: that is why this slip is seldom noticed.",
            "Weigh by the reward minus the baseline.",
        ),
        Mistake(
            "baseline added",
            answers.wired(lambda r, b: r + b),
            "You add the baseline. The gradient stays right on average, and is noisier as a rule"
            " than without one.",
            "Reward minus baseline: how much better it went than expected.",
        ),
        Mistake(
            "no baseline, and a gradient into the reward",
            lambda log_prob, r, b: -(log_prob * r).mean(),
            "The baseline has no influence on your result, and a gradient flows into `reward`,"
            " which is a constant here.",
            "`(reward - baseline).detach()` in place of the reward.",
        ),
        Mistake(
            "parentheses missing",
            lambda log_prob, r, b: -(log_prob * r.detach() - b.detach()).mean(),
            "You subtract the baseline from the product of log-probability and reward. There it"
            " shifts the value and has no influence on the gradient.",
            "Parentheses around reward minus baseline: it is the difference that is multiplied.",
        ),
        Mistake(
            "parentheses missing, nothing detached",
            lambda log_prob, r, b: -(log_prob * r - b).mean(),
            "You subtract the baseline from the product of log-probability and reward, and a"
            " gradient flows into both of them.",
            "`(reward - baseline).detach()` first, then the product.",
        ),
        Mistake(
            "one baseline for the whole batch",
            answers.wired(lambda r, b: r - b.mean()),
            "You average the baseline over the batch. Each draw comes with its own, what was"
            " expected of *its* image.",
            "Subtract draw by draw.",
        ),
        Mistake(
            "baseline multiplied",
            answers.wired(lambda r, b: r * b),
            "You multiply the reward by the baseline. A baseline of 0 would silence every reward.",
            "Subtract it.",
        ),
        Mistake(
            "divided by the baseline",
            answers.wired(lambda r, b: r / b),
            "You divide the reward by the baseline. With a baseline of 0 that is infinite.",
            "Subtract it.",
        ),
        Mistake(
            "summed over the batch",
            lambda *given: answers.surrogate(*given) * len(given[0]),
            "You sum over the batch. Twice the samples would then be twice the step.",
            "`mean()` in place of `sum()`.",
        ),
        Mistake(
            "halved",
            lambda *given: answers.surrogate(*given) / 2,
            "Your number is half of what is asked for. Squared errors carry a 1/2; there is no"
            " square here.",
            "Drop the factor.",
        ),
        Mistake(
            "one number a sample",
            lambda log_prob, r, b: -(log_prob * (r - b).detach()),
            "You return one number a sample, and `backward()` wants a single one.",
            "Average over the batch at the end.",
        ),
        Mistake(
            "means multiplied",
            answers.means_multiplied,
            "You average the log-probabilities and the advantages first and multiply the two"
            " means. Then no draw is told whether it was the good one. Shapes (B,) and (B, 1)"
            " multiplied into (B, B) do the same.",
            "Multiply draw by draw; average after.",
        ),
        Mistake(
            "a gradient into reward and baseline",
            answers.partly_detached(),
            "The value is right, and a gradient flows into `reward` and into `baseline`. It would"
            " push the baseline down, or up, wherever that makes this number smaller: the baseline"
            " would forget to expect anything.",
            "The advantage is a constant here: `(reward - baseline).detach()`.",
        ),
        Mistake(
            "a gradient into the reward",
            answers.partly_detached(baseline=answers.cut),
            "The value is right, and a gradient flows into `reward`. What computed the reward"
            " would be trained to report more of it.",
            "Detach the reward too: `(reward - baseline).detach()`.",
        ),
        Mistake(
            "a gradient into the baseline",
            answers.partly_detached(reward=answers.cut),
            "The value is right, and a gradient flows into `baseline`. The baseline has a loss of"
            " its own, the squared error; this number would pull it elsewhere.",
            "Detach the baseline too: `(reward - baseline).detach()`.",
        ),
        Mistake(
            "the wrong factor detached",
            answers.partly_detached(draws=answers.cut),
            "The value is right, and the gradient goes the wrong way round: `log_prob` gets none"
            " and the rewards get one. The policy would learn nothing.",
            "Detach the advantage, not the log-probability.",
        ),
        Mistake(
            "advantage normalised",
            answers.wired(answers.divided_by_its_spread),
            "You centre the advantages and divide by their standard deviation. Many do, to tame"
            " the step; it changes the gradient, and a single draw has no spread: the result is"
            " NaN.",
            "Reward minus baseline, as it is.",
        ),
        Mistake(
            "advantage over its spread",
            answers.wired(answers.over_its_spread),
            "You divide the advantages by their standard deviation. With one draw there is none,"
            " and the result is NaN.",
            "Reward minus baseline, as it is.",
        ),
        Mistake(
            "advantage centred",
            answers.wired(lambda r, b: (r - b) - (r - b).mean()),
            "You subtract the batch's mean advantage as well. With one draw nothing is left of it,"
            " and every draw's baseline holds its own reward, which biases the gradient.",
            "Reward minus baseline, as it is.",
        ),
        Mistake(
            "only what went well",
            answers.wired(lambda r, b: (r - b).clamp(min=0)),
            "You drop the negative advantages: no draw is ever made less likely because it"
            " disappointed.",
            "Let the advantage keep its sign.",
        ),
        Mistake(
            "advantage without sign",
            answers.wired(lambda r, b: (r - b).abs()),
            "Your advantages have lost their sign: disappointing draws are made likelier, too.",
            "Reward minus baseline, without `abs` or a square.",
        ),
        Mistake(
            "a squared error",
            lambda log_prob, r, b: (log_prob - (r - b).detach()).square().mean(),
            "Your number is a squared error: it pulls the log-probability towards the advantage. A"
            " log-probability is never positive, and nothing says it should equal a reward.",
            "Log-probability times advantage.",
        ),
        Mistake(
            "advantage squared",
            answers.wired(lambda r, b: (r - b).square()),
            "You weigh by the squared advantage. The square belongs to the baseline's own loss;"
            " here the sign matters.",
            "Reward minus baseline, not squared.",
        ),
        Mistake(
            "baseline taken from the log-probability",
            answers.baseline_on_the_wrong_factor,
            "You subtract the baseline from the log-probability. The gradient is then the one"
            " without a baseline.",
            "The baseline is an expected reward: it comes off the reward.",
        ),
        Mistake(
            "the baseline's loss added",
            answers.baseline_trained_too,
            "Your number holds the baseline's squared error as well. In training the two are"
            " added; here only the policy's part is asked for, and no gradient may go to the"
            " baseline.",
            "Leave the squared error out.",
        ),
        Mistake(
            "the baseline's loss added, the reward not detached",
            answers.baseline_and_reward_trained,
            "Your number holds the baseline's squared error as well, and through it a gradient"
            " flows into `reward`, too. In training a loss for the baseline is added; here only"
            " the policy's part is asked for.",
            "Leave the squared error out.",
        ),
        Mistake(
            "log-probability forgotten",
            lambda log_prob, r, b: -(r - b).mean(),
            "Your number is minus the mean advantage, and `log_prob` has no part in it. A draw has"
            " no derivative, so nothing would reach the policy.",
            "Multiply each advantage by the log-probability of what was drawn.",
        ),
        Mistake(
            "a probability ratio",
            answers.by_ratio,
            "Your gradient is right. Your value is another, that of a ratio of probabilities as in"
            " PPO. The check compares the value as well.",
            "Use `log_prob` itself as the factor.",
        ),
        Mistake(
            "everything detached",
            answers.no_gradient_at_all,
            "The value is right and no gradient reaches anything: the whole product is detached,"
            " so the policy would never learn.",
            "Detach the advantage alone, and leave `log_prob` its gradient.",
        ),
    ),
    variants={
        "loop": answers.by_loop,
        "advantage under no_grad": answers.by_no_grad,
        "einsum, signs exchanged": answers.by_einsum,
        "each factor detached": answers.partly_detached(answers.cut, answers.cut),
        "float64 inside": answers.by_double,
    },
    forbid=("course_lib.attention.surrogate_loss",),
    hints=(
        "grad E[R] = E[R grad log p]. Which of the factors may carry a gradient, and which is a"
        " number?",
        (
            "The advantage is reward minus baseline, taken as a constant. Multiply it by the"
            " log-probability, draw by draw, average, and mind that an optimiser descends."
        ),
        (
            "`(reward - baseline).detach()` is the constant. `-(log_prob * ...).mean()` goes around"
            " it."
        ),
    ),
)
