"""What the README tells a grader to type is understood, and its assignment can be read."""

import re
import shlex

import pytest

from course_lib import cli
from course_lib.grading.assignment import read_assignment
from course_lib.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## For a grader")[2].partition("\n## ")[0]
TYPED = re.findall(r"^python start\.py (.*)$", SECTION, re.M) + [
    each for each in re.findall(r"`([a-z]+ --[^`]*)`", SECTION)]


@pytest.mark.parametrize("line", TYPED)
def test_a_command_is_understood(line):
    arguments = cli._parser().parse_args(shlex.split(line, comments=True))
    assert callable(arguments.run)


@pytest.mark.skipif(not SECTION, reason="a release has a README of its own")
def test_the_four_commands_and_more_were_found():
    assert [line.split()[0] for line in TYPED] == ["release", "collect", "grade", "canvas", "grade", "autograder", "regrade"]


@pytest.mark.skipif(not SECTION, reason="a release has a README of its own")
def test_the_assignment(tmp_path):
    (tmp_path / "a.toml").write_text(re.search(r"```toml\n(.*?)```", SECTION, re.S)[1], encoding="utf-8")
    assignment = read_assignment(tmp_path / "a.toml")
    assert assignment.title == "Week 3" and assignment.points["scaled-dot-product"] == 5
