"""Exercise 2.5: the gradient of an expected reward in closed form, with nothing drawn."""

import torch

from course_lib.exercises.bank.ch02 import exact_gradient_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, k, scale=1.0, offset=0.0):
    return lambda g: {
        "scores": normal(g, b, k, scale=scale) + offset,
        "reward": normal(g, b, k, scale=2.0),
    }


def _equal_rewards(g):
    reward = uniform(g, 1, 1, low=1.0, high=3.0)
    return {"scores": normal(g, 1, 4), "reward": reward.repeat(1, 4)}


def _equal_scores(g):
    score = uniform(g, 1, 1, low=0.5, high=2.0)
    return {"scores": score.repeat(1, 4), "reward": normal(g, 1, 4, scale=2.0)}


def _one_place_pays(g):
    order = torch.rand(3, 5, generator=g).argsort(-1)
    return {"scores": normal(g, 3, 5), "reward": (order == 0).float()}


EXACT_GRADIENT = Exercise(
    id="exact-gradient",
    chapter=2,
    title="The gradient without a draw",
    signature="exact_gradient(scores, reward)",
    points=2,
    difficulty=3,
    importance=3,
    minutes=8,
    reference=answers.exact_gradient,
    stages=(
        Stage(
            "equal rewards",
            "Every place pays the same, so it does not matter where you look: the gradient is 0.",
            _equal_rewards,
        ),
        Stage(
            "equal scores",
            "Every place is equally likely: (reward minus the mean reward) / K.",
            _equal_scores,
        ),
        Stage(
            "two places",
            "Two places: p_0 * p_1 * (R_0 - R_1), and the same with the other sign.",
            _case(1, 2),
        ),
        Stage(
            "several places",
            "Scores and rewards all differ. The gradient sums to 0 over the places, because"
            " softmax does not change when all scores rise together.",
            _case(1, 5),
        ),
        Stage(
            "a batch",
            "Every sample has its own distribution and its own expected reward.",
            _case(3, 4),
            batched=("scores", "reward"),
        ),
        Stage(
            "one place pays",
            "A reward of 1 at one place of each sample, 0 at all others.",
            _one_place_pays,
            batched=("scores", "reward"),
        ),
        Stage(
            "large scores",
            "Scores around 200. The probabilities are harmless, the exponentials are not.",
            _case(2, 6, offset=200.0),
            batched=("scores", "reward"),
        ),
        Stage(
            "many places",
            "More places than before, and scores that differ more.",
            _case(2, 13, scale=3.0),
            batched=("scores", "reward"),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "no expected reward subtracted",
            answers.wired(expected=lambda p, r: 0.0 * p),
            "You return p times the reward. That would raise the score of every place that pays at"
            " all. But to look at one place more is to look at the others less: what counts is how"
            " much better than average it pays.",
            "Subtract the expected reward from each reward first.",
        ),
        Mistake(
            "p missing",
            answers.wired(together=lambda p, a: a),
            "You return reward minus expected reward. A place that is hardly ever looked at can"
            " hardly change what is expected.",
            "Multiply by each place's own probability.",
        ),
        Mistake(
            "the sign turned",
            lambda s, r: -answers.exact_gradient(s, r),
            "Your sign is turned: this is the gradient of a loss, minus the expected reward. The"
            " one of the expected reward itself is asked for.",
            "Reward minus expected reward, not the other way round.",
        ),
        Mistake(
            "uniform mean",
            answers.wired(expected=lambda p, r: r.mean(-1, keepdim=True)),
            "You subtract the plain mean of the rewards. It is the expected reward only where all"
            " places are equally likely.",
            "Weigh the rewards by p when you average them.",
        ),
        Mistake(
            "expectation divided by K",
            answers.wired(expected=lambda p, r: (p * r).mean(-1, keepdim=True)),
            "You take the mean of p times reward. The p sum to 1 already, so your expected reward"
            " is K times too small.",
            "`sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "one expected reward for the batch",
            answers.wired(expected=lambda p, r: (p * r).sum()),
            "You sum p times reward over the whole batch. Each sample has an expected reward of"
            " its own.",
            "`sum(-1, keepdim=True)`: along the places only.",
        ),
        Mistake(
            "expected over the samples",
            answers.wired(expected=lambda p, r: (p * r).sum(0, keepdim=True)),
            "You sum p times reward along axis 0, over the samples. With one sample nothing is"
            " summed at all, and p (1 - p) R is left.",
            "The places lie along the last axis: `sum(-1, keepdim=True)`.",
        ),
        Mistake(
            "the diagonal only",
            answers.diagonal_only,
            "You return p (1 - p) R. That is how far a score moves its own probability; it moves"
            " all the others too. `reward - p * reward` without a sum gives the same.",
            "Sum p times reward over the places, then subtract.",
        ),
        Mistake(
            "the diagonal missing",
            answers.without_the_diagonal,
            "You return minus p times the expected reward: how a score moves its own probability"
            " directly is left out.",
            "p R minus p times the expected reward.",
        ),
        Mistake(
            "parentheses missing",
            answers.expected_subtracted_last,
            "You multiply p by the reward and subtract the expected reward from that. The expected"
            " reward is to be weighed by p as well.",
            "p times (reward minus expected reward).",
        ),
        Mistake(
            "p times the expected reward",
            answers.expected_shared_out,
            "You return p times the expected reward. What each place pays itself is missing.",
            "p times (reward minus expected reward).",
        ),
        Mistake(
            "p (1 - p), as for a sigmoid",
            answers.wired(together=lambda p, a: p * (1 - p) * a),
            "You multiply by p (1 - p). That is the derivative of a sigmoid. The share of the"
            " other places is in the expected reward already, so 1 - p counts it twice.",
            "p times (reward minus expected reward).",
        ),
        Mistake(
            "the best reward subtracted",
            answers.wired(expected=lambda p, r: r.amax(-1, keepdim=True)),
            "You subtract the largest reward. Then no place is better than expected, and every"
            " score falls.",
            "Subtract the mean under p.",
        ),
        Mistake(
            "the softmax's own Jacobian",
            answers.jacobian,
            "You return how every score moves every probability, (B, K, K). The rewards are still"
            " missing.",
            "Multiply by the rewards and sum over the places that are moved.",
        ),
        Mistake(
            "a plus for the minus",
            answers.with_a_plus,
            "You add the expected reward. Where every place pays the same, your gradient is not 0.",
            "Softmax takes from the others what it gives to one: that is the minus.",
        ),
        Mistake(
            "with respect to the probabilities",
            lambda s, r: r.clone(),
            "You return the rewards. That is the gradient with respect to the probabilities; the"
            " scores reach those through a softmax.",
            "Chain rule: multiply by the softmax's own derivative, p_j (1[j = k] - p_k).",
        ),
        Mistake(
            "cross-entropy's gradient",
            lambda s, r: s.softmax(-1) - r,
            "You return p minus the reward. That is the gradient of cross-entropy, with the"
            " rewards taken for a target distribution.",
            "Differentiate the sum of p times reward.",
        ),
        Mistake(
            "the most likely place only",
            answers.of_the_best_place,
            "You return the estimate of one draw, that of the most likely place. Exact means:"
            " every place, each as often as it is drawn.",
            "The sum over all places needs no draw.",
        ),
        Mistake(
            "gradient of the logarithm",
            answers.of_the_log,
            "Your result is divided by the expected reward: the gradient of its logarithm.",
            "Leave the division out.",
        ),
        Mistake(
            "p twice",
            answers.wired(together=lambda p, a: p * p * a),
            "You multiply by p twice: places that are seldom looked at hardly get any gradient.",
            "Once: p (R - expected reward).",
        ),
        Mistake(
            "softmax over the batch",
            answers.wired(lambda s: s.softmax(0)),
            "Your probabilities sum to 1 over the samples. A sample alone gets probability 1 at"
            " every place.",
            "The places lie along the last axis: `softmax(-1)`.",
        ),
        Mistake(
            "not normalised",
            answers.wired(answers.not_normalised),
            "You use the exponentials of the scores. They do not sum to 1, so they are no"
            " probabilities.",
            "`scores.softmax(-1)`.",
        ),
        Mistake(
            "scores for probabilities",
            answers.wired(lambda s: s),
            "You use the scores as if they were probabilities.",
            "`scores.softmax(-1)` first.",
        ),
        Mistake(
            "log-probabilities",
            answers.wired(lambda s: s.log_softmax(-1)),
            "You use the logarithms of the probabilities. They are negative and do not sum to 1.",
            "`softmax`, not `log_softmax`: nothing is drawn here.",
        ),
        Mistake(
            "sigmoids",
            answers.wired(lambda s: s.sigmoid()),
            "You use sigmoids. They are gates, each place for itself, and do not sum to 1.",
            "`scores.softmax(-1)`.",
        ),
        Mistake(
            "exponentials that overflow",
            answers.wired(answers.overflowing),
            "Your formula is right on paper. In float32 `exp` of anything above 88 is infinite,"
            " and inf / inf is NaN. That was exercise 1.1.",
            "`scores.softmax(-1)` subtracts the largest score first.",
        ),
        Mistake(
            "arguments exchanged",
            lambda s, r: answers.exact_gradient(r, s),
            "You take the softmax of the rewards and average the scores: the two arguments are"
            " exchanged.",
            "The policy is the softmax of `scores`.",
        ),
        Mistake(
            "what a surrogate holds",
            lambda s, r: s.log_softmax(-1) * r,
            "You return log-probability times reward. That is what autograd would be given after a"
            " draw; here the derivative itself is asked for, and nothing is drawn.",
            "How does the sum of p times reward change when one score rises?",
        ),
        Mistake(
            "averaged over the batch",
            lambda s, r: answers.exact_gradient(s, r) / len(s),
            "You divide by the batch size. Each sample's own gradient is asked for.",
            "Leave the division out.",
        ),
        Mistake(
            "the expected reward",
            lambda s, r: (s.softmax(-1) * r).sum(-1),
            "You return the expected reward of each sample. Its gradient is asked for, one number"
            " a score.",
            "How does it change when one score rises?",
        ),
    ),
    variants={
        "Jacobian of the softmax": answers.by_jacobian,
        "loops": answers.by_loops,
        "einsum": answers.by_einsum,
        "every draw, weighed by its probability": answers.by_every_draw,
        "with a gradient": answers.wired(),
        "float64 inside": lambda s, r: answers.exact_gradient(s.double(), r.double()).float(),
    },
    forbid=("torch.autograd.grad", "torch.autograd.backward"),
    map_axes=("samples", "places"),
    hints=(
        "If one score rises by a little, which probabilities change, and in which direction?",
        (
            "The derivative of p_j with respect to score k is p_j (1[j = k] - p_k). Multiply by R_j"
            " and sum over j; the sum falls apart into two terms that share the factor p_k."
        ),
        (
            "With `p = scores.softmax(-1)`, the expected reward is"
            " `(p * reward).sum(-1, keepdim=True)`. What is left is p times how much better than"
            " that each place pays."
        ),
    ),
)
