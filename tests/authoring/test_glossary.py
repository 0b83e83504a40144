"""Terms that lessons mark, and the glossary's table of them, agree both ways."""

import pytest

from course_lib.authoring import check_glossary, glossary_terms, read_lesson

ROW = "| mean | 平均数 | a sum, divided | 2 |"


def problems(checkout, *others):
    return [problem.message for problem in check_glossary(
        checkout.glossary, [read_lesson(checkout.source), *(read_lesson(other.source) for other in others)])]


def test_the_terms_of_a_lesson_with_their_lines(lesson):
    checkout = lesson(("a sum", "***one\n# sum***, `***not***`, **nor** *this*, again a ***mean*** of a sum"))
    terms = glossary_terms(read_lesson(checkout.source))
    assert list(terms) == ["mean", "one sum"]
    assert "***mean***" in checkout.source.read_text(encoding="utf-8").splitlines()[terms["mean"] - 1]


def test_a_complete_glossary_is_clean(lesson):
    assert problems(lesson()) == []
    assert problems(lesson(("***mean***", "***Mean***"))) == []


@pytest.mark.parametrize(("row", "said"), [
    ("", "the term 'mean' is not in the glossary"),
    (ROW.replace("2", "3"), "the glossary has 'mean' in chapter 3"),
    (ROW + "\n| median | 中位数 | the middle | 2 |", "chapter 2 does not introduce 'median'"),
    (ROW + "\n" + ROW.replace("mean", "Mean"), "a second row for 'Mean'"),
    (ROW.replace("平均数", ""), "all filled"),
    (ROW.replace("a sum, divided", " "), "all filled"),
    (ROW.replace("2", "two"), "all filled"),
    (ROW.replace("| 2 |", "|"), "all filled"),
])
def test_a_fault_of_the_table_is_found(lesson, row, said):
    checkout = lesson()
    text = checkout.glossary.read_text(encoding="utf-8")
    checkout.glossary.write_text(text.replace(ROW, row).replace("\n\n|", "\n|"), encoding="utf-8")
    assert any(said in message for message in problems(checkout))


def test_a_chapter_may_be_a_link(lesson):
    checkout = lesson()
    text = checkout.glossary.read_text(encoding="utf-8").replace("| 2 |", "| [2](02_small.ipynb) |")
    checkout.glossary.write_text(text, encoding="utf-8")
    assert problems(checkout) == []


def test_a_term_is_introduced_by_one_chapter(lesson):
    later = lesson(("2 · A small", "3 · A small"), name="03_small")
    assert problems(lesson(), later) == ["chapter 2 introduced 'mean' already; a term is marked once"]


def test_no_glossary_is_a_problem(lesson):
    checkout = lesson()
    checkout.glossary.unlink()
    assert "there is no glossary" in problems(checkout)[0]
