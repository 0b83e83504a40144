"""Context gating: each feature of a vector opened or closed by all of its features. Sigmoids, not softmax."""

from torch import Tensor, nn

from course_lib.attention._checks import check_floating


class ContextGating(nn.Module):
    """y = sigmoid(W x + b) * x, for vectors or tokens (Miech, Laptev and Sivic 2017, eq. 1).

    Recurrent cells open and close what they remember in this way; there another vector may be gated than the
    one that decides. It is `F.glu` on (x, W x + b). A token's gate depends on that token alone.

    Args:
        dim: C, the features of a vector.

    Raises:
        ValueError: dim below 1, or x has another number of features.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}.")
        self.dim = dim
        self.fc = nn.Linear(dim, dim)

    def gate(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C), each in (0, 1): what a feature is multiplied by."""
        check_floating("x", x)
        if x.ndim < 1 or x.shape[-1] != self.dim:
            raise ValueError(f"x must be vectors (..., {self.dim}), got shape {tuple(x.shape)}.")
        return self.fc(x).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        return self.gate(x) * x
