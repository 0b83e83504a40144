"""Every answer is worked out again from the objects alone, by code that nobody can misread."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from course_lib import data
from course_lib.data import ANSWERS, PALETTE, QUESTION_LENGTH, VOCABULARY, SceneOptions, encode_question
from course_lib.data.questions import QUESTION_KINDS

ROOMY = SceneOptions(size=(48, 72), digits=(2, 6), digit_size=(9, 13))


def asked(kind, count=150, **changes):
    return data.scenes(count, replace(ROOMY, question=kind, **changes))


def answer_slowly(text, objects):
    """The set of all answers that could be defended. It has to have one element."""
    words = text.rstrip("?").split()
    if text.startswith("is there a"):
        return {"yes" if int(words[-1]) in [item.digit for item in objects] else "no"}
    if text.startswith("how many"):
        return {str([item.color for item in objects].count(words[-1]))}
    if text.startswith("what digit is"):
        return {str(item.digit) for item in objects if item.color == words[-1]}
    color, place = words[-2], words[3]
    defended = set()
    for anchor in (item for item in objects if item.color == color):
        there = []
        for item in objects:
            if item is anchor:
                continue
            # A generous reading counts whatever sticks out on that side at all.
            sticks_out = {"left": item.box[0] < anchor.box[0], "right": item.box[2] > anchor.box[2],
                          "above": item.box[1] < anchor.box[1], "below": item.box[3] > anchor.box[3]}[place]
            if sticks_out:
                there.append(item)
        defended |= {f"{item.digit} at {item.box}" for item in there}
    return {entry.split()[0] for entry in defended} if len(defended) == 1 else defended


@pytest.mark.parametrize("kind", [*QUESTION_KINDS, "any"])
def test_answers_are_right_and_the_only_ones(kind):
    for one in asked(kind):
        assert answer_slowly(one.question.text, one.objects) == {one.question.answer}, one.seed
        assert ANSWERS[one.answer] == one.question.answer


def test_any_asks_every_kind_and_every_place():
    kinds = Counter(one.question.kind for one in asked("any", 300))
    assert set(kinds) == set(QUESTION_KINDS) and min(kinds.values()) > 30
    places = {one.question.text.split()[3] for one in asked("place", 60)}
    assert places == {"left", "right", "above", "below"}


def test_yes_and_no_are_balanced():
    answers = Counter(one.question.answer for one in asked("exists", 400))
    assert 160 < answers["yes"] < 240


def test_questions_in_gray_scenes():
    for one in asked("exists", 40, colors=None):
        assert answer_slowly(one.question.text, one.objects) == {one.question.answer}


def test_crowded_and_nearly_unanswerable_options_still_give_a_question():
    for kind in ("color", "place"):
        for one in asked(kind, 20, digits=9, digit_size=8, colors=("red", "blue")):
            assert one.question.kind == kind


def test_tokens_spell_the_question():
    for one in asked("any", 100):
        words = [VOCABULARY[token] for token in one.tokens.tolist() if token]
        assert " ".join(words) + "?" == one.question.text
        assert one.tokens.shape == (QUESTION_LENGTH,) and one.tokens.dtype == torch.int64


def test_vocabulary_is_fixed():
    """Its order is part of what a trained network knows."""
    assert len(set(VOCABULARY)) == len(VOCABULARY) and VOCABULARY[0] == "<pad>"
    assert set(PALETTE) <= set(VOCABULARY)
    assert VOCABULARY[:5] == ("<pad>", "what", "which", "how", "many") and VOCABULARY[-1] == "9"
    assert ANSWERS == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "yes", "no")


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="has no 'purple'; it has what, which"):
        encode_question("what digit is purple?")
    with pytest.raises(ValueError, match="at most 8 words, got 9"):
        encode_question("is " * 9)
