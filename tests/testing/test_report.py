"""The sums of the report."""

import pytest

from course_lib.testing.report import CourseReport


def test_an_empty_report_prints_nothing():
    assert list(CourseReport().lines()) == []


def test_what_is_recorded_is_not_changed():
    report, durations = CourseReport(), [1.0]
    report.add({"engine": {"check_ms": durations}})
    report.add({"engine": {"check_ms": [3.0]}})
    assert durations == [1.0]
    assert "median 2.0" in next(report.lines())


def test_nothing_of_nothing_is_no_division_by_zero():
    report = CourseReport()
    report.add({"engine": {"mistakes": (0, 0), "check_ms": []}})
    assert list(report.lines()) == [f"{'engine: mistakes':<42} 0 of 0 (0.0%)"]


def test_a_wrong_figure_is_named():
    with pytest.raises(ValueError, match="engine.mistakes"):
        CourseReport().add({"engine": {"mistakes": [1, 2, 3]}})
