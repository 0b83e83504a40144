"""What a hostile submission is: data."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ATTACKED, OTHER, FORBIDDING = "stable-softmax", "split-heads", "scaled-dot-product"
MARK = "hostile_was_here"  # the name of whatever an attack leaves behind
KEY = 0x7057  # of what it leaves in System V's tables
WRONG = "def softmax(scores):\n    return scores\n"
RIGHT = {
    ATTACKED: (
        "def softmax(scores):\n"
        "    weights = (scores - scores.amax(-1, keepdim=True)).exp()\n"
        "    return weights / weights.sum(-1, keepdim=True)\n"
    ),
    OTHER: (
        "def split_heads(x, num_heads):\n"
        "    B, N, C = x.shape\n"
        "    return x.reshape(B, N, num_heads, C // num_heads).transpose(1, 2)\n"
    ),
}


@dataclass(frozen=True)
class Attack:
    """A submission that wants what it has not earned, or harm.

    Attributes:
        name: of the attack; the student is called after it.
        tries: what it is after, in a sentence.
        status: what may become of the attacked exercise; several where it is a matter of chance.
        answer: the attacked exercise's cell.
        helpers: cells of its own before it.
        exercise: which exercise is attacked. `OTHER` is solved honestly beside it, and must pass.
        other: what becomes of that other one.
        hand_in: for what is no plain notebook: makes of the folder of submissions what it likes.
        student: under which name it is found again; `name` if empty.
        walled: whether it takes all walls to stop it.
    """

    name: str
    tries: str
    status: tuple[str, ...]
    answer: str = WRONG
    helpers: tuple[str, ...] = ()
    exercise: str = ATTACKED
    other: tuple[str, ...] = ("passed",)
    hand_in: Callable[[Path, "Attack"], None] | None = None
    student: str = ""
    walled: bool = False

    @property
    def called(self) -> str:
        return self.student or self.name


def attack(name: str, tries: str, status: str, answer: str = WRONG, *helpers: str, **more) -> Attack:
    """An attack; `status` is one or several, with blanks between."""
    more = {key: tuple(value.split()) if key == "other" else value for key, value in more.items()}
    return Attack(name, tries, tuple(status.split()), answer, helpers, **more)
