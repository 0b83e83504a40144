"""Random draws that are the same on every platform and in every version of numpy.

numpy promises a fixed stream for the raw output of PCG64 (O'Neill, 2014) under a given seed, but not for the
distributions of `Generator`, whose algorithms may improve. So this is integer arithmetic on raw 64-bit words.
"""

from collections.abc import Sequence
from operator import index
from typing import TypeVar
from zlib import crc32

import numpy as np

Item = TypeVar("Item")


class Draws:
    """A stream of random integers that depends on a seed and a purpose, and on nothing else.

    Each purpose ("layout", "noise", ...) has its own stream, so asking for one thing more (say, noise) leaves
    everything else of a scene as it was.

    Args:
        seed: an integer of 0 or more.
        purpose: any words; two different ones give two unrelated streams.

    Raises:
        ValueError: a seed that is not an integer or is negative.
    """

    def __init__(self, seed: int, *purpose: str | int):
        self._bits = np.random.PCG64([check_seed(seed), crc32("/".join(map(str, purpose)).encode())])
        self._words: list[int] = []

    def below(self, limit: int) -> int:
        """An integer in 0 .. limit - 1. Below 2**16 no value is favoured by more than 1 in 65,536."""
        if not self._words:                        # one call of numpy for 16 words
            self._words = self._bits.random_raw(16).tolist()
        return (self._words.pop() >> 32) * limit >> 32

    def between(self, low: int, high: int) -> int:
        """An integer in low .. high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in random order (Fisher and Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

    def bytes(self, count: int) -> np.ndarray:
        """(count,) int32 array of values in 0 .. 255."""
        words = self._bits.random_raw(-(-count // 8)).astype("<u8")    # little-endian everywhere
        return words.view(np.uint8)[:count].astype(np.int32)


def check_seed(seed: int) -> int:
    """The seed as a plain int; ValueError unless it is an integer of 0 or more."""
    try:
        value = index(seed)
    except TypeError:
        raise ValueError(f"seed must be an integer, got {seed!r}.") from None
    if value < 0:
        raise ValueError(f"seed must be 0 or more, got {value}.")
    return value
