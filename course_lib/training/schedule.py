"""The learning rate's course over a training: up in a line, down along half a cosine."""

import math


def warmup_cosine(step: int, steps: int, warmup: float = 0.1) -> float:
    """The factor on the peak learning rate at a step (Loshchilov and Hutter 2017, eq. 5, after a warm-up).

    A network's first gradients are large and point nowhere in particular, and AdamW divides by the mean of
    few of them. So the first steps are small ones.

    Args:
        step: 0 ... steps - 1.
        steps: of the whole training.
        warmup: share of the steps in which the factor rises, in [0, 1).

    Returns:
        In (0, 1]: (step + 1) / rising steps at first, then falling; at the last step it is almost 0.
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))
