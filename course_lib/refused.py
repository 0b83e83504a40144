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
        if isinstance(error, OSError) and error.filename:  # the system's own: a number, words, a file
            raise Refused(f"{error.filename}: {error.strerror}") from None
        raise Refused(error.args[0] if error.args else str(error)) from None
