"""The cover is the picture of the tagged cell, and a check notices when it is not."""

import base64

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib.authoring.cover import check_cover, cover_of, cover_path, write_cover

PNG = b"\x89PNG of a cat"


def _notebook(tags, *pictures):
    outputs = [new_output("display_data", {"image/png": base64.b64encode(png).decode()}) for png in pictures]
    return new_notebook(cells=[new_code_cell("1"), new_code_cell("2", metadata={"tags": tags}, outputs=outputs)])


def test_the_first_picture_of_the_tagged_cell_is_written(tmp_path):
    path = tmp_path / "01_name.ipynb"
    write_cover(_notebook(["cover"], PNG, b"another"), path)
    assert cover_path(path) == tmp_path / "covers" / "01_name.png"
    assert cover_path(path).read_bytes() == PNG
    assert not list(check_cover(_notebook(["cover"], PNG), path))


def test_nothing_is_written_without_a_cover(tmp_path):
    write_cover(_notebook([], PNG), tmp_path / "01_name.ipynb")
    assert not list(tmp_path.iterdir()) and cover_of(_notebook([], PNG)) is None


@pytest.mark.parametrize("stored", [None, b"an older picture"])
def test_a_missing_or_old_cover_is_a_problem(tmp_path, stored):
    path = tmp_path / "01_name.ipynb"
    if stored:
        write_cover(_notebook(["cover"], stored), path)
    assert [problem.rule for problem in check_cover(_notebook(["cover"], PNG), path)] == ["check"]
