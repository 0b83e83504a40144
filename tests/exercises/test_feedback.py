"""How a verdict reads: in words, in HTML that keeps its contrast in both themes, with maps beside each other."""

import re

import pytest
import torch

from course_lib.exercises.bank import all_exercises, all_questions
from course_lib.exercises.comparison import numbers_one_above_the_other
from course_lib.exercises.feedback import hint_message, question_message, verdict_message
from course_lib.exercises.judging import judge
from course_lib.exercises.markup import message as card_message

EXERCISE = all_exercises()["scaled-dot-product"]


def _message(answer, exercise=EXERCISE):
    return verdict_message(judge(exercise, answer))


def _mistake(name):
    return next(mistake.answer for mistake in EXERCISE.mistakes if mistake.name == name)


def test_a_wrong_answer_says_what_why_and_how_far():
    message = _message(_mistake("no scale"))
    assert message.text.startswith("1.2 Scaled dot-product attention: not yet")
    assert "Next: Divide the scores" in message.text
    assert "Stage 2 of 8: two keys. Before it held: one key." in message.text
    assert "yours" in message.text and "expected" in message.text


def test_hidden_stages_are_never_named():
    for mistake in EXERCISE.mistakes:
        assert "large scores" not in _message(mistake.answer).text


def test_maps_stand_side_by_side_with_words_for_those_who_do_not_see_them():
    message = _message(_mistake("softmax over the queries"))
    assert message.html.count("data:image/png;base64,") == 2
    assert re.search(r'alt="yours: a map of queries by channels"', message.html)
    assert re.search(r'alt="expected: a map of queries by channels"', message.html)


def test_no_maps_where_there_is_nothing_to_compare():
    assert "data:image" not in _message(lambda q, k, v, mask=None: None).html
    assert "data:image" not in _message(EXERCISE.reference).html


def test_the_slice_that_differs_is_the_one_shown():
    want = torch.zeros(3, 2, 2)
    got = want.clone()
    got[2, 1, 0] = 5
    assert "5.000" in numbers_one_above_the_other(got, want)[0]
    got[1, 0, 0] = float("nan")
    assert "nan" in numbers_one_above_the_other(got, want)[0]


def test_nan_and_wrong_shapes_are_drawn_without_complaint():
    for answer in (
        lambda q, k, v, mask=None: v * float("nan"),
        lambda q, k, v, mask=None: q @ k.mT,
        lambda q, k, v, mask=None: (q @ k.mT).sum(),
        lambda q, k, v, mask=None: q[..., :0],
    ):
        assert _message(answer).text


def test_what_a_learner_wrote_is_escaped():
    def answer(q, k, v, mask=None):
        raise ValueError("<script>alert(1)</script>")

    message = _message(answer)
    assert "<script>" not in message.html and "&lt;script&gt;" in message.html
    assert "<script>" in message.text


@pytest.mark.parametrize(
    "message",
    [
        _message(EXERCISE.reference),
        _message(_mistake("no scale")),
        hint_message(EXERCISE, 2),
        question_message(next(iter(all_questions().values())), "Quiz"),
    ],
    ids=["right", "wrong", "hint", "question"],
)
def test_colours_hold_in_light_and_dark(message):
    """Text takes the page's own colour, and the card behind it is translucent; accents are mid-tones."""
    assert not re.search(r"[;\"\s]color\s*:", message.html)
    for background in re.findall(r"background:([^;\"]+)", message.html):
        assert background.startswith("rgba(127,127,127,")
    for accent in re.findall(r"#[0-9a-f]{6}", message.html):
        r, g, b = (int(accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        luminance = 0.2126 * r**2.2 + 0.7152 * g**2.2 + 0.0722 * b**2.2
        assert 0.1 < luminance < 0.5, accent


def test_html_is_balanced():
    for mistake in EXERCISE.mistakes:
        html = _message(mistake.answer).html
        for tag in ("div", "p", "figure", "pre", "code", "b"):
            assert html.count(f"<{tag}>") + html.count(f"<{tag} ") == html.count(f"</{tag}>"), tag


def test_every_option_hides_its_reason_until_it_is_opened():
    for question in all_questions().values():
        html = question_message(question, "Quiz").html
        assert html.count("<details") == len(question.options) and "<details open" not in html
        text = question_message(question, "Quiz").text
        assert all(option.reason not in text for option in question.options)


def test_feedback_follows_the_answer_and_nothing_else():
    assert _message(_mistake("no scale")) == _message(_mistake("no scale"))
    torch.manual_seed(5)
    again = _message(_mistake("no scale"))
    torch.manual_seed(6)
    assert again == _message(_mistake("no scale"))


def test_stress_is_marked_up_in_html_and_gone_in_text():
    shown = card_message("#000", "Title", ["A map of *one* query, **not** of `a * b * c`, 2 * 3 * 4 or w*w by w*w."])
    assert "of <em>one</em> query, <b>not</b> of <code>a * b * c</code>, 2 * 3 * 4 or w*w by w*w." in shown.html
    assert "of one query, not of `a * b * c`, 2 * 3 * 4 or w*w by w*w." in shown.text


def test_powers_in_code_are_not_taken_for_bold():
    def answer(q, k, v, mask=None):
        return (q @ k.mT / q.shape[-1] ** 0.5) @ v / (k.shape[-1] ** 0.5) + undefined  # noqa: F821

    message = _message(answer)
    assert "q.shape[-1] ** 0.5) @ v / (k.shape[-1] ** 0.5)" in message.text
    assert "q.shape[-1] ** 0.5) @ v / (k.shape[-1] ** 0.5)" in message.html
