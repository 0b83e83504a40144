"""What is wrong with an answer, in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A name for statistics, what was seen, and what to try next."""

    name: str
    shows: str
    try_next: str
