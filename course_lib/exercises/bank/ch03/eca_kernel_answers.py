"""Exercise 3.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch


def kernel_size(dim, gamma=2, b=1):
    size = int(abs(math.log2(dim) + b) / gamma)
    return max(3, size if size % 2 else size + 1)


def wired(
    length=lambda dim, gamma, b: abs(math.log2(dim) + b) / gamma,
    whole=int,
    odd=lambda size: size if size % 2 else size + 1,
    least=3,
):
    """The reference with one part exchanged."""

    def answer(dim, gamma=2, b=1):
        return max(least, odd(whole(length(dim, gamma, b))))

    return answer


def to_the_nearest(dim, gamma=2, b=1):
    """The odd number nearest to the length, the larger one where two are: what eq. 12 says."""
    length = abs(math.log2(dim) + b) / gamma
    return max(3, 2 * math.floor(length / 2) + 1)


def lowest_bit(dim, gamma=2, b=1):
    return max(3, math.floor(abs(math.log(dim, 2) + b) / gamma) | 1)


def counted_up(dim, gamma=2, b=1):
    """Odd numbers in turn, until the next but one even number is out of reach."""
    size = 3
    while size + 1 <= abs(math.log2(dim) + b) / gamma:
        size += 2
    return size


def in_torch(dim, gamma=2, b=1):
    size = int(((torch.tensor(float(dim), dtype=torch.float64).log2() + b).abs() / gamma).item())
    return max(size + 1 - size % 2, 3)
