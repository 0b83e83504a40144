"""Questions about a scene whose answer cannot be argued with, as text and as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .palette import PALETTE
from .randomness import Draws

if TYPE_CHECKING:
    from .scene_options import Box
    from .scene_types import SceneObject

QUESTION_KINDS = ("color", "count", "exists", "place")
PLACES = {"left": "left of", "right": "right of", "above": "above", "below": "below"}
ANSWERS = (*map(str, range(10)), "yes", "no")
VOCABULARY = ("<pad>", "what", "which", "how", "many", "is", "there", "a", "digit", "the", "one",
              "left", "right", "of", "above", "below", *PALETTE, *map(str, range(10)))
QUESTION_LENGTH = 8                   # of the longest: which digit is left of the red one


@dataclass(frozen=True)
class Question:
    """What is asked, and the right answer.

    Attributes:
        kind: "color", "count", "exists" or "place".
        text: in lower case, with a question mark.
        answer: one of `ANSWERS`.
    """

    kind: str
    text: str
    answer: str


def encode_question(text: str) -> Tensor:
    """The words of a question as ids within `VOCABULARY`: (QUESTION_LENGTH,) int64, filled up with 0.

    Raises:
        ValueError: a word that is not in the vocabulary, or too many words.
    """
    words = text.lower().replace("?", " ").split()
    unknown = [word for word in words if word not in VOCABULARY[1:]]
    if unknown:
        raise ValueError(f"the vocabulary has no {unknown[0]!r}; it has {', '.join(VOCABULARY[1:])}.")
    if len(words) > QUESTION_LENGTH:
        raise ValueError(f"a question has at most {QUESTION_LENGTH} words, got {len(words)}.")
    return torch.tensor([VOCABULARY.index(word) for word in words] + [0] * (QUESTION_LENGTH - len(words)))


def draw_question(draws: Draws, kind: str, objects: Sequence["SceneObject"],
                  colors: Sequence[str] | None) -> Question | None:
    """A question of one kind about these objects; None if none of that kind has one clear answer here.

    Yes and no are equally likely; a count may be zero. `colors` are those the scene could have used.
    """
    if kind == "exists":
        here = sorted({item.digit for item in objects})
        absent = [digit for digit in range(10) if digit not in here]
        answer = "yes" if draws.below(2) or not absent else "no"
        return Question(kind, f"is there a {draws.choice(here if answer == 'yes' else absent)}?", answer)
    if kind == "count":
        color = draws.choice(colors)
        return Question(kind, f"how many {color}?", str(sum(item.color == color for item in objects)))
    often = Counter(item.color for item in objects)
    single = [item for item in objects if often[item.color] == 1]     # "the red one" needs exactly one red
    if kind == "color":
        questions = [Question(kind, f"what digit is {item.color}?", str(item.digit)) for item in single]
    else:
        questions = [question for item in single for question in _place_questions(item, objects)]
    return draws.choice(questions) if questions else None


def _place_questions(anchor: "SceneObject", objects: Sequence["SceneObject"]) -> list[Question]:
    """One for each side of the anchor on which one digit lies and every other one clearly does not."""
    questions = []
    others = [item for item in objects if item is not anchor]
    for place, words in PLACES.items():
        lies_there = [_lies(place, item.box, anchor.box) for item in others]
        if lies_there.count(True) == 1 and None not in lies_there:
            answer = others[lies_there.index(True)].digit
            text = f"which digit is {words} the {anchor.color} one?"
            questions.append(Question("place", text, str(answer)))
    return questions


def _lies(place: str, box: "Box", anchor: "Box") -> bool | None:
    """True if the box lies wholly on that side of the anchor, False if no part of it does, else None."""
    (x0, y0, x1, y1), (ax0, ay0, ax1, ay1) = box, anchor
    wholly, not_at_all = {"left": (x1 <= ax0, x0 >= ax0), "right": (x0 >= ax1, x1 <= ax1),
                          "above": (y1 <= ay0, y0 >= ay0), "below": (y0 >= ay1, y1 <= ay1)}[place]
    return True if wholly else False if not_at_all else None
