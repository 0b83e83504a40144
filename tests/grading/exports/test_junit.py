"""JUnit's XML, against the rules of Jenkins' junit-10.xsd."""

import re
from xml.etree import ElementTree

import pytest

from course_lib.grading.exports.junit import write_junit
from course_lib.grading.records import STATUSES

# element -> (required attributes, other attributes, elements in it)
RULES = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"time", "skipped", "timestamp", "id"},
                  {"testcase", "system-out", "system-err", "properties"}),
    "testcase": ({"name"}, {"time", "classname"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}


@pytest.fixture
def written(tmp_path):
    def write(*records):
        write_junit(records, tmp_path / "j.xml")
        root = ElementTree.parse(tmp_path / "j.xml").getroot()
        for element in root.iter():
            required, allowed, inside = RULES[element.tag]
            assert required <= set(element.attrib) <= required | allowed
            assert {child.tag for child in element} <= inside
            assert re.fullmatch(r"\d*\.\d{3}", element.get("time", "0.000"))
        return root
    return write


def test_each_outcome_is_counted_where_it_belongs(record, result, written):
    root = written(record("Ada", *(result(status) for status in STATUSES), problems=("unreadable",)), record("Bob"))
    ada, bob = root
    assert {k: ada.get(k) for k in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "Ada", "tests": "6", "failures": "1", "errors": "2", "skipped": "2", "time": "1.500"}
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "1", "2")
    assert [child.tag for case in ada.findall("testcase") for child in case] == [
        "failure", "skipped", "skipped", "error", "error"]
    failure = ada.find(".//failure")
    assert failure.get("type") == "no shift" and "Subtract" in failure.text
    assert ada.find("system-err").text == "unreadable" and bob.find("testcase").get("time") == "0.250"


def test_any_name_and_any_output_make_xml(record, result, written, name):
    root = written(record(name, result("failed", printed=f"{name}\x00\x1b[31m\ud800\ufffe]]>", title=name or "x")))
    assert "\x1b" not in root.find(".//system-out").text and "]]>" in root.find(".//system-out").text


def test_of_a_hidden_stage_nothing_is_told(record, secret, written):
    assert "SECRET" not in ElementTree.tostring(written(record("Ada", secret)), encoding="unicode")


def test_nobody(written):
    assert len(written()) == 0
