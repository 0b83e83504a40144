"""Two gradings of one class: whose points changed, and why."""

from dataclasses import replace

import pytest

from course_lib.exercises.finding import Finding
from course_lib.grading.diff import compare, compare_folders, describe
from course_lib.grading.records import RecordError, write_record


def test_the_same_twice_differs_in_nothing(record, names):
    old = [record(name) for name in names]
    new = [replace(each, seconds={"total": 99.0}) for each in old]
    difference = compare(old, new)
    assert not any((difference.changes, difference.handed_in_anew, difference.appeared, difference.gone,
                    difference.conditions))
    assert describe(difference) == "Nobody's points changed."


def test_whose_points_changed_and_why(record, result):
    second = result(id="b", number="1.2", title="Scaled")
    old = [record("Ada", result("failed"), second), record("Bob", result(), second)]
    new = [record("Ada", result(), second),
           record("Bob", result("stopped", stage="long", stage_hidden=True), second, stamp={"bank": "b2"})]
    difference = compare(old, new)
    assert [(c.student, c.old.status, c.new.status, c.points) for c in difference.changes] == [
        ("Ada", "failed", "passed", 2.0), ("Bob", "passed", "stopped", -2.0)]
    assert describe(difference) == (
        "Graded under other conditions:\n"
        "  bank: b1 -> b1 or b2\n\n"
        "Points changed: 2 students\n"
        "  Ada: +2\n"
        '    1.1 A stable softmax: 0/2 -> 2/2; failed in stage "large scores" (no shift) -> passed\n'
        "  Bob: -2\n"
        '    1.1 A stable softmax: 2/2 -> 0/2; passed -> stopped in the hidden stage "long"')


@pytest.mark.parametrize("change", [
    {"stage": "other"}, {"status": "broken"}, {"stages_passed": 4}, {"stages": 6}, {"of": 5.0}, {"finding": Finding("new", "", "")},
    {"finding": None},
])
def test_what_is_judged_otherwise_for_the_same_points(record, result, change):
    [one] = compare([record("Ada", result("failed"))], [record("Ada", replace(result("failed"), **change))]).changes
    assert one.points == 0
    assert "The same points, otherwise judged: 1 student\n  Ada\n" in describe(
        compare([record("Ada", one.old)], [record("Ada", one.new)]))


def test_words_and_prints_are_no_change(record, result):
    new = replace(result("failed"), printed="x", messages=("y",), finding=Finding("no shift", "other", "words"))
    assert not compare([record("Ada", result("failed"))], [record("Ada", new)]).changes


def test_who_came_and_went_and_handed_in_anew(record, result):
    difference = compare([record("Ada"), record("Bob"), record("王小明")],
                         [record("Ada", digest="1" * 64), record("Cy"), record("王小明", result(), result(id="b", number="1.2"))])
    assert (difference.handed_in_anew, difference.appeared, difference.gone) == (("Ada",), ("Cy",), ("Bob",))
    [change] = difference.changes
    assert change.student == "王小明" and change.old is None and change.points == 2
    told = describe(difference)
    assert "1 handed in anew: Ada" in told and "1 only in the old grading: Bob" in told
    assert "- -> 2/2; not graded -> passed" in told


def test_an_exercise_that_is_no_longer_graded(record, result):
    second = result(id="b", number="1.2", title="Scaled")
    difference = compare([record("Ada", result(), second)], [record("Ada", result())])
    assert [(change.new, change.points) for change in difference.changes] == [(None, -2.0)]
    assert "1.2 Scaled: 2/2 -> -; passed -> not graded" in describe(difference)


def test_points_that_even_out_are_a_change_all_the_same(record, result):
    second = result("failed", id="b", number="1.2")
    difference = compare([record("Ada", result(), second)],
                         [record("Ada", result("failed"), result(id="b", number="1.2"))])
    assert "Points changed: 1 student\n  Ada: 0\n" in describe(difference) and len(difference.changes) == 2


def test_two_folders(record, result, tmp_path):
    for folder, status in (("old", "failed"), ("new", "passed")):
        (tmp_path / folder).mkdir()
        write_record(record("Ada", result(status)), tmp_path / folder / "a.json")
    assert [change.points for change in compare_folders(tmp_path / "old", tmp_path / "new").changes] == [2.0]
    with pytest.raises(RecordError, match="no record"):
        compare_folders(tmp_path / "old", tmp_path)


def test_of_many_conditions_those_that_changed(record):
    old = {"versions": {"python": "3.11.2", "torch": "2.5.1"}, "walls": ["No network: it stands.", "Limits: they stand."],
           "limits": {"seconds": 10.0}, "seed": "ab"}
    new = {**old, "versions": {"python": "3.11.2", "torch": "2.6.0"}, "limits": {"seconds": 20.0},
           "walls": ["No network: missing (Operation not permitted).", "Limits: they stand."]}
    assert compare([record("Ada", stamp=old)], [record("Ada", stamp=new)]).conditions == (
        "limits, seconds: 10.0 -> 20.0", "versions, torch: 2.5.1 -> 2.6.0",
        "walls, No network: it stands. -> missing (Operation not permitted).")
