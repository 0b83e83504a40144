"""Where the patches of a grid lie on a photo."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

Size = int | tuple[int, int]      # a number of pixels, or (height, width)


@dataclass(frozen=True)
class PatchGrid:
    """A grid of patches on a photo. Sizes are (height, width); patch (r, c) starts at (r, c) * stride."""

    photo: tuple[int, int]
    shape: tuple[int, int]
    patch: tuple[float, float]
    stride: tuple[float, float]

    @classmethod
    def fit(cls, photo: tuple[int, int], shape: tuple[int, int], patch: Size | None,
            stride: Size | None) -> "PatchGrid":
        """The grid of that shape. Without `patch` it tiles the photo; without `stride` patches touch.

        Raises ValueError if the grid does not fit the photo.
        """
        if patch is None:
            if stride is not None:
                raise ValueError("stride needs patch: say how large a patch is, too.")
            side = (photo[0] / shape[0], photo[1] / shape[1])
            return cls(photo, shape, side, side)
        patch = _pair(patch, "patch")
        stride = _pair(stride, "stride") if stride is not None else patch
        needed = tuple((n - 1) * s + p for n, s, p in zip(shape, stride, patch))
        if needed[0] > photo[0] or needed[1] > photo[1]:
            raise ValueError(
                f"A grid of {_by(shape)} patches, each {_by(patch)} pixels and {_by(stride)} apart, needs a "
                f"photo of {_by(needed)} pixels; this one has {_by(photo)}.")
        return cls(photo, shape, patch, stride)

    def checked(self, query: tuple[int, int]) -> tuple[int, int]:
        """The query's place, if it is in the grid; ValueError if not."""
        row, column = query
        if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
            raise ValueError(f"query {tuple(query)} is not in the {_by(self.shape)} grid of weights: rows go "
                             f"from 0 to {self.shape[0] - 1}, columns to {self.shape[1] - 1}.")
        return int(row), int(column)

    def box(self, place: tuple[int, int]) -> tuple[float, float, float, float]:
        """The patch at that place: top, left, height, width in pixels."""
        return place[0] * self.stride[0], place[1] * self.stride[1], *self.patch

    def best(self, values: np.ndarray, count: int, query: tuple[int, int] | None) -> list[tuple[int, int]]:
        """The `count` best places, best first, that overlap neither the query nor a better one."""
        taken = [query] if query is not None else []
        found: list[tuple[int, int]] = []
        for flat in np.argsort(-values, axis=None, kind="stable"):
            if len(found) == count:
                break
            place = divmod(int(flat), self.shape[1])
            if not any(self._overlap(place, other) for other in taken):
                taken.append(place)
                found.append(place)
        return found

    def over_photo(self, values: np.ndarray) -> np.ndarray:
        """(rows, columns) -> (H, W): each value around the middle of its patch, the outermost up to the rim.

        Patches that overlap sample a smooth map, so theirs is drawn smooth; patches side by side stay
        squares.
        """
        smooth = self.stride[0] < self.patch[0] or self.stride[1] < self.patch[1]
        start = [(p - s) / 2 for p, s in zip(self.patch, self.stride)]
        low = [max(0, round(a)) for a in start]
        high = [min(side, round(a + n * s))
                for side, a, n, s in zip(self.photo, start, self.shape, self.stride)]
        kind = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        image = Image.fromarray(values.astype(np.float32)).resize((high[1] - low[1], high[0] - low[0]), kind)
        inner = np.asarray(image).clip(values.min(), values.max())       # bicubic overshoots
        return np.pad(inner, [(a, side - b) for a, b, side in zip(low, high, self.photo)], mode="edge")

    def _overlap(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        return all(abs(a[i] - b[i]) * self.stride[i] < self.patch[i] for i in (0, 1))


def _pair(size: Size, name: str) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"{name} must be a number of pixels or (height, width), 1 or more, got {size!r}.")
    return pair


def _by(size: tuple[float, float]) -> str:
    return f"{size[0]} x {size[1]}"
