"""Notebooks of every age and state."""

import json
import random

import nbformat
import pytest

from course_lib.grading.reading.sheets import read_sheet


def notebook(*cells, **more):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def code(source, id="a", **metadata):
    return {"cell_type": "code", "id": id, "metadata": metadata, "source": source, "outputs": [],
            "execution_count": None}


def read(content, encoding="utf-8"):
    return read_sheet("ada.ipynb", json.dumps(content, ensure_ascii=False).encode(encoding))


def test_code_cells_with_their_ids_and_labels():
    sheet = read(notebook({"cell_type": "markdown", "source": "x"}, code(["a = 1\n", "b = 2"], "c1"),
                          code("def f(): ...", "ex-f", exercise="f", tags=["exercise"])))
    assert [(c.id, c.exercise, c.source, c.position) for c in sheet.cells] == [
        ("c1", "", "a = 1\nb = 2", 2), ("ex-f", "f", "def f(): ...", 3)]
    assert sheet.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding):
    sheet = read(notebook(code("s = '李 ü'")), encoding)
    assert sheet.cells[0].source == "s = '李 ü'" and sheet.problems == ()


def test_a_file_in_windows_letters_is_read_and_it_is_said():
    sheet = read(notebook(code("s = 'ü'")), "cp1252")
    assert sheet.cells[0].source == "s = 'ü'" and "not written in UTF-8" in sheet.problems[0]


def test_notebooks_of_version_3_and_2():
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "input": ["x = 1\n", "y = 2"], "outputs": [], "language": "python", "metadata": {}}]}]}
    assert [c.source for c in read(old).cells] == ["x = 1\ny = 2"]
    older = json.loads(json.dumps(old)) | {"nbformat": 2}
    assert [c.source for c in read(older).cells] == ["x = 1\ny = 2"]


@pytest.mark.parametrize("data, words", [
    (b"", "not a whole notebook file"), (b'{"cells": [', "not a whole notebook file"), (b"\x00\xff\xfe", "not a whole"),
    (b"[1, 2]", "not a notebook"), (b'"text"', "not a notebook"), (b'{"a": 1}', "not a notebook"),
    (b'{"cells": 3}', "not a notebook"), (b'{"worksheets": 5, "nbformat": 3}', "not a notebook"),
    (b"[" * 100_000, "not a whole notebook file"), (b"\xef\xbb\xbf", "not a whole")])
def test_what_is_no_notebook_is_told(data, words):
    sheet = read_sheet("ada.ipynb", data)
    assert sheet.cells == () and words in sheet.problems[-1] and "ada.ipynb" in sheet.problems[-1]


def test_cells_of_every_shape_cost_only_themselves():
    strange = [None, 3, {}, {"cell_type": "code"}, {"cell_type": "code", "source": 3},
               {"cell_type": "code", "source": ["a", 1]}, {"cell_type": "code", "source": "ok = 1", "metadata": 7},
               {"cell_type": "code", "source": "x" * 300_000}, {"cell_type": ["code"], "source": ""},
               {"cell_type": "code", "source": "fine = 1", "id": 4, "metadata": {"exercise": ["f"]}}]
    sheet = read(notebook(*strange))
    assert [c.source for c in sheet.cells] == ["ok = 1", "fine = 1"]
    assert all((c.id, c.exercise) == ("", "") for c in sheet.cells)
    assert sheet.problems == (
        "ada.ipynb: cell 4, 5, 6 and 1 more holds no code that a person could have written, and was not read.",)


@pytest.mark.parametrize("piece", ["[],", "{},", "1,"])
def test_data_that_would_fill_the_memory_is_not_even_parsed(piece, monkeypatch):
    data = b'{"cells": [], "outputs": [' + piece.encode() * 4_000_000 + b"0]}"
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("it was parsed"))
    assert "pieces of data. Clear its outputs" in read_sheet("ada.ipynb", data).problems[0]


def test_an_old_notebook_of_a_size_that_none_has_is_not_taken_apart(monkeypatch):
    import nbformat

    monkeypatch.setattr(nbformat, "convert", lambda *_: pytest.fail("it was converted"))
    cell = b'{"cell_type":"code","input":"","outputs":[]},'
    data = b'{"nbformat":3,"metadata":{},"worksheets":[{"cells":[' + cell * 60_000 + b"{}]}]}"
    assert "not a notebook" in read_sheet("ada.ipynb", data).problems[0]


def test_a_notebook_of_fifty_megabytes_with_pictures_is_read():
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR" * 10_000_000}, "metadata": {}}
    sheet = read(notebook({**code("x = 1"), "outputs": [picture]}))
    assert [cell.source for cell in sheet.cells] == ["x = 1"] and not sheet.problems


def test_more_cells_than_anybody_writes():
    sheet = read(notebook(*(code("pass") for _ in range(2_001))))
    assert len(sheet.cells) == 2_000 and "more than 2,000" in sheet.problems[0]
    sheet = read(notebook(*(code("x" * 49_000) for _ in range(10))))
    assert len(sheet.cells) == 6 and "250,000 characters of code" in sheet.problems[0]


def test_outputs_are_not_looked_at():
    cell = code("x = 1")
    cell["outputs"] = [{"output_type": "stream", "text": "a" * 10**6}] * 3
    assert len(read(notebook(cell)).cells) == 1


def test_any_damage_raises_nothing():
    generator = random.Random(0)
    good = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])).encode()
    for _ in range(300):
        broken = bytearray(good)
        for _ in range(generator.randint(1, 5)):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        read_sheet("ada.ipynb", bytes(broken))
