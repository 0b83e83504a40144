"""The `course` command: what is typed reaches the right function, what is mistyped gets the nearest."""

import json
import subprocess
import sys

import pytest

import course_lib.authoring
import course_lib.data
import course_lib.doctor
import course_lib.experiments
import course_lib.lab
import course_lib.testing.command
from course_lib import cli, workspace
from course_lib.doctor import Finding


@pytest.fixture
def calls(monkeypatch):
    """Replaces a function by one that notes its arguments and returns `result`."""
    noted = []

    def replace(module, name, result=0):
        def stand_in(*positional, **named):
            noted.append((positional, named))
            return result
        monkeypatch.setattr(module, name, stand_in)
        return noted
    return replace


@pytest.fixture
def one_chapter(monkeypatch, tmp_path):
    (tmp_path / "01_first.ipynb").write_text("{}")
    monkeypatch.setattr(workspace, "CHAPTERS", tmp_path)


def test_help_imports_nothing_heavy():
    code = "import sys; from course_lib import cli; cli.main([]); print({'torch', 'numpy'} & {*sys.modules})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "set()"
    assert "course lab 1" in answer.stdout


def test_an_unknown_verb_gets_the_nearest(capsys):
    assert cli.main(["docter"]) == 2
    assert "doctor" in capsys.readouterr().err


def test_an_unknown_option_is_not_swallowed(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["reset", "1", "--force"])
    assert stopped.value.code == 2
    assert "--force" in capsys.readouterr().err


def test_lab_passes_options_on(calls, one_chapter):
    noted = calls(course_lib.lab, "open_lab")
    cli.main(["lab", "1", "--port", "9000"])
    assert noted == [(("01_first.ipynb", ["--port", "9000"]), {})]


def test_lab_opens_the_first_chapter_there_is(calls, one_chapter):
    """An instructor may give out chapters from any on."""
    noted = calls(course_lib.lab, "open_lab")
    cli.main(["lab"])
    assert noted == [(("01_first.ipynb", []), {})]


@pytest.mark.parametrize("verb", ["lab", "reset"])
def test_an_unknown_chapter_names_those_there_are(verb, one_chapter, capsys):
    assert cli.main([verb, "7"]) == 2
    assert "01_first" in capsys.readouterr().err


def test_test_passes_everything_on_in_order(calls):
    noted = calls(course_lib.testing.command, "run_tests")
    cli.main(["test", "-k", "mask", "tests/attention", "--durations=3", "-x"])
    assert noted == [((["-k", "mask", "tests/attention", "--durations=3", "-x"],), {})]


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("note", 0), ("fail", 1)])
def test_doctor_fails_on_failures_only(calls, status, code, capsys):
    calls(course_lib.doctor, "examine", [Finding("disk", status, "0.1 GB free", fix="make room")])
    assert cli.main(["doctor", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["healthy"] is (code == 0)


@pytest.mark.parametrize(("typed", "asked"), [
    (["build"], ((None,), {"check": False})),
    (["build", "0", "1", "--check"], ((["0", "1"],), {"check": True})),
])
def test_build(calls, typed, asked):
    noted = calls(course_lib.authoring, "build", [])
    assert cli.main(typed) == 0
    assert noted == [asked]


def test_build_with_problems_fails(calls):
    calls(course_lib.authoring, "build", ["a problem"])
    assert cli.main(["build", "--check"]) == 1


def test_build_of_an_unknown_lesson(capsys):
    assert cli.main(["build", "--check", "99"]) == 2
    assert "99" in capsys.readouterr().err


def test_progress_prints_the_table(capsys):
    assert cli.main(["progress"]) == 0
    assert "A stable softmax" in capsys.readouterr().out


class TestData:
    @pytest.fixture(autouse=True)
    def nothing_fetched_yet(self, monkeypatch, tmp_path):
        monkeypatch.setenv("COURSE_DATA", str(tmp_path))

    def test_the_list_says_the_sizes(self, capsys):
        assert cli.main(["data"]) == 0
        assert "171 MB" in capsys.readouterr().out

    def test_without_a_yes_nothing_is_fetched(self, calls, capsys):
        noted = calls(course_lib.data, "download")
        assert cli.main(["data", "cifar10"]) == 2       # no terminal to ask at
        assert noted == []
        assert "171 MB" in capsys.readouterr().err

    @pytest.mark.parametrize(("typed", "fetched"), [("y", 1), ("", 0), ("no", 0)])
    def test_at_a_terminal_it_asks(self, calls, monkeypatch, typed, fetched):
        noted = calls(course_lib.data, "download")
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("builtins.input", lambda question: typed)
        assert cli.main(["data", "cifar10"]) == 0
        assert len(noted) == fetched

    def test_yes(self, calls):
        noted = calls(course_lib.data, "download")
        assert cli.main(["data", "cifar10", "--yes"]) == 0
        assert noted == [(("cifar10",), {})]

    def test_no_network_is_a_sentence(self, monkeypatch, capsys):
        def fail(name):
            raise ConnectionError("CIFAR-10 could not be fetched")

        monkeypatch.setattr(course_lib.data, "download", fail)
        assert cli.main(["data", "cifar10", "--yes"]) == 1
        assert "CIFAR-10 could not be fetched" in capsys.readouterr().err

    def test_an_unknown_name_gets_the_nearest(self, capsys):
        assert cli.main(["data", "cifar"]) == 2
        assert "cifar10" in capsys.readouterr().err


class TestExperiment:
    def test_the_list(self, capsys):
        assert cli.main(["experiment"]) == 0
        assert "two_neighbours" in capsys.readouterr().out

    def test_an_unknown_name_gets_the_nearest(self, capsys):
        assert cli.main(["experiment", "two_neighbors"]) == 2
        assert "two_neighbours" in capsys.readouterr().err

    def test_small_records_nothing(self, calls, monkeypatch):
        ran = calls(course_lib.experiments, "run", {})
        monkeypatch.setattr(course_lib.experiments, "summary", lambda result: "a table")
        monkeypatch.setattr(course_lib.experiments, "record", None)
        assert cli.main(["experiment", "two_neighbours", "--size", "small"]) == 0
        assert ran == [(("two_neighbours", "small"), {})]

    def test_full_is_recorded(self, calls, monkeypatch, capsys):
        recorded = calls(course_lib.experiments, "record", "the file")
        for name in ("load_record", "summary", "provenance"):
            monkeypatch.setattr(course_lib.experiments, name, lambda given, name=name: name)
        assert cli.main(["experiment", "two_neighbours"]) == 0
        assert recorded == [(("two_neighbours",), {})]
        assert "provenance" in capsys.readouterr().out
