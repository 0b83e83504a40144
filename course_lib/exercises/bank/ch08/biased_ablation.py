"""Exercise 8.9: what a module brings, with the epoch chosen by validation and a paired error."""

import torch

from course_lib.exercises.bank.ch08 import biased_ablation_answers as answers
from course_lib.exercises.bank.drawing import normal, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(seeds, epochs, *, unlike_seeds=0.1, noise=0.04, falls=0.0):
    """Curves of IoU. `unlike_seeds`: how far the seeds differ, in both models alike; `falls`: overfitting."""

    def draw(g):
        rise = 0.4 + 0.2 * (1 - torch.exp(-torch.arange(epochs) / 2.0))
        rise = rise - falls * torch.arange(epochs) / epochs
        of_the_seed = normal(g, seeds, 1, scale=unlike_seeds)
        plain = rise + of_the_seed + normal(g, seeds, epochs, scale=noise)
        gain = uniform(g, 1, low=0.01, high=0.06)
        other = rise + of_the_seed + normal(g, seeds, epochs, scale=noise) + gain
        curves = [model + normal(g, seeds, epochs, scale=noise) for model in (plain, plain, other, other)]
        return dict(zip(("val_plain", "test_plain", "val_other", "test_other"), curves, strict=True))

    return draw


def _the_same_gain(g):
    """One epoch, and the same difference in every seed, while the seeds differ."""
    plain = uniform(g, 6, 1, low=0.3, high=0.7)
    gain = uniform(g, 1, low=0.02, high=0.1)
    val_plain, val_other = uniform(g, 6, 1, low=0.3, high=0.7), uniform(g, 6, 1, low=0.3, high=0.7)
    return {"val_plain": val_plain, "test_plain": plain, "val_other": val_other, "test_other": plain + gain}


