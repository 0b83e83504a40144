"""The learner's page and the class report."""

import re
from html.parser import HTMLParser

import nbformat
import pytest

from course_lib.exercises.finding import Finding
from course_lib.grading.exports.cards import card_html, cards_of
from course_lib.grading.exports.class_report import class_report, write_class_report
from course_lib.grading.exports.class_summary import commonest_mistakes, summarise
from course_lib.grading.exports.feedback_html import feedback_html, write_feedback
from course_lib.grading.exports.words import clean, number
from course_lib.grading.records import STATUSES

VOID = {"meta", "img", "br", "hr"}
KNOWN = VOID | set("html head title style body header main section footer h1 h2 h3 p a bdi span code b em strong ol ul li"
                   " pre details summary div table thead tbody tfoot tr th td figure".split())


class Checked(HTMLParser):
    """Every tag is one of ours, in order, and nothing runs or is fetched."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.alts, self.ids, self.links = [], [], [], set(), set()
        assert page.startswith("<!DOCTYPE html>\n") and "http-equiv=\"Content-Security-Policy\"" in page
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", page)
        page.encode("utf-8")
        self.feed(page)
        self.close()
        assert not self.open and self.links <= self.ids
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN, tag
        for key, value in attrs:
            assert not key.startswith("on") and key not in {"srcset", "style"}
            assert key != "href" or value.startswith("#")
            assert key != "src" or value.startswith("data:image/png;base64,")
        values = dict(attrs)
        if tag == "img":
            self.alts.append(values["alt"])
        if "id" in values:
            assert values["id"] not in self.ids
            self.ids.add(values["id"])
        if "href" in values:
            self.links.add(values["href"][1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            assert "url(" not in data and "@import" not in data
        else:
            self.words.append(data)


ATTACK = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'`</pre></style><b>**x** `y` \u202e\x00\x1b[31m\ud800'


@pytest.fixture
def hostile(record, result):
    """A record in which everything that a learner can write is an attack."""
    def make(student=ATTACK):
        broken = {"title": ATTACK, "messages": (ATTACK,), "printed": ATTACK, "stage": ATTACK}
        return record(student, *(result(status, number=f"1.{i}", id=str(i), **broken,
                                        finding=Finding(ATTACK, ATTACK, "```" + ATTACK + "```"))
                                 for i, status in enumerate(STATUSES)),
                      title=ATTACK, files=(ATTACK,), problems=(ATTACK,), due=ATTACK, stamp={ATTACK: [ATTACK]})
    return make


def test_nothing_that_a_learner_wrote_becomes_html(hostile):
    page = Checked(feedback_html(hostile(), {"0": card_html(ATTACK)}))
    assert "<script>alert(1)</script>" in page.text


def test_nothing_that_a_class_wrote_becomes_html(hostile):
    page = Checked(class_report([hostile(), hostile("$\\frac$")]))
    assert "<script>alert(1)</script>" in page.text and len(page.alts) == 2


def test_every_name_can_be_read_on_its_page(record, name, tmp_path):
    write_feedback(record(name), tmp_path / "f.html")
    page = Checked((tmp_path / "f.html").read_text(encoding="utf-8"))
    assert " ".join(clean(name).split()) in page.text
    Checked(class_report([record(name, problems=("x",))]))


def test_what_a_learner_is_told(record, result):
    wrong = result("failed", id="b", number="1.2", title="Scaled", printed="hello\nworld")
    page = Checked(feedback_html(record("Ada", result(), wrong, due="2026-12-01T23:59:00", late=True),
                                 {"b": "<p>Write it.</p>"}))
    for words in ("Chapter 1", "Ada", "2 of 4 points", "Due 2026-12-01, 23:59 ", "Handed in late.", "All 5 stages hold.",
                  "Not yet: no shift, 0 of 2 points", "What was asked Write it.", "It gives nan for 1000.",
                  "Next: Subtract the largest.", "as far as the stage large scores, 3 of 5", "hello world", "01.ipynb"):
        assert words in page.text.replace("asked", "asked ").replace("23:59", "23:59 ").replace("  ", " "), words


@pytest.mark.parametrize("status, words", [
    ("unattempted", "Not attempted"), ("missing", "Not found"), ("broken", "Could not run"), ("stopped", "Stopped")])
def test_every_outcome_has_its_words(record, result, status, words):
    page = Checked(feedback_html(record("Ada", result(status, messages=("line 3 is not Python",)))))
    assert f"{words}, 0 of 2 points" in page.text and "line 3 is not Python" in page.text


@pytest.mark.parametrize("status", ["failed", "broken", "stopped", "unattempted"])
def test_of_a_hidden_stage_a_learner_reads_only_that_it_was_one(record, secret, status):
    from dataclasses import replace
    page = feedback_html(record("Ada", replace(secret, status=status)))
    assert "SECRET" not in page and "hidden stage" in page


def test_a_long_output_is_cut(record, result):
    assert len(feedback_html(record("Ada", result(printed="x" * 100_000)))) < 20_000


def test_cards_are_read_from_the_notebook(tmp_path):
    v4 = nbformat.v4
    card = ("### Exercise 1.1 · A stable softmax\n**difficulty** ●●○○○ **about 6 minutes**\n\nComplete `softmax`. $x^2$\n\n"
            "| a | b |\n|---|---|\n| `s` | <b>1</b> |\n\n![x](http://a/b.png) [y](javascript:alert(1))")
    cells = [v4.new_markdown_cell("text"), v4.new_markdown_cell(card, metadata={"tags": ["card"]}),
             v4.new_code_cell("", metadata={"exercise": "stable-softmax"}),
             v4.new_code_cell("", metadata={"exercise": "without"})]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    cards = cards_of([tmp_path / "n.ipynb"])
    assert list(cards) == ["stable-softmax"]
    html = cards["stable-softmax"]
    assert "difficulty" not in html and "<code>softmax</code>" in html and "<code>x^2</code>" in html
    assert "<td><code>s</code></td>" in html and "&lt;b&gt;" in html and "<img" not in html and "<a" not in html


def test_every_exercise_of_the_course_has_a_card():
    from course_lib.exercises.bank import all_exercises
    from course_lib.paths import CHAPTERS
    notebooks = sorted(CHAPTERS.glob("*.ipynb"))
    built = {int(path.name[:2]) for path in notebooks}
    cards = cards_of(notebooks)
    assert {e.id for e in all_exercises().values() if e.chapter in built} <= set(cards)
    for card in cards.values():
        Checked("<!DOCTYPE html>\n" + '<meta http-equiv="Content-Security-Policy">' + card)


def test_the_class_in_numbers(record, result):
    other = result("failed", id="b", number="1.10", title="Heads", finding=Finding("axes", "Swapped.", "Look."))
    records = [record("Ada", result(), other), record("Bob", result("failed"), other),
               record("Cy", result("unattempted"), result("missing", id="b", number="1.10", title="Heads"))]
    first, second = summarise(records)
    assert (first.number, first.share, first.tried, first.students) == ("1.1", pytest.approx(1 / 3), 2, 3)
    assert (second.share, second.tried) == (0, 2)
    axes, shift = commonest_mistakes(records)
    assert (axes.name, axes.students, shift.students) == ("axes", ("Ada", "Bob"), ("Bob",))
    page = Checked(class_report(records))
    for words in ("3 submissions", "median 0, mean 0.67, of 4", "1.10 Heads: axes", "2 of 3 students", "Swapped.",
                  "Next: Look.", "33%", "2 of 3"):
        assert words in page.text, words
    assert all(len(alt) > 60 for alt in page.alts) and "Median 0 of 4" in page.alts[0]


def test_the_instructor_is_told_of_hidden_stages_and_of_what_broke(record, secret, result, tmp_path):
    write_class_report([record("Ada", secret), record("Bob", result("stopped"), problems=("unreadable",))], tmp_path / "c")
    page = Checked((tmp_path / "c").read_text(encoding="utf-8"))
    assert "SECRET1" in page.text and "1 of them in a hidden stage" in page.text
    assert "Bobunreadable1.1 A stable softmax: stopped" in page.text.replace(" unreadable", "unreadable")


@pytest.mark.parametrize("of", [0.0, 1.0, 20.0, 2.5, 137.0, 100_000.0])
def test_a_class_of_one_and_points_of_any_size(record, result, of):
    Checked(class_report([record("Ada", result(of=of, points=of))]))


def test_a_class_without_exercises_and_without_anybody(record):
    from dataclasses import replace
    Checked(class_report([replace(record("Ada"), exercises=())]))
    with pytest.raises(ValueError, match="no records"):
        class_report([])


def test_a_report_leaves_no_figure_and_no_style_behind(record):
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    figures = plt.get_fignums()
    with mpl.rc_context({"font.size": 7, "axes.grid": False}):
        before = dict(mpl.rcParams)
        class_report([record("Ada")])
        assert dict(mpl.rcParams) == before and plt.get_fignums() == figures


@pytest.mark.parametrize("text, words", [
    ("\x1b[1;31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("a\r\nb\rc", "a\nb\nc"), ("a\tb", "a\tb"),
    ("\x00\x7f\x9f\ud800\uffff", "\ufffd" * 5), ("é王😀", "é王😀")])
def test_what_no_document_can_hold_is_taken_out(text, words):
    assert clean(text) == words


@pytest.mark.parametrize("points, words", [(2.0, "2"), (0.0, "0"), (1.25, "1.25"), (1 / 3, "0.33"), (10.0, "10"),
                                           (1234567.0, "1234567"), (100.0, "100"), (0.1 + 0.2, "0.3")])
def test_numbers_as_people_write_them(points, words):
    assert number(points) == words


@pytest.mark.parametrize("of", [30.0, 55.0, 100.0])
def test_no_bar_stands_beyond_all_points(record, result, monkeypatch, of):
    from matplotlib.axes import Axes

    from course_lib.grading.exports.class_figures import distribution

    drawn = []
    monkeypatch.setattr(Axes, "bar", lambda self, x, height, *, width, **_: drawn.append((list(x), list(height), width)))
    distribution([record(f"{i}", result(of=of, points=each)) for i, each in enumerate((0.0, of / 2, of, of))])
    [(middles, heights, width)] = drawn
    last = max(middles)
    assert sum(heights) == 4 and last + width / 2 <= of and heights[middles.index(last)] == 2
