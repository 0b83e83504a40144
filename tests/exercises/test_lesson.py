"""What a learner types: check, hint, predict, quiz, progress; outside a notebook they print."""

import json

import pytest

from course_lib.exercises import check, hint, journal, lesson, predict, progress, progress_table, quiz


def right(weights, values):
    return weights @ values / weights.sum()


@pytest.fixture(autouse=True)
def fresh_hints(monkeypatch):
    monkeypatch.setattr(lesson, "_rungs_shown", {})


def test_check_tells_and_keeps(work, capsys):
    check("weighted-mean", lambda w, v: w @ v)
    check("weighted-mean", right)
    shown = capsys.readouterr().out
    assert (
        "not yet" in shown
        and "You add up weight times value" in shown
        and "0.1 A weighted mean: right" in shown
    )
    lines = [json.loads(line) for line in (work / "progress.jsonl").read_text().splitlines()]
    assert [(line["status"], line["finding"]) for line in lines] == [
        ("failed", "a sum, not a mean"),
        ("passed", None),
    ]
    assert journal.state_of_exercises() == {"weighted-mean": (True, 1)}


def test_a_solved_exercise_stays_solved():
    check("weighted-mean", right)
    check("weighted-mean", lambda w, v: v)
    assert journal.state_of_exercises()["weighted-mean"] == (True, 0)


def test_a_stub_is_open_and_does_not_count_as_a_try(capsys):
    def stub(weights, values):
        raise NotImplementedError("exercise weighted-mean")

    check("weighted-mean", stub)
    assert "open" in capsys.readouterr().out
    assert journal.state_of_exercises() == {}


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: check("weighed-mean", right), "weighted-mean"),
        (lambda: hint("scaled-dot"), "scaled-dot-product"),
        (lambda: predict("why-sharp"), "why-sharper"),
        (lambda: quiz("true-mean"), "true-means"),
    ],
)
def test_an_unknown_id_names_the_nearest(call, near):
    with pytest.raises(KeyError) as error:
        call()
    assert near in str(error.value) and not str(error.value).startswith("'")


def test_an_id_like_no_other_lists_them_all():
    with pytest.raises(KeyError, match="there are: weighted-mean"):
        hint("%%%")


def test_hints_go_up_and_stay_on_the_last_rung(capsys):
    seen = []
    for _ in range(4):
        hint("weighted-mean")
        seen.append(capsys.readouterr().out)
    assert "hint 1 of 3" in seen[0] and "2 more" in seen[0] and "3." not in seen[0]
    assert "hint 3 of 3" in seen[2] and seen[3] == seen[2]


def test_a_question_without_an_answer_shows_its_options_and_no_reason(capsys):
    predict("why-sharper")
    shown = capsys.readouterr().out
    assert "a) the number of keys" in shown and "256 in every line" not in shown


def test_the_number_on_the_card_will_do(capsys):
    hint("0.1")
    check("0.1", right)
    assert "0.1 A weighted mean: right" in capsys.readouterr().out
    assert journal.state_of_exercises() == {"weighted-mean": (True, 0)}


@pytest.mark.parametrize(("letter", "word"), [("b", "yes"), ("(B)", "yes"), ("a", "not this one")])
def test_an_answer_gets_its_reason(letter, word, capsys, work):
    predict("why-sharper", letter)
    assert word in capsys.readouterr().out
    assert json.loads((work / "progress.jsonl").read_text())["right"] == (word == "yes")


@pytest.mark.parametrize("answer", ["e", 1, True, ""])
def test_an_answer_that_is_no_option(answer):
    with pytest.raises(ValueError, match="a, b, c, d"):
        quiz("why-sharper", answer)


def test_progress_counts_points(capsys):
    check("weighted-mean", right)
    capsys.readouterr()
    progress()
    assert capsys.readouterr().out.strip() == progress_table().strip()
    assert "0.1  A weighted mean" in progress_table() and "solved" in progress_table()
    assert "1.2  Scaled dot-product attention" in progress_table()


def test_a_folder_that_cannot_be_written_to_does_not_stop_the_lesson(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("COURSE_WORK", str(blocked))
    check("weighted-mean", right)
    shown = capsys.readouterr()
    assert "right" in shown.out and "could not be saved" in shown.err


def test_half_a_line_loses_nothing_else(work):
    check("weighted-mean", right)
    with (work / "progress.jsonl").open("a") as file:
        file.write('{"event": "check", "id": "stable-so')
    journal.note("check", "stable-softmax", status="passed")
    journal.note("check", "split-heads", status="passed")
    assert journal.state_of_exercises()["weighted-mean"] == (True, 0)
    assert journal.state_of_exercises()["split-heads"] == (True, 0)
