"""Exercise 8.9's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch


# A figure in a table. Nobody learns through it, so no gradient is asked of the answer.
@torch.no_grad()
def fair_gain(val_plain, test_plain, val_other, test_other):
    seeds = torch.arange(len(val_plain))
    plain = test_plain[seeds, val_plain.argmax(1)]  # (S,): each seed at its own epoch
    other = test_other[seeds, val_other.argmax(1)]
    gain = other - plain
    return torch.stack([gain.mean(), gain.std() / len(gain) ** 0.5])


def best_by_validation(val, test):
    return at(test, val.argmax(1))


def at(test, epochs):
    return test[torch.arange(len(test)), epochs]


def paired(plain, other):
    return (other - plain).std() / len(plain) ** 0.5


def wired(
    plain=best_by_validation,
    other=None,
    gain=lambda p, o: (o - p).mean(),
    error=paired,
    end=lambda mean, error: torch.stack([mean, error]),
):
    """The reference with one part exchanged: where each model is read, the gain, its error."""

    def answer(val_plain, test_plain, val_other, test_other):
        p = plain(val_plain, test_plain)
        o = (other or plain)(val_other, test_other)
        return end(gain(p, o), error(p, o))

    return answer


# Slips of the choice: of validation and test, (S, E) each


def best_by_test(val, test):
    return test.amax(1)


def luckiest_run(val, test):
    return test.amax().expand(len(test))


def last_epoch(val, test):
    return test[:, -1]


def validation_itself(val, test):
    return val.amax(1)


def lowest_validation(val, test):
    return at(test, val.argmin(1))


def mean_over_epochs(val, test):
    return test.mean(1)


def one_epoch(val, test):
    return test[:, val.mean(0).argmax()]


def epoch_of_the_best_run(val, test):
    return test[:, val.flatten().argmax() % val.shape[1]]


def best_seed_of_each_epoch(val, test):
    return test[val.argmax(0)]


def not_paired_with_seeds(val, test):
    return test[:, val.argmax(1)]


def epochs_of_the_plain(val_plain, test_plain, val_other, test_other):
    epochs = val_plain.argmax(1)
    return _summed_up(at(test_plain, epochs), at(test_other, epochs))


def epochs_of_the_other(val_plain, test_plain, val_other, test_other):
    epochs = val_other.argmax(1)
    return _summed_up(at(test_plain, epochs), at(test_other, epochs))


def epochs_exchanged(val_plain, test_plain, val_other, test_other):
    return fair_gain(val_other, test_plain, val_plain, test_other)


def _summed_up(plain, other):
    return torch.stack([(other - plain).mean(), paired(plain, other)])


# Slips of the error


def unpaired(plain, other):
    return ((plain.var() + other.var()) / len(plain)) ** 0.5


def of_the_other_alone(plain, other):
    return other.std() / len(other) ** 0.5


def counted_by_n(plain, other):
    return (other - plain).std(correction=0) / len(plain) ** 0.5


def over_s(plain, other):
    return (other - plain).std() / len(plain)


def deviation(plain, other):
    return (other - plain).std()


def variance(plain, other):
    return (other - plain).var() / len(plain)


def interval(plain, other):
    return 1.96 * paired(plain, other)


def over_one_less(plain, other):
    return (other - plain).std() / (len(plain) - 1) ** 0.5


def halved_range(plain, other):
    gain = other - plain
    return (gain.amax() - gain.amin()) / 2


# Right ones


def by_loop(val_plain, test_plain, val_other, test_other):
    gains = []
    for s in range(len(val_plain)):
        plain = test_plain[s][val_plain[s].argmax()]
        other = test_other[s][val_other[s].argmax()]
        gains.append(other - plain)
    mean = sum(gains) / len(gains)
    variance = sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1)
    return torch.stack([mean, (variance / len(gains)) ** 0.5])


def by_gather(val_plain, test_plain, val_other, test_other):
    plain = test_plain.gather(1, val_plain.max(1, keepdim=True).indices)
    other = test_other.gather(1, val_other.max(1, keepdim=True).indices)
    gain = (other - plain).squeeze(1)
    return torch.tensor([gain.mean().item(), math.sqrt(gain.var().item() / gain.numel())])


def by_masks(val_plain, test_plain, val_other, test_other):
    plain = test_plain[val_plain == val_plain.amax(1, keepdim=True)]
    other = test_other[val_other == val_other.amax(1, keepdim=True)]
    variance, mean = torch.var_mean((other - plain).double())
    return torch.stack([mean, (variance / len(plain)).sqrt()]).to(test_plain.dtype)


def by_covariance(val_plain, test_plain, val_other, test_other):
    """The paired error out of the unpaired one: what the two models share is taken off."""
    both = torch.stack([best_by_validation(val_plain, test_plain), best_by_validation(val_other, test_other)])
    spread = both.double().cov()
    variance = spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]
    error = (variance.clamp(min=0) / both.shape[1]).sqrt()
    return torch.stack([(both[1] - both[0]).mean(), error.to(both.dtype)])