BIASED_ABLATION = Exercise(
    id="biased-ablation",
    chapter=8,
    title="A fair gain",
    signature="fair_gain(val_plain, test_plain, val_other, test_other)",
    points=4,
    difficulty=3,
    importance=5,
    minutes=12,
    reference=answers.fair_gain,
    stages=(
        Stage(
            "one epoch",
            "Four seeds and one epoch, so there is nothing to choose. The gain of each seed is other"
            " minus plain; asked for are the mean of the gains and its standard error.",
            _case(4, 1),
        ),
        Stage(
            "the same gain in every seed",
            "The seeds differ, the gain does not: paired by seed, its error is 0.",
            _the_same_gain,
            atol=3e-4,
        ),
        Stage(
            "two seeds",
            "Two seeds, one epoch: n - 1 is 1.",
            _case(2, 1),
        ),
        Stage(
            "several epochs",
            "Five seeds, seven epochs. For each seed and model the epoch with the largest validation"
            " figure, and the test figure of that epoch.",
            _case(5, 7),
        ),
        Stage(
            "overfitting",
            "The curves fall after some epochs, and each run has its own best one.",
            _case(6, 9, falls=0.3),
        ),
        Stage(
            "seeds that differ",
            "The seeds differ far more than the models do.",
            _case(8, 5, unlike_seeds=0.3),
        ),
        Stage(
            "three seeds",
            "Three seeds and many epochs, as in most papers.",
            _case(3, 20, noise=0.06),
        ),
        Stage(
            "many seeds",
            "Twenty seeds.",
            _case(20, 12, falls=0.1),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "chosen by test",
            answers.wired(plain=answers.best_by_test),
            "You take each run's best test figure. The test set has then helped to choose, and what"
            " it says about the choice is too good, for both models.",
            "The epoch by `argmax` of validation; the test figure is only read there.",
        ),
        Mistake(
            "the other model chosen by test",
            answers.wired(other=answers.best_by_test),
            "The plain model is read at the epoch that validation chose, the other at its best test"
            " epoch. The gain you report is partly that of looking more often.",
            "The same rule for both: the epoch by validation.",
        ),
        Mistake(
            "the other model's luckiest run",
            answers.wired(other=answers.luckiest_run),
            "The plain model is read at the epochs that validation chose, the other at the largest"
            " test figure of all its seeds and epochs. One side draws one ticket a seed, the other"
            " keeps the best of all.",
            "The same rule for both: the epoch by validation, the mean over seeds.",
        ),
        Mistake(
            "the plain model at its last epoch",
            answers.wired(plain=answers.last_epoch, other=answers.best_by_validation),
            "The other model is read at its best epoch, the plain one at its last. A baseline"
            " treated worse than the new model is the most common bias of all.",
            "The same rule for both: the epoch by validation.",
        ),
        Mistake(
            "the other model at its last epoch",
            answers.wired(other=answers.last_epoch),
            "The plain model is read at its best epoch, the other at its last.",
            "The same rule for both: the epoch by validation.",
        ),
        Mistake(
            "the last epoch",
            answers.wired(plain=answers.last_epoch),
            "You read both models at their last epoch. That is fair, and not what was asked for:"
            " with early stopping the epoch is chosen by validation.",
            "`argmax(1)` of validation gives one epoch for each seed.",
        ),
        Mistake(
            "validation reported",
            answers.wired(plain=answers.validation_itself),
            "You report the validation figures themselves, each run's largest. The largest of many"
            " noisy numbers is too large.",
            "Validation chooses; the test figure of that epoch is reported.",
        ),
        Mistake(
            "the lowest validation",
            answers.wired(plain=answers.lowest_validation),
            "You choose the epoch with the smallest validation figure, as if it were a loss. These"
            " figures are IoU: more is better.",
            "`argmax`, not `argmin`.",
        ),
        Mistake(
            "a mean over epochs",
            answers.wired(plain=answers.mean_over_epochs),
            "You average over the epochs. Early epochs then speak for a model that nobody would use.",
            "One epoch for each seed and model, chosen by validation.",
        ),
        Mistake(
            "one epoch for all seeds",
            answers.wired(plain=answers.one_epoch),
            "You choose one epoch for all seeds of a model, by the mean validation curve. Each run"
            " is stopped on its own.",
            "`argmax(1)`: one epoch for each seed.",
        ),
        Mistake(
            "the best run's epoch for all seeds",
            answers.wired(plain=answers.epoch_of_the_best_run),
            "One epoch, that of the single largest validation figure, serves all seeds of a model:"
            " an `argmax` without its axis.",
            "`argmax(1)`: one epoch for each seed.",
        ),
        Mistake(
            "argmax over the seeds",
            answers.wired(plain=answers.best_seed_of_each_epoch),
            "Your `argmax` runs over axis 0: for each epoch it finds the seed that was best. With one"
            " epoch a single seed is left, and its error is NaN.",
            "`argmax(1)`: for each seed the epoch that was best.",
        ),
        Mistake(
            "every seed at every chosen epoch",
            answers.wired(plain=answers.not_paired_with_seeds),
            "You index the epochs alone, `test[:, epochs]`: that reads every seed at the epochs of"
            " all seeds, (S, S).",
            "`test[torch.arange(S), epochs]` reads each seed at its own.",
        ),
        Mistake(
            "the plain model's epochs for both",
            answers.epochs_of_the_plain,
            "Both models are read at the epochs that the plain one's validation chose. The other"
            " may have its best epoch elsewhere.",
            "Each model by its own validation.",
        ),
        Mistake(
            "the other model's epochs for both",
            answers.epochs_of_the_other,
            "Both models are read at the epochs that the other one's validation chose. The plain"
            " one may have its best epoch elsewhere.",
            "Each model by its own validation.",
        ),
        Mistake(
            "epochs exchanged",
            answers.epochs_exchanged,
            "Each model is read at the epochs that the other one's validation chose.",
            "Mind the order of the arguments: val_plain, test_plain, val_other, test_other.",
        ),
        Mistake(
            "the best seeds",
            answers.wired(gain=lambda p, o: o.amax() - p.amax()),
            "Your gain is that between the best seed of either model. The best of several is luck in"
            " part, and one seed cannot be set against another.",
            "The mean over seeds of other minus plain.",
        ),
        Mistake(
            "the luckiest seed",
            answers.wired(gain=lambda p, o: (o - p).amax()),
            "Your gain is the largest among the seeds.",
            "The mean over seeds of other minus plain.",
        ),
        Mistake(
            "the median",
            answers.wired(gain=lambda p, o: (o - p).median()),
            "Your gain is the median over seeds. The standard error asked for belongs to a mean.",
            "The mean over seeds of other minus plain.",
        ),
        Mistake(
            "the sign turned",
            answers.wired(gain=lambda p, o: (p - o).mean()),
            "You subtract the other model from the plain one. A gain above 0 should mean that the"
            " other is better.",
            "Other minus plain.",
        ),
        Mistake(
            "a relative gain",
            answers.wired(gain=lambda p, o: (o - p).mean() / p.mean()),
            "You divide the gain by the plain model's mean. Relative gains look larger, and a reader"
            " cannot tell of what.",
            "The plain difference.",
        ),
        Mistake(
            "unpaired error",
            answers.wired(error=answers.unpaired),
            "Your error treats the two models as if they had been trained on unrelated seeds: it"
            " adds their variances. What a seed does to both models then counts as doubt about the"
            " gain.",
            "Subtract seed by seed first; the standard deviation of those differences.",
        ),
        Mistake(
            "the other model's error",
            answers.wired(error=answers.of_the_other_alone),
            "Your error is that of the other model's mean, not that of the gain.",
            "The standard deviation of the differences, over sqrt(S).",
        ),
        Mistake(
            "divided by n",
            answers.wired(error=answers.counted_by_n),
            "Your standard deviation divides by S. The mean was estimated from the same gains, so"
            " S - 1 is left. With three seeds that is a factor of 1.22.",
            "`std()` as it is in torch; numpy's needs `ddof=1`.",
        ),
        Mistake(
            "divided by S, not by its root",
            answers.wired(error=answers.over_s),
            "You divide the standard deviation by S. The error of a mean falls with the root of"
            " the number.",
            "Over `S ** 0.5`.",
        ),
        Mistake(
            "divided by the root of S - 1",
            answers.wired(error=answers.over_one_less),
            "The 1 is taken off twice: the standard deviation has it already, and you divide by"
            " sqrt(S - 1).",
            "Over `S ** 0.5`.",
        ),
        Mistake(
            "a standard deviation",
            answers.wired(error=answers.deviation),
            "Your second number is the standard deviation of the gains: how far one seed lies from"
            " the mean. Asked for is how far the mean may lie from the truth.",
            "Over `S ** 0.5`.",
        ),
        Mistake(
            "the root forgotten",
            answers.wired(error=answers.variance),
            "Your second number is the variance over S: the square of the standard error.",
            "Take its root.",
        ),
        Mistake(
            "an interval",
            answers.wired(error=answers.interval),
            "Your second number is 1.96 standard errors, half of a 95 % interval. With few seeds"
            " that would need Student's factor anyway.",
            "One standard error.",
        ),
        Mistake(
            "half the range",
            answers.wired(error=answers.halved_range),
            "Your second number is half the range of the gains.",
            "The standard deviation over `S ** 0.5`.",
        ),
        Mistake(
            "error first",
            answers.wired(end=lambda mean, error: torch.stack([error, mean])),
            "Both numbers are right and stand in the wrong order.",
            "The mean first, then its error.",
        ),
    ),
    variants={
        "loop": answers.by_loop,
        "gather": answers.by_gather,
        "masks": answers.by_masks,
        "by the covariance": answers.by_covariance,
    },
    hints=(
        "Which of the four tables may you look at before you have decided on an epoch?",
        "For each model: `argmax(1)` of validation, (S,); the test figures there, (S,). Then the"
        " difference seed by seed, its mean, its standard deviation over sqrt(S).",
        "`test_plain[torch.arange(S), val_plain.argmax(1)]` are the plain model's S figures. `std()`"
        " divides by n - 1 by itself; `torch.stack` makes one tensor of two numbers.",
    ),
)
