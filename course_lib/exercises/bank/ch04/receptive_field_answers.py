"""Exercise 4.1's answers as code: the reference, wrong ones, and right ones of another kind."""

import math

import torch
import torch.nn.functional as F


def receptive_field(layers):
    side, step = 1, 1  # step: how many pixels apart two neighbours of this layer's input lie
    for kernel, stride, dilation in layers:
        side += (kernel - 1) * dilation * step
        step *= stride
    return side


def added(kernel, stride, dilation, step):
    return (kernel - 1) * dilation * step


def multiplied(step, kernel, stride, dilation):
    return step * stride


def wired(
    more=added, spread=multiplied, start=1, order=lambda layers: layers, end=lambda side: side
):
    """The reference with one part exchanged."""

    def answer(layers):
        side, step = start, 1
        for kernel, stride, dilation in order(layers):
            side += more(kernel, stride, dilation, step)
            step = spread(step, kernel, stride, dilation)
        return end(side)

    return answer


def step_first(layers):
    side, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= stride
        side += (kernel - 1) * dilation * step
    return side


def product(layers):
    return math.prod((kernel - 1) * dilation + 1 for kernel, _, dilation in layers)


def largest(layers):
    return max(receptive_field([layer]) for layer in layers)


def step_of_the_last(layers):
    side, step = 1, 1
    for kernel, stride, dilation in layers:
        side += (kernel - 1) * dilation * step
    return side * math.prod(stride for _, stride, _ in layers)


def from_the_last(layers):
    """One place of the last map, what it needs of the map before, and of the one before that."""
    side = 1
    for kernel, stride, dilation in reversed(layers):
        side = (side - 1) * stride + (kernel - 1) * dilation + 1
    return side


def kernels_added_from_the_last(layers):
    """From the last layer to the first, with all of a place's pixels multiplied by the stride."""
    side = 1
    for kernel, stride, dilation in reversed(layers):
        side = side * stride + (kernel - 1) * dilation
    return side


def side_multiplied(layers):
    """The side itself is multiplied by the stride, from the first layer on."""
    return kernels_added_from_the_last(layers[::-1])


def side_and_step(layers):
    return receptive_field(layers), math.prod(stride for _, stride, _ in layers)


def of_one(i):
    return lambda layers: receptive_field([layers[i]])


def as_a_sum(layers):
    strides = [stride for _, stride, _ in layers]
    return 1 + sum(
        (kernel - 1) * dilation * math.prod(strides[:i])
        for i, (kernel, _, dilation) in enumerate(layers)
    )


def by_its_ends(layers):
    """The first and the last pixel under place 0, followed back through the layers."""
    low = high = 0
    for kernel, stride, dilation in layers[::-1]:
        low, high = low * stride, high * stride + (kernel - 1) * dilation
    return high - low + 1


def by_places(layers):
    """All pixels that place 0 reaches, as a set; dilation leaves holes, so the ends count."""
    places = {0}
    for kernel, stride, dilation in reversed(layers):
        places = {place * stride + tap * dilation for place in places for tap in range(kernel)}
    return max(places) - min(places) + 1


def measured(layers):
    """Put a one into the last map and see in the gradient which pixels of a row it came from."""
    row = torch.zeros(1, 1, 2 * as_a_sum(layers) + 3, dtype=torch.float64, requires_grad=True)
    seen = row
    for kernel, stride, dilation in layers:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        seen = F.conv1d(seen, ones, stride=stride, dilation=dilation)
    (reached,) = torch.autograd.grad(seen[0, 0, 0], row)
    pixels = reached[0, 0].nonzero()
    return int(pixels.max() - pixels.min()) + 1
