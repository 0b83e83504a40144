"""Exercise 8.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch
from torch.nn import functional as F


# The result is a gradient already. Nobody learns through it, so none is asked of the answer.
@torch.no_grad()
def focal_gradient(logits, target, gamma):
    sign = 2 * target - 1
    p = (sign * logits).sigmoid()  # of the class that is true
    log_p = F.logsigmoid(sign * logits)
    return sign * (1 - p) ** gamma * (gamma * p * log_p - (1 - p))


def signed(target):
    return 2 * target - 1


def of_the_true_class(logits, target):
    return (signed(target) * logits).sigmoid()


def log_of_the_true_class(logits, target):
    return F.logsigmoid(signed(target) * logits)


def product(p, log_p, gamma):
    return (1 - p) ** gamma * (gamma * p * log_p - (1 - p))


def wired(p=of_the_true_class, log=log_of_the_true_class, slope=product, sign=signed):
    """The reference with one part exchanged: p_t, its logarithm, the slope in s z, the outer sign."""

    def answer(logits, target, gamma):
        return sign(target) * slope(p(logits, target), log(logits, target), gamma)

    return answer


# Slips of the slope: of p_t, log p_t and gamma


def without_p(p, log_p, gamma):
    return (1 - p) ** gamma * (gamma * log_p - (1 - p))


def weight_as_constant(p, log_p, gamma):
    return -((1 - p) ** (gamma + 1))


def weight_alone(p, log_p, gamma):
    return (1 - p) ** gamma * gamma * p * log_p


def terms_added(p, log_p, gamma):
    return (1 - p) ** gamma * (gamma * p * log_p + (1 - p))


def without_gamma_in_front(p, log_p, gamma):
    return (1 - p) ** gamma * (p * log_p - (1 - p))


def by_p(p, log_p, gamma):
    """d/dp: the last link of the chain is missing."""
    return gamma * (1 - p) ** (gamma - 1) * log_p - (1 - p) ** gamma / p


def power_left(p, log_p, gamma):
    return gamma * (1 - p) ** (gamma - 1) * p * log_p - (1 - p) ** (gamma + 1)


def power_left_in_both(p, log_p, gamma):
    return (1 - p) ** (gamma - 1) * (gamma * p * log_p - (1 - p))


def without_1_minus_p(p, log_p, gamma):
    return (1 - p) ** gamma * (gamma * p * log_p - 1)


def not_multiplied_out(p, log_p, gamma):
    """The product rule as it stands, times p (1 - p)."""
    return p * (1 - p) * (gamma * (1 - p) ** (gamma - 1) * log_p - (1 - p) ** gamma / p)


def wrong_weight(p, log_p, gamma):
    return p**gamma * (gamma * p * log_p - (1 - p))


def wrong_weight_derived(p, log_p, gamma):
    """The derivative of -p ** gamma log p: easy pixels are what it weighs."""
    return -(p**gamma) * (1 - p) * (gamma * log_p + 1)


def cross_entropy(p, log_p, gamma):
    return p - 1


def gamma_of_two(p, log_p, gamma):
    return product(p, log_p, 2.0)


def times_gamma(p, log_p, gamma):
    return gamma * (1 - p) * (p * log_p - (1 - p))


def loss(p, log_p, gamma):
    return -((1 - p) ** gamma) * log_p


# Slips of the rest


def log_taken_late(logits, target):
    return of_the_true_class(logits, target).log()


def of_class_1(logits, target):
    return logits.sigmoid()


def of_the_other_class(logits, target):
    return 1 - of_the_true_class(logits, target)


def averaged_first(logits, target, gamma):
    """p_t from the mean cross-entropy: one weight for all."""
    mean = -log_of_the_true_class(logits, target).mean()
    p = (-mean).exp()
    slope = gamma * (1 - p) ** (gamma - 1) * p * mean + (1 - p) ** gamma
    return slope * (logits.sigmoid() - target) / len(logits)


def of_the_mean(logits, target, gamma):
    return focal_gradient(logits, target, gamma) / len(logits)


def with_alpha(logits, target, gamma):
    return torch.where(target == 1, 0.25, 0.75) * focal_gradient(logits, target, gamma)


def over_the_pixels(logits, target, gamma):
    said = logits.softmax(0)
    p = torch.where(target == 1, said, 1 - said)
    return signed(target) * product(p, p.log(), gamma)


def without_sigmoid(logits, target, gamma):
    p = torch.where(target == 1, logits, 1 - logits)
    return signed(target) * product(p, p.log(), gamma)


# Right ones


def class_by_class(logits, target, gamma):
    p, q = logits.sigmoid(), (-logits).sigmoid()
    if_one = q**gamma * (gamma * p * F.logsigmoid(logits) - q)
    if_zero = p**gamma * (p - gamma * q * F.logsigmoid(-logits))
    return torch.where(target == 1, if_one, if_zero)


def by_product_rule(logits, target, gamma):
    """Two terms: the cross-entropy's gradient weighed, and the weight's, with the (1 - p) cancelled."""
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = (-ce).exp()
    weight = (1 - p) ** gamma
    return weight * (logits.sigmoid() - target) - (2 * target - 1) * gamma * weight * p * ce


def clamped(logits, target, gamma):
    p = (logits.sigmoid() * target + (1 - logits.sigmoid()) * (1 - target)).clamp(1e-12, 1.0)
    return (2 * target - 1) * (1 - p).pow(gamma) * (gamma * p * p.log() - (1 - p))


def by_loop(logits, target, gamma):
    slopes = []
    for z, y in zip(logits.tolist(), target.tolist(), strict=True):
        s = 1.0 if y == 1 else -1.0
        q = 1 / (1 + math.exp(s * z)) if s * z < 500 else 0.0  # 1 - p_t
        p = 1 - q
        information = p * math.log(p) if p > 0 else 0.0
        slopes.append(s * q**gamma * (gamma * information - q))
    return torch.tensor(slopes, dtype=logits.dtype)


def in_double(logits, target, gamma):
    return focal_gradient(logits.double(), target.double(), gamma).to(logits.dtype)
