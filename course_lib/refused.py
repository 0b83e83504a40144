"""What the `course` command says no to."""

from collections.abc import Iterator
from contextlib import contextmanager


class Refused(Exception):
    """What was asked for does not exist, or needs a yes; the message says what does exist, or how."""


@contextmanager
def refusing(*unknown: type[Exception]) -> Iterator[None]:
    """Around the finding of something by its name: what that raises is a slip of the person, not ours."""
    try:
        yield
    except unknown as error:
        said = error.args[0] if error.args else ""
        raise Refused(said if isinstance(said, str) else str(error)) from None  # the system's own begin with a number
