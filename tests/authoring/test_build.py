"""Building: what is run, what is written, what is reported, and that doing it again changes nothing."""

import json
import re
import sys

import pytest

from course_lib.authoring import Problem, build, read_lesson
from course_lib.authoring.editions import make_edition
from course_lib.authoring.execute import Run, execute
from course_lib.authoring.report import describe

SMALL = '''\
# %% [markdown]
# # 2 · Small

# %% tags=["setup"]
import os, sys, time
from pathlib import Path
import matplotlib.pyplot as plt
from IPython.display import display
from tqdm import tqdm

# %% tags=["long"]
for _ in tqdm(range(3)):
    time.sleep(0.01)
print(Path.cwd().name, Path(os.environ["COURSE_WORK"]).exists(), os.environ["MPLBACKEND"])

# %%
figure, ax = plt.subplots(figsize=(1, 1))
display(figure, metadata={"image/png": {"alt": "two axes"}})
plt.close(figure)

# %% tags=["exercise"] exercise="one"
def one():
    # BEGIN SOLUTION
    return 1
    # END SOLUTION

try:
    print(one())
except NotImplementedError as error:
    print(error)

# %% tags=["raises-exception"]
1 / 0

# %% tags=["instructor"]
print("for the instructor")
'''
INLINE = "False module://matplotlib_inline.backend_inline"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """One lesson, built once, by an author whose environment has settings of its own."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "solutions").mkdir()
    (root / "solutions" / "02_small.py").write_text(SMALL, encoding="utf-8")
    places = {"solutions": root / "solutions", "chapters": root / "chapters"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        patch.delenv("TQDM_DISABLE", raising=False)    # the tests' own setting
        assert build(**places) == []
    return places


def notebook(folder):
    return json.loads((folder / "02_small.ipynb").read_text(encoding="utf-8"))


def printed(folder):
    cells = notebook(folder)["cells"]
    return ["".join(output.get("text", [])) for cell in cells for output in cell.get("outputs", [])
            if output["output_type"] == "stream"]


def test_both_editions_are_run_in_their_folders_with_work_of_their_own(checkout):
    assert printed(checkout["chapters"]) == [f"chapters {INLINE}\n", "exercise one\n"]
    assert printed(checkout["solutions"]) == [f"solutions {INLINE}\n", "1\n", "for the instructor\n"]


def test_nothing_of_the_machine_or_the_moment_is_stored(checkout):
    for folder in checkout.values():
        stored = notebook(folder)
        assert stored["metadata"] == {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                              "pygments_lexer": "ipython3"}}
        assert all(cell["metadata"].keys() <= {"tags", "exercise"} for cell in stored["cells"])
        assert "it/s" not in json.dumps(stored)


def test_building_again_gives_the_same_bytes(checkout):
    before = [(folder / "02_small.ipynb").read_bytes() for folder in checkout.values()]
    assert build(["2"], **checkout) == []
    assert [(folder / "02_small.ipynb").read_bytes() for folder in checkout.values()] == before
    assert sorted(path.name for path in checkout["chapters"].iterdir()) == ["02_small.ipynb"]    # no scraps


def test_a_built_lesson_passes_the_check(checkout):
    assert build(check=True, **checkout) == []


def one_cell(code):
    return f"# %% [markdown]\n# # 2 · Small\n\n# %%\n{code}\n"


@pytest.mark.parametrize(("code", "rule", "said"), [
    ("x = 1\nx / 0", "run", r"raised ZeroDivisionError: division by zero, at `x / 0`"),
    ("import os\nos._exit(1)", "run", "ended the kernel"),
    ("import warnings\nwarnings.warn('old')", "output", "runs without warnings"),
    ("import os\nprint(os.getcwd())", "output", "the machine's path"),
    ("print(object())", "output", "memory address"),
    ("import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "output", "without an alternative text"),
])
def test_a_bad_run_names_the_cell_and_leaves_the_old_notebook(lesson, code, rule, said, capsys):
    checkout = lesson(text=one_cell(code))
    places = [checkout.notebook(edition) for edition in ("learner", "solved")]
    for place in places:
        place.write_text("old", encoding="utf-8")
    problems = checkout.build()
    assert {(found.rule, found.line, found.file) for found in problems} == {(rule, 5, checkout.source)}
    assert all(re.search(said, problem.message) for problem in problems)
    assert "02_small.py:5" in capsys.readouterr().out
    assert [place.read_text(encoding="utf-8") for place in places] == ["old", "old"]


def test_a_cell_that_takes_too_long_is_stopped(lesson):
    checkout = lesson(text=one_cell("import time\ntime.sleep(60)"))
    edition = make_edition(read_lesson(checkout.source), "solved")
    run = execute(edition, checkout.root, timeout=1)
    assert run.stopped == (edition.cells[1].id, "took longer than 1 s")


def test_the_kernel_is_this_interpreter_whatever_is_installed(lesson, monkeypatch, tmp_path):
    stale = tmp_path / "jupyter" / "kernels" / "python3"
    stale.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "stale", "language": "python"}
    (stale / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    checkout = lesson(text=one_cell(f"import sys\nprint(sys.executable == {sys.executable!r})"))
    assert checkout.build() == []
    assert any("True" in str(cell) for cell in checkout.cells("solved").values())


def test_a_run_ends_at_the_first_cell_that_raises(lesson):
    checkout = lesson(text=one_cell("x = 1") + "\n# %%\n1 / 0\n\n# %%\ny = 1\n")
    edition = make_edition(read_lesson(checkout.source), "solved")
    run = execute(edition, checkout.root)
    first, second, third = (cell.id for cell in edition.cells[1:])
    assert list(run.cells) == [first, second] and run.stopped[0] == second
    assert 0 < sum(run.cells.values()) < run.seconds
    assert edition.cells[3].execution_count is None
    if sys.platform == "linux":
        assert 10 < run.peak_mib < 2000


def test_the_report_names_slow_cells_and_warns_of_what_takes_too_long(lesson):
    found = read_lesson(lesson().source)
    quick, slow, late = [cell for cell in found.cells if cell.kind == "code"][:3]
    cells = {quick.id: 0.9, slow.id: 45.0, late.id: 45.1}
    assert describe(found, "learner", Run(90.0, cells, 512)).split("\n") == [
        "02_small, learner: 90.0 s, 512 MiB at most",
        f"   45.1 s  line {late.line} ({late.id})   WARNING: over 45 s",
        f"   45.0 s  line {slow.line} ({slow.id})"]
    assert describe(found, "solved", Run(90.1)) == "02_small, solved: 90.1 s   WARNING: over 90 s"


def test_the_report_is_printed(lesson, capsys):
    assert lesson(text=one_cell("x = 1")).build() == []
    told = capsys.readouterr().out
    assert "02_small, learner: " in told and "02_small, solved: " in told


def test_a_quick_look_runs_nothing(lesson):
    checkout = lesson(text=one_cell("raise SystemExit"))
    assert checkout.build(execute=False) == []
    assert checkout.cells("learner").keys() == checkout.cells("solved").keys()
    assert {problem.rule for problem in checkout.build(check=True)} == {"output"}


def test_a_malformed_lesson_does_not_hide_the_next(lesson):
    lesson(text="# %%\n# BEGIN SOLUTION\n", name="01_broken")
    checkout = lesson(text=one_cell("x = 1"))
    assert [problem.rule for problem in checkout.build(execute=False)] == ["region"]
    assert checkout.notebook("learner").exists()


@pytest.mark.parametrize("slug", [2, "2", "02", "02_small", "solutions/02_small.py"])
def test_a_lesson_is_named_by_number_or_name(lesson, slug):
    other = lesson(text=one_cell("y = 1"), name="03_other")
    checkout = lesson(text=one_cell("x = 1"))
    assert checkout.build(slugs=[slug], execute=False) == []
    assert checkout.notebook("learner").exists() and not other.notebook("learner").exists()


def test_an_unknown_lesson_is_refused_with_those_there_are(lesson):
    with pytest.raises(ValueError, match="no lesson '07'; there are: 02_small"):
        lesson().build(slugs=["7"])


def test_a_problem_reads_as_file_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "a.py"
    assert str(Problem(place, 3, "seeds", "no seed", "c01-1")) == "a.py:3: no seed (cell c01-1) [seeds]"
    assert str(Problem(place, None, "title", "none")) == "a.py: none [title]"
