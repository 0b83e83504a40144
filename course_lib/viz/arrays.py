"""From what a caller has (tensors on any device, lists, arrays) to checked numpy arrays."""

from typing import Any

import numpy as np


def to_numpy(values: Any, name: str) -> np.ndarray:
    """`values` as a float64 array: a tensor on any device and of any dtype, an array, or nested lists.

    Raises ValueError that names the argument if it does not hold numbers.
    """
    if hasattr(values, "detach"):                       # a tensor, without importing torch for a drawing
        values = values.detach().cpu().double().numpy()
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        got = type(values).__name__
        raise ValueError(f"{name} must hold numbers in a regular array, got {got}: {error}") from None


def to_map(values: Any, name: str) -> np.ndarray:
    """`values` as a non-empty (rows, columns) array."""
    array = to_numpy(values, name)
    if array.ndim != 2:
        hint = "Lay it out with .reshape(rows, columns)." if array.ndim < 2 else "Choose one sample first."
        raise ValueError(f"{name} must be a 2D (rows, columns) array, got shape {array.shape}. {hint}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: shape {array.shape}.")
    return array


def to_picture(values: Any, name: str) -> np.ndarray:
    """A photo or picture as matplotlib wants it: (H, W) grey or (H, W, 3) colour.

    Takes (H, W), (1, H, W) or (3, H, W): channels first, as everywhere in the course.
    """
    array = to_numpy(values, name)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    elif array.ndim == 3 and array.shape[0] == 3:
        array = array.transpose(1, 2, 0)                # (H, W, 3)
    elif array.ndim != 2:
        raise ValueError(f"{name} must be (H, W), (1, H, W) or (3, H, W), got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} is empty: shape {array.shape}.")
    return array


def to_photo(values: Any, name: str = "photo") -> np.ndarray:
    """A photo in [0, 1] as (H, W, 3)."""
    array = to_picture(values, name)
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 1):                    # written so that NaN fails too
        raise ValueError(f"{name} must have values in [0, 1], got {low:.3g} to {high:.3g}. "
                         "Divide bytes by 255.")
    return np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array
