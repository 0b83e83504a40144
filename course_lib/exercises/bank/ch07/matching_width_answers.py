"""Exercise 7.8's answers as code: the reference, wrong ones, and right ones of another kind."""

import math
from bisect import bisect_left
from itertools import count as from_one_on
from course_lib.exercises.given import Parameters  # noqa: F401


def matching_width(count, target):
    high = 1
    while count(high) < target:  # the first width that is large enough lies in (high / 2, high]
        high *= 2
    low = high // 2 + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if count(middle) >= target else (middle + 1, high)
    below = max(1, low - 1)
    return below if target - count(below) <= count(low) - target else low


def by(distance, start=1):
    """The width of the smallest `distance(count, target)`, among all up to the first above, and one more."""

    def answer(count, target):
        end = large_enough(count, target) + 2
        return min(range(start, end), key=lambda width: distance(count(width), target))

    return answer


def large_enough(count, target, start=1):
    """The first width with `target` parameters or more."""
    return next(width for width in from_one_on(start) if count(width) >= target)


def result(change):
    """The reference with something done to its width; `change` is given the width and `count`."""
    return lambda count, target: change(matching_width(count, target), count)


# Slips


def largest_below(count, target):
    return max(1, next(width for width in from_one_on(1) if count(width) > target) - 1)


def larger_on_a_tie(count, target):
    end = large_enough(count, target) + 1
    return min(range(end, 0, -1), key=lambda width: abs(count(width) - target))


def zero_too(count, target):
    return by(lambda n, t: abs(n - t), start=0)(count, target)


def place_in_the_list(count, target):
    return matching_width(count, target) - 1


def no_further_than(end):
    return lambda count, target: min(range(1, end), key=lambda width: abs(count(width) - target))


def in_steps_of(step):
    def answer(count, target):
        widths = range(step, large_enough(count, target) + 2 * step, step)
        return min(widths, key=lambda width: abs(count(width) - target))

    return answer


def powers_of_two(count, target):
    widths = [2**i for i in range(large_enough(count, target).bit_length() + 2)]
    return min(widths, key=lambda width: abs(count(width) - target))


def within(share):
    """The first width within a share of the target; where there is none, the nearest."""

    def answer(count, target):
        end = large_enough(count, target) + 2
        near = [w for w in range(1, end) if abs(count(w) - target) <= share * target]
        return near[0] if near else matching_width(count, target)

    return answer


def as_the_square(count, target):
    """As if all parameters grew with the square of the width."""
    return max(1, round(math.sqrt(target / count(1))))


def in_proportion(count, target):
    return max(1, round(target / count(1)))


def largest_difference(count, target):
    end = large_enough(count, target) + 2
    return max(range(1, end), key=lambda width: abs(count(width) - target))


def count_returned(width, count):
    return count(width)


def pair(width, count):
    return width, count(width)


def difference_first(count, target):
    width = matching_width(count, target)
    return abs(count(width) - target), width


# Right ones


def step_by_step(count, target):
    width = 1
    while abs(count(width + 1) - target) < abs(count(width) - target):
        width += 1
    return width


def all_of_them(count, target):
    widths = range(1, large_enough(count, target) + 1)
    return min(widths, key=lambda width: abs(count(width) - target))


def by_bisect(count, target):
    end = 2
    while count(end) < target:
        end *= 2
    above = 1 + bisect_left(range(1, end + 1), target, key=count)
    return min(max(1, above - 1), above, key=lambda width: (abs(count(width) - target), width))


def bit_by_bit(count, target):
    """The largest width that is not too large, built from its highest bit down."""
    bit = 1
    while count(2 * bit) <= target:
        bit *= 2
    width = 0
    while bit:
        width += bit if count(width + bit) <= target else 0
        bit //= 2
    width = max(1, width)
    return width + (count(width + 1) - target < target - count(width))
