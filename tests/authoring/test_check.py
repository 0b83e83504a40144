"""`course build --check` sees whatever is done to a source or a notebook after the build."""

import json

import pytest

from course_lib.authoring import read_lesson
from course_lib.authoring.check import check_pair

TEXT = '''\
# %% [markdown]
# # 2 · Small

# %% tags=["setup"]
x = 1

# %% tags=["poke"]
print(x)

# %% tags=["exercise"] exercise="one"
def one():
    # BEGIN SOLUTION
    return 1
    # END SOLUTION

print(2)

# %% tags=["instructor"]
secret = 2
'''


@pytest.fixture
def built(lesson):
    """A built lesson, its outputs as a run would leave them, made without a kernel."""
    checkout = lesson(text=TEXT)
    assert checkout.build(execute=False) == []
    for edition in ("learner", "solved"):
        edit(checkout, edition, _number_the_cells)
    assert checkout.build(check=True) == []
    return checkout


def edit(checkout, edition, change):
    path = checkout.notebook(edition)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _number_the_cells(notebook):
    for count, cell in enumerate((cell for cell in notebook["cells"] if cell["cell_type"] == "code"), 1):
        cell["execution_count"] = count


def exercise(notebook):
    return next(cell for cell in notebook["cells"] if cell["id"] == "ex-one")


def poked(notebook):
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("tags") == ["poke"])


def extra(notebook):
    notebook["cells"].append({**poked(notebook), "id": "mine"})


TAMPERING = {
    "an edited cell": (lambda nb: poked(nb).update(source=["print(3)"]), "source is not the one of"),
    "an edited title": (lambda nb: nb["cells"][0].update(source=["# 2 · Big"]), "source is not the one of"),
    "an edited given line": (lambda nb: exercise(nb).update(
        source="".join(exercise(nb)["source"]).replace("print(2)", "print(3)")), "source is not the one of"),
    "another answer": (lambda nb: exercise(nb).update(source=["def one(): return 1"]), "source is not"),
    "another id": (lambda nb: poked(nb).update(id="other"), "is not in"),
    "a dropped cell": (lambda nb: nb["cells"].remove(poked(nb)), "is not in"),
    "a further cell": (extra, "is not in 02_small.py"),
    "the same cell twice": (lambda nb: nb["cells"].append(poked(nb)), "once each"),
    "another order": (lambda nb: nb["cells"].insert(0, nb["cells"].pop(1)), "not in the source's order"),
    "another tag": (lambda nb: poked(nb)["metadata"].update(tags=["quiz"]), "metadata is not the one of"),
    "a collapsed cell": (lambda nb: poked(nb)["metadata"].update(collapsed=True), "metadata is not"),
    "another kind of cell": (lambda nb: nb["cells"][0].update(cell_type="raw"), "cell_type is not"),
    "an older format": (lambda nb: nb.update(nbformat_minor=4, cells=[
        {key: cell[key] for key in cell if key != "id"} for cell in nb["cells"]]), "not a 4.5 notebook"),
    "another kernel": (lambda nb: nb["metadata"]["kernelspec"].update(name="mine"), "metadata are not"),
    "a stored version": (lambda nb: nb["metadata"]["language_info"].update(version="3"), "metadata are not"),
    "cleared outputs": (lambda nb: poked(nb).update(execution_count=None), "never run"),
    "a cell run again": (lambda nb: poked(nb).update(execution_count=9), "was run as number 9, not 2"),
    "an error": (lambda nb: poked(nb).update(outputs=[
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]), "raised E"),
    "a warning": (lambda nb: poked(nb).update(outputs=[
        {"output_type": "stream", "name": "stderr", "text": "old"}]), "wrote to stderr"),
}


@pytest.mark.parametrize("edition", ["learner", "solved"])
@pytest.mark.parametrize("what", TAMPERING)
def test_a_changed_notebook_is_found(built, edition, what):
    change, said = TAMPERING[what]
    edit(built, edition, change)
    messages = [problem.message for problem in built.build(check=True)]
    assert any(said in message for message in messages), messages


def test_a_changed_source_is_found(built):
    built.source.write_text(TEXT.replace("x = 1", "x = 2"), encoding="utf-8")
    assert len({problem.cell for problem in built.build(check=True)}) == 2    # one cell gone, one come


def test_a_changed_solution_is_found_in_the_solved_edition_only(built):
    built.source.write_text(TEXT.replace("return 1", "return 2 - 1"), encoding="utf-8")
    found = built.build(check=True)
    assert [problem.file for problem in found] == [built.notebook("solved")] and found[0].cell == "ex-one"


def test_editions_that_differ_outside_a_region_are_found_without_the_source(built):
    lesson, places = read_lesson(built.source), (built.notebook("learner"), built.notebook("solved"))
    assert list(check_pair(lesson, *places)) == []
    before = places[0].read_text(encoding="utf-8")
    for what in ("an edited cell", "an edited given line", "a dropped cell", "another tag"):
        edit(built, "learner", TAMPERING[what][0])
        assert [problem.rule for problem in check_pair(lesson, *places)] == ["editions"]
        places[0].write_text(before, encoding="utf-8")


@pytest.mark.parametrize("edition", ["learner", "solved"])
def test_a_missing_or_broken_notebook_is_found(built, edition):
    built.notebook(edition).write_text("{", encoding="utf-8")
    assert ["not even JSON" in problem.message for problem in built.build(check=True)] == [True]
    built.notebook(edition).unlink()
    assert ["is missing" in problem.message for problem in built.build(check=True)] == [True]


def test_a_notebook_without_a_source_is_found(built):
    (built.root / "chapters" / "03_old.ipynb").write_text("{}", encoding="utf-8")
    assert ["no 03_old.py makes it" in problem.message for problem in built.build(check=True)] == [True]
    assert built.build(slugs=["2"], check=True) == []    # one lesson was asked for
