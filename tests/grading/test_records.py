"""Records: written whole, read back as they were, refused where they are not."""

import json
import os
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.grading.records import (
    FORMAT,
    STATUSES,
    ExerciseResult,
    Record,
    RecordError,
    file_names,
    read_record,
    read_records,
    same_but_for_time,
    write_record,
)


def test_a_record_comes_back_as_it_was(record, result, tmp_path, name):
    original = record(name, result(), result("failed", number="1.2", id="b", printed="half \ud800 a letter\x00"),
                      late=True, lms_id="7", due="2026-12-01", problems=(name,))
    write_record(original, tmp_path / "r.json")
    assert read_record(tmp_path / "r.json") == original


@given(st.text(), st.text(), st.lists(st.text()))
def test_any_text_comes_back(tmp_path_factory, student, printed, messages):
    path = tmp_path_factory.mktemp("records") / "r.json"
    result = ExerciseResult("a", "1.1", 1, "A", 0.1, 0.3, "failed", messages=tuple(messages), printed=printed)
    original = Record(student, "", (), "", (result, result, result), {})
    write_record(original, path)
    assert read_record(path) == original


def test_a_record_is_the_same_to_the_byte_but_for_its_times(record, tmp_path):
    for path, stamp, seconds in (("a", {"z": 1, "a": 2}, 1.0), ("b", {"a": 2, "z": 1}, 1.0), ("c", {"a": 2, "z": 1}, 2.0)):
        write_record(record(stamp=stamp, seconds={"total": seconds}), tmp_path / path)
    a, b, c = ((tmp_path / path).read_bytes() for path in "abc")
    assert a == b != c
    assert json.loads(a) | {"seconds": 0} == json.loads(c) | {"seconds": 0}
    assert b"\r" not in a and a.endswith(b"}\n")


def test_names_are_readable_in_the_file(record, tmp_path):
    write_record(record("王小明"), tmp_path / "r.json")
    assert "王小明" in (tmp_path / "r.json").read_text(encoding="utf-8")


def test_what_cannot_be_written_leaves_the_old_record(record, result, tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    write_record(record(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError):
        write_record(record("Ada", result(points=float("nan"))), path)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        write_record(record("Bob"), path)
    assert path.read_bytes() == before
    assert [r.student for r in read_records(tmp_path)] == ["Ada Lovelace"]  # what was left half is not read


@pytest.mark.parametrize("change, said", [
    (lambda c: c | {"format": FORMAT + 1}, "format 2"),
    (lambda c: c | {"points": 99}, "edited by hand"),
    (lambda c: c | {"student": 7}, "student is 7"),
    (lambda c: c | {"files": ["a", 1]}, "files"),
    (lambda c: c | {"files": "ab"}, "files"),
    (lambda c: c | {"late": "yes"}, "late"),
    (lambda c: c | {"stamp": []}, "stamp"),
    (lambda c: {k: v for k, v in c.items() if k != "digest"}, "digest is missing"),
    (lambda c: {k: v for k, v in c.items() if k != "points"}, "None of"),
    (lambda c: c | {"exercises": {}}, "edited by hand"),
    (lambda c: c | {"exercises": 3}, "not a whole record"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"status": "great"}]}, "status 'great'"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"points": "2"}]}, "points is '2'"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"points": True}]}, "points is True"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"points": float("nan")}]}, "points is nan"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"finding": {"name": "x"}}]}, "shows is missing"),
    (lambda c: c | {"exercises": [c["exercises"][0] | {"finding": "x"}]}, "not a whole record"),
    (lambda c: [c], "not a whole record"),
    (lambda c: None, "not a whole record"),
])
def test_what_is_no_record_is_refused_with_its_name(record, tmp_path, change, said):
    path = tmp_path / "r.json"
    write_record(record(), path)
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(RecordError, match="r.json") as caught:
        read_record(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"format": 1', b"[" * 100_000])
def test_a_damaged_file_is_refused(tmp_path, data):
    (tmp_path / "r.json").write_bytes(data)
    with pytest.raises(RecordError, match="grade again"):
        read_record(tmp_path / "r.json")


def test_no_record_at_all(tmp_path):
    with pytest.raises(RecordError, match="no record in"):
        read_records(tmp_path)
    with pytest.raises(RecordError, match="not a whole record"):
        read_record(tmp_path / "none.json")


def test_points_add_up_exactly(record, result):
    one = record("Ada", *(result(points=0.1, of=0.1) for _ in range(10)))
    assert one.points == one.of == 1.0


def test_the_same_but_for_time(record):
    one = record()
    assert same_but_for_time(one, replace(one, seconds={}))
    assert not same_but_for_time(one, replace(one, digest="1" * 64))


def test_file_names_are_safe_and_unique(names, tmp_path):
    students = [*names, "a b", "a_b", "A_b", "é", unicodedata.normalize("NFD", "é"), "x" * 300, "𝐀" * 90, "CON"]
    files = file_names(students)
    assert len({name.casefold() for name in files.values()}) == len(set(students))
    for student, name in files.items():
        assert not set(name) & set('/\\:*?"<>|. \0\n') and not name.startswith("-")
        assert len(f".{name}.json.partial".encode()) <= 255
        (tmp_path / name).write_text(student.encode("utf-8", "replace").decode(), encoding="utf-8")
    assert files["Ada Lovelace"].startswith("Ada_Lovelace-") and files["王小明"].startswith("王小明-")
    assert file_names(["नेहा"])["नेहा"].startswith("नेहा-")
    assert file_names(["Ada Lovelace"])["Ada Lovelace"] == files["Ada Lovelace"]  # whoever else is in the class


def test_every_status_can_be_read(record, result, tmp_path):
    write_record(record("Ada", *(result(status) for status in STATUSES)), tmp_path / "r.json")
    assert [each.status for each in read_record(tmp_path / "r.json").exercises] == list(STATUSES)
