"""Questions with a reason behind every option: a prediction before a cell runs, a retrieval question, a puzzle."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One option: what it says, and why it is right or wrong."""

    text: str
    reason: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with two to five options, at least one of them right. Options are lettered a, b, c ... in order."""

    id: str
    chapter: int
    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= 5 or not any(option.right for option in self.options):
            raise ValueError(f"question {self.id!r} needs 2 to 5 options, at least one of them right")

    def lettered(self) -> dict[str, Option]:
        return dict(zip("abcde", self.options, strict=False))
