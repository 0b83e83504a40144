"""What `course test` types for you."""

import pytest

from course_lib.paths import ROOT
from course_lib.testing import command as module
from course_lib.testing.command import command, run_tests


def test_everything_in_parallel_with_notebooks_by_default():
    line = command()
    assert {"--nbval", "--nbval-current-env"} <= set(line)
    assert line[line.index("-n") + 1] == str(module._cores())
    assert line[line.index("--dist") + 1] == "loadfile"
    assert line[-3:] == [name for name in ("tests", "chapters", "solutions") if (ROOT / name).is_dir()]


@pytest.mark.parametrize("paths", [["tests/test_cli.py"], ["tests/test_cli.py::test_one"], ["-x", "tests"]])
def test_named_paths_stand_for_everything(paths):
    line = command(paths)
    assert line[-len(paths):] == paths
    assert "chapters" not in line


@pytest.mark.parametrize("options", [["--pdb"], ["-s"], ["-n0"], ["-n", "7"], ["--collect-only"]])
def test_who_wants_the_terminal_or_names_workers_gets_no_others(options):
    assert "-n" not in command(options)[:-len(options)]


def test_a_missing_extra_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "nbval" else name)
    assert run_tests([]) == 1
    assert "need nbval: `python start.py test`" in capsys.readouterr().err


def test_a_worker_has_one_thread(monkeypatch):
    seen = {}
    monkeypatch.setattr(module, "become", lambda line, environment: seen.update(environment) or 5)
    monkeypatch.chdir(ROOT)
    assert run_tests([]) == 5
    assert seen["OMP_NUM_THREADS"] == seen["MKL_NUM_THREADS"] == "1"
