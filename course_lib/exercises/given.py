"""Functions that some exercises hand to an answer. Not in the bank, which a worker never sees."""

from operator import index


def nothing(tokens):
    return tokens


class Channels:
    """Each token by itself through a matrix; its own residual."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, tokens):
        return tokens + tokens @ self.weight

    def __repr__(self):
        return f"a block of a matrix {self.weight.tolist()}"


class Attention(Channels):
    """Tokens look at each other, by a bilinear score; its own residual."""

    def __call__(self, tokens):
        return tokens + (tokens @ self.weight @ tokens.mT).softmax(-1) @ tokens


class Parameters:
    """A network's number of parameters as a function of its width, as the checks hand it over."""

    def __init__(self, square, linear, constant):
        self.square, self.linear, self.constant = square, linear, constant
        self.calls = 0

    def __call__(self, width):
        self.calls += 1
        if self.calls > 1_000_000:
            raise RuntimeError("`count` was asked a million times: does your search end where no"
                               " width meets the target exactly?")
        width = index(width)  # a float is no width
        return self.square * width * width + self.linear * width + self.constant

    def __repr__(self):
        return f"{self.square} w^2 + {self.linear} w + {self.constant}"
