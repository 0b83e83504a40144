"""The non-local block: every place of a map gathers from every place, on a line, an image or a video."""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention._checks import check_floating, check_scale
from course_lib.attention.non_local_operator import Pairwise, check_pairwise_name, non_local


class NonLocal(nn.Module):
    """A non-local block: x + w_z(y), where y is the non-local operator (Wang et al. 2018, sec. 3.3, eq. 6).

    theta, phi and g are 1x1 convolutions to `inner_dim` channels, w_z goes back to `dim`. The last thing that
    y passes through starts at zero: w_z, or the batch norm after it. So the block starts as the identity and
    can be put into a trained network; in its first step only what starts at zero gets a gradient.

    Args:
        dim: C, the channels of the map.
        inner_dim: channels of theta, phi and g; half of dim if not given.
        ndim: axes of space and time: 1, 2 for images, 3 for videos.
        pairwise: "gaussian" (no theta and phi), "embedded_gaussian", "dot_product" or "concatenation" (has
            w_f); see `non_local`.
        subsample: a max-pool of that stride, over phi and g, leaves fewer keys; one number, or one an axis.
            The Gaussian, which has no phi, pools x.
        scale: a factor on the score; None for 1 / sqrt of the length of theta.
        norm: a batch norm after w_z.

    Raises:
        ValueError: a number out of range, an unknown pairwise, or a map of another form.
    """

    def __init__(
        self,
        dim: int,
        inner_dim: int | None = None,
        *,
        ndim: int = 2,
        pairwise: Pairwise = "embedded_gaussian",
        subsample: int | tuple[int, ...] = 1,
        scale: float | None = 1.0,
        norm: bool = False,
    ) -> None:
        super().__init__()
        inner_dim = max(1, dim // 2) if inner_dim is None else inner_dim
        if dim < 1 or inner_dim < 1:
            raise ValueError(f"dim and inner_dim must be at least 1, got {dim} and {inner_dim}.")
        if ndim not in (1, 2, 3):
            raise ValueError(f"ndim must be 1, 2 or 3, got {ndim!r}.")
        check_scale(scale)
        check_pairwise_name(pairwise)
        self.dim, self.inner_dim, self.ndim, self.pairwise, self.scale = dim, inner_dim, ndim, pairwise, scale
        self.subsample = _one_an_axis(subsample, ndim)
        conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[ndim - 1]
        if pairwise != "gaussian":
            self.theta, self.phi = conv(dim, inner_dim, 1), conv(dim, inner_dim, 1)
        if pairwise == "concatenation":
            self.w_f = nn.Linear(2 * inner_dim, 1, bias=False)
        self.g, self.w_z = conv(dim, inner_dim, 1), conv(inner_dim, dim, 1)
        self.bn = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[ndim - 1](dim) if norm else None
        for parameter in (self.bn if norm else self.w_z).parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, *space) -> (B, C, *space); space is (L,), (H, W) or (T, H, W)."""
        self._check_map(x)
        embedded = self.pairwise != "gaussian"
        theta = self.theta(x) if embedded else x  # (B, D, *space)
        phi = self._pool(self.phi(x) if embedded else x)  # (B, D, *smaller)
        g = self._pool(self.g(x))  # (B, E, *smaller)
        theta, phi, g = (t.flatten(2).mT for t in (theta, phi, g))  # (B, N, D), (B, M, D), (B, M, E)
        w_f = self.w_f.weight if self.pairwise == "concatenation" else None
        y = non_local(theta, phi, g, pairwise=self.pairwise, w_f=w_f, scale=self.scale)  # (B, N, E)
        z = self.w_z(y.mT.reshape(len(x), -1, *x.shape[2:]))  # (B, N, E) -> (B, E, N) -> (B, C, *space)
        return x + (z if self.bn is None else self.bn(z))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, ndim={self.ndim}, pairwise={self.pairwise!r}, subsample={self.subsample}"

    def _pool(self, t: Tensor) -> Tensor:
        if max(self.subsample) == 1:
            return t
        return (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.ndim - 1](t, self.subsample)

    def _check_map(self, x: Tensor) -> None:
        check_floating("x", x)
        space = ", ".join(("L", "HW", "THW")[self.ndim - 1])
        if x.ndim != self.ndim + 2 or x.shape[1] != self.dim:
            raise ValueError(f"x must be a map (B, {self.dim}, {space}), got shape {tuple(x.shape)}.")
        if any(side < step for side, step in zip(x.shape[2:], self.subsample)):
            raise ValueError(f"x must be at least as large as subsample {self.subsample} along ({space}), "
                             f"got shape {tuple(x.shape)}.")


def _one_an_axis(subsample: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    steps = (subsample,) * ndim if isinstance(subsample, int) else tuple(subsample)
    if len(steps) != ndim or not all(isinstance(step, int) and step >= 1 for step in steps):
        raise ValueError(f"subsample must be a number of at least 1, or {ndim} of them, got {subsample!r}.")
    return steps
