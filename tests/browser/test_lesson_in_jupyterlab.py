"""A learner's hour, in a real browser: run the chapter, answer wrongly, answer rightly, read what is said."""

import os
import re
from pathlib import Path

import nbformat
import pytest

from course_lib.exercises.bank import all_exercises
from course_lib.paths import CHAPTERS
from course_lib.workspace import chapters

CHAPTER, EXERCISE = "01_dot_product_attention", "scaled-dot-product"
MINUTES = 60_000        # of playwright's milliseconds

ANSWER = """\
def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax({axis}).nan_to_num(0.0) @ v

check("scaled-dot-product", attention)
"""


@pytest.fixture
def lesson(browser, lab, without_outputs, tmp_path):
    """The chapter, open in JupyterLab and never run: the page, and the notebook's file."""
    if CHAPTER not in chapters():
        pytest.skip(f"{CHAPTER} is not built yet")
    file = tmp_path / "work" / f"{CHAPTER}.ipynb"
    without_outputs(CHAPTERS / file.name, file)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(lab(CHAPTER, file.parent))
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=MINUTES)   # before, "Run" asks for one
    yield page, file
    page.close()


def test_run_all_then_a_wrong_and_a_right_answer(lesson):
    page, file = lesson
    run_all(page)
    picture(page, "light", file)
    assert page.locator(".jp-Dialog").count() == 0
    assert errors_in(save(page, file)) == []

    cell = exercise_cell(page, file)
    mistakes = {mistake.name: mistake for mistake in all_exercises()[EXERCISE].mistakes}
    mistake = mistakes["softmax over the queries"]
    wrong = answer(page, cell, ANSWER.format(axis=-2))
    assert "not yet" in wrong
    assert words(mistake.shows) in words(wrong)
    assert words(mistake.try_next) in words(wrong)
    picture(page, "wrong-light", file)

    right = answer(page, cell, ANSWER.format(axis=-1))
    assert "right" in right
    assert words(mistake.shows) not in words(right)
    in_the_dark(page)
    picture(page, "right-dark", file)
    answer(page, cell, ANSWER.format(axis=-2))
    picture(page, "wrong-dark", file)
    assert errors_in(save(page, file)) == []


def run_all(page) -> None:
    """Run > Run All Cells, and wait until every cell has a number."""
    menu(page, "Run", "Run All Cells")
    page.wait_for_function(
        """() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")].every(
               cell => /^\\[\\d+\\]:$/.test(cell.querySelector(".jp-InputPrompt").textContent))""",
        timeout=5 * MINUTES)


def menu(page, *labels: str) -> None:
    bar, *items = labels
    page.locator(".lm-MenuBar-item").get_by_text(bar, exact=True).click()
    for item in items:
        page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


def exercise_cell(page, file: Path):
    """The cell whose metadata names the exercise."""
    code = [cell for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
    index = next(i for i, cell in enumerate(code) if cell.metadata.get("exercise") == EXERCISE)
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index)


def answer(page, cell, code: str) -> str:
    """Type `code` over a cell's source, run it, and return what stands under it."""
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        """([prompt, before]) => prompt.textContent !== before && /\\d/.test(prompt.textContent)""",
        arg=[cell.locator(".jp-InputPrompt").element_handle(), before], timeout=MINUTES)
    cell.scroll_into_view_if_needed()
    return cell.locator(".jp-OutputArea").inner_text()


def in_the_dark(page) -> None:
    page.locator(".lm-MenuBar-item").get_by_text("Settings", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).hover()
    page.locator(".lm-Menu-itemLabel").get_by_text("JupyterLab Dark", exact=True).click()
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'", timeout=MINUTES)


def save(page, file: Path) -> nbformat.NotebookNode:
    """Save in JupyterLab, and read the notebook as it then is."""
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+S")
    for _ in range(100):
        page.wait_for_timeout(100)
        try:
            if file.stat().st_mtime_ns != before:
                return nbformat.read(file, as_version=4)
        except nbformat.reader.NotJSONError:        # half written
            continue
    pytest.fail("JupyterLab did not save the notebook")


def errors_in(notebook: nbformat.NotebookNode) -> list[str]:
    """What cells raised that are not meant to."""
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in notebook.cells if "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []) if output.output_type == "error"
    ]


def words(text: str) -> str:
    """Letters and figures only: in HTML, backquotes and line breaks have become something else."""
    return " ".join(re.findall(r"\w+", text))


def picture(page, name: str, file: Path) -> None:
    """Keep a screenshot, for a person to look at, in the folder that COURSE_SCREENSHOTS names."""
    folder = os.environ.get("COURSE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{file.stem}-{name}.png")
