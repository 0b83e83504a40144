"""Say how a wrong output relates to the right one, when no named mistake explains it."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

_CLOSE = {"rtol": 1e-3, "atol": 1e-5}


def describe_difference(got: Any, want: Any) -> str:
    """One or two sentences on two outputs of the same form that are not equal.

    The first relation that holds is told (a constant factor, swapped axes, right in some rows only ...), and then the
    largest difference with its place and both numbers.
    """
    if isinstance(want, (tuple, list)):
        pairs = zip(got, want, strict=True)
        which = next(
            i for i, (a, b) in enumerate(pairs) if not torch.allclose(a, b, **_CLOSE, equal_nan=True)
        )
        return f"Result {which + 1} of {len(want)} is off. {describe_difference(got[which], want[which])}"
    if not isinstance(want, Tensor):
        return f"You returned {got!r}; {want!r} is expected."
    if not want.is_floating_point():
        wrong = int((got != want).sum())
        return f"{wrong} of {want.numel()} values differ. {_worst(got.double(), want.double())}"
    got, want = got.double(), want.double()
    told = next(_relations(got, want), "")
    return f"{told} {_worst(got, want)}".strip()


def _relations(got: Tensor, want: Tensor) -> Iterator[str]:
    scale = want.abs().amax().clamp_min(1e-12)
    if (got - want).abs().amax() < 0.01 * scale:
        yield (
            "Nearly right: off by less than 1 %. Look for an epsilon, a rounding, or a term that is usually"
            " small."
        )
    if got.abs().amax() == 0:
        yield "Your result is zero everywhere."
    enough = want.numel() >= 4  # two or three numbers fit too many stories
    factor = (got * want).sum() / (want * want).sum().clamp_min(1e-12)
    if torch.allclose(got, -want, **_CLOSE):
        yield "Every number has the opposite sign."
    elif enough and torch.allclose(got, factor * want, **_CLOSE) and factor != 0:
        yield f"Every number is {factor:.3g} times what it should be: a constant factor is off."
    offset = (got - want).mean()
    if enough and torch.allclose(got, want + offset, **_CLOSE):
        yield (
            f"Every number is off by the same {offset:+.3g}: something is added that should not be, or left"
            " out."
        )
    for axes in permutations(range(got.dim())):
        if got.permute(axes).shape == want.shape and torch.allclose(got.permute(axes), want, **_CLOSE):
            yield "These are the right numbers in swapped axes: a transpose is missing or one too many."
    for axis in range(got.dim()):
        if torch.allclose(got.flip(axis), want, **_CLOSE):
            yield f"These are the right numbers in reverse order along axis {axis}."
    if torch.allclose(got.flatten().sort().values, want.flatten().sort().values, **_CLOSE):
        yield "These are the right numbers in the wrong places: a reshape or a transpose mixes the axes."
    yield from _right_in_part(got, want)
    if enough and _flat(got) and not _flat(want):
        yield "Your result is the same number all along its last axis."


def _flat(one: Tensor) -> bool:
    return bool(one.dim()) and one.shape[-1] > 1 and torch.allclose(one, one[..., :1].expand_as(one), **_CLOSE)


def _right_in_part(got: Tensor, want: Tensor) -> Iterator[str]:
    right = torch.isclose(got, want, **_CLOSE)
    if not right.any():
        return
    for axis in range(got.dim()):
        others = [other for other in range(got.dim()) if other != axis]
        along = right.all(dim=others) if others else right
        if along.any() and not along.all():
            wrong = (~along).nonzero().flatten().tolist()
            listed = ", ".join(map(str, wrong[:6])) + (" ..." if len(wrong) > 6 else "")
            yield f"Along axis {axis} (size {got.shape[axis]}) all is right except at index {listed}."
    yield f"{int(right.sum())} of {right.numel()} numbers are right."


def _worst(got: Tensor, want: Tensor) -> str:
    difference = (got - want).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in torch.unravel_index(difference.argmax(), difference.shape))
    where = f"At index {list(place)} you have" if place else "You have"
    return f"{where} {got[place]:.4g}; {want[place]:.4g} is expected."
