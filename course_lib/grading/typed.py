"""The values of a dataclass out of JSON, each of the type that its field is annotated with."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints


def typed_values(kind: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for `kind`; lists become tuples. What `content` has beyond its fields is left alone.

    Raises:
        ValueError: one is missing, or of another type; the message names it.
    """
    hints, values = get_type_hints(kind), {}
    for name in (each.name for each in fields(kind)):
        if name not in content:
            raise ValueError(f"{name} is missing")
        value = content[name]
        values[name] = value = tuple(value) if isinstance(value, list) else value
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} is {value!r:.60}")
    return values


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:  # only tuple[X, ...] occurs
        return isinstance(value, tuple) and all(_fits(each, parts[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _fits(key, parts[0]) and _fits(each, parts[1]) for key, each in value.items())
    if parts:  # X | None
        return any(_fits(value, part) for part in parts)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, hint) and (hint is bool or is_dataclass(hint) or not isinstance(value, bool))
