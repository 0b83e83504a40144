"""`python start.py` from end to end, with a real environment; only pip and `course` are stand-ins."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib.setup import pip, start

def said(run) -> str:
    """The failure's sentence: the only thing on standard error, never a traceback."""
    assert run.returncode == 1
    assert "Traceback" not in run.stderr + run.stdout
    assert len(run.stderr.strip().splitlines()) == 1
    return run.stderr


def test_the_first_start_installs_examines_and_opens_the_second_only_opens(bare):
    first = bare.start()
    assert first.returncode == 0, first.stderr
    [install] = bare.called("pip")
    assert install[install.index("-e") + 1] == str(bare.root)
    assert install[install.index("-c") + 1] == str(bare.root / "constraints.txt")
    assert bare.called("course") == [["doctor"], ["lab"]]
    assert {note["python"] for note in bare.notes("course")} == {str(bare.venv)}
    assert "fetching torch 2.15.0 (539.1 MB)" in first.stdout

    second = bare.start()
    assert second.returncode == 0
    assert bare.called("pip") == []
    assert bare.called("course") == [["lab"]]


def test_downloads_go_to_the_disk_that_was_checked(bare):
    bare.start("progress")
    [note] = bare.notes("pip")
    assert Path(note["tmp"]).is_relative_to(bare.venv)
    assert not Path(note["tmp"]).exists()       # cleared away


def test_other_arguments_go_to_the_course_command(installed):
    installed.start("reset", "1")
    assert installed.called("course") == [["reset", "1"]]


def test_the_exit_status_is_the_commands(installed):
    assert installed.start("doctor", DOCTOR="1").returncode == 1


def test_tests_install_their_extra_once(bare):
    bare.start("progress")
    bare.start("test", "-k", "mask")
    [install] = bare.called("pip")
    assert f"{bare.root}[test]" in install
    assert bare.called("course") == [["test", "-k", "mask"]]
    bare.start("test")
    assert bare.called("pip") == []
    bare.start("progress")
    assert bare.called("pip") == []


def test_changed_requirements_install_again(installed):
    constraints = installed.root / "constraints.txt"
    before = constraints.read_bytes()
    constraints.write_bytes(before + b"# another\n")
    installed.start("progress")
    assert len(installed.called("pip")) == 1
    constraints.write_bytes(before)
    installed.start("progress")
    installed.start("progress")
    assert installed.called("pip") == []


def test_a_doctor_who_finds_something_locks_nobody_out_and_comes_again(bare):
    assert bare.start(DOCTOR="1").returncode == 0
    assert bare.called("course") == [["doctor"], ["lab"]]
    bare.start(DOCTOR="0")
    assert bare.called("course") == [["doctor"], ["lab"]]
    bare.start()
    assert bare.called("course") == [["lab"]]


def test_no_network_is_one_sentence_and_the_next_start_goes_on(bare):
    failed = bare.start(PIP_PRINTS="NewConnectionError: Temporary failure in name resolution")
    assert "network does not answer" in said(failed)
    assert bare.called("course") == []
    assert "NewConnectionError" in (bare.venv / "install.log").read_text()
    assert bare.start().returncode == 0
    assert len(bare.called("pip")) == 1


def test_a_python_without_venv_is_one_sentence_and_then_made_whole(bare):
    failed = bare.start(VENV_PRINTS="The virtual environment was not created successfully because ...")
    assert "sudo apt install python3-venv" in said(failed)
    assert bare.start("progress").returncode == 0


def test_another_build_of_torch_comes_first_and_alone_and_is_remembered(bare):
    bare.start("--torch-from", "https://example.invalid/cpu", "progress")
    build, course = bare.called("pip")
    assert {"--no-deps", "--index-url", "https://example.invalid/cpu", "torch", "torchvision"} <= set(build)
    assert "--index-url" not in course
    assert bare.called("course") == [["progress"]]
    bare.start("test")
    build, course = bare.called("pip")
    assert "https://example.invalid/cpu" in build


def test_torch_from_without_an_address(bare):
    assert "--torch-from needs an address" in said(bare.start("--torch-from"))
    assert not bare.venv.exists()


def test_help_installs_nothing(bare):
    helped = bare.start("--help")
    assert helped.returncode == 0 and "--torch-from" in helped.stdout
    assert not bare.venv.exists()


def test_an_environment_without_its_python_is_made_again(bare):
    bare.venv.mkdir()
    (bare.venv / "pyvenv.cfg").write_text("home = /nowhere\n")
    (bare.venv / "leftover").touch()
    assert bare.start("progress").returncode == 0
    assert not (bare.venv / "leftover").exists()


def test_an_interrupted_environment_is_made_again(bare):
    bare.venv.mkdir()
    (bare.venv / "attention-course.json").write_text("{}")
    assert bare.start("progress").returncode == 0


def test_a_moved_checkout_makes_its_environment_again(bare, tmp_path):
    bare.start("progress")
    moved = type(bare)(bare.root.rename(tmp_path / "moved"))
    again = moved.start("progress")
    assert "made in another place" in again.stdout
    assert [note["python"] for note in moved.notes("pip")] == [str(moved.venv)]


@pytest.mark.parametrize("kind", ["a folder of somebody else's", "a file", "a link"])
def test_what_is_no_environment_is_never_deleted(bare, tmp_path, kind):
    if kind == "a file":
        bare.venv.write_text("precious")
    else:
        folder = tmp_path / "elsewhere" if kind == "a link" else bare.venv
        folder.mkdir()
        (folder / "precious").write_text("precious")
        if kind == "a link":
            (folder / "pyvenv.cfg").touch()
            bare.venv.symlink_to(folder, target_is_directory=True)
    assert "move it elsewhere" in said(bare.start())
    kept = bare.venv if kind == "a file" else bare.venv / "precious"
    assert kept.read_text() == "precious"


def test_a_full_disk_is_told_before_anything_is_fetched(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**9))
    with pytest.raises(start.SetupError, match="needs about 10 GB of disk, and 1.0 are free"):
        pip.check_space(tmp_path, 10)


def test_what_an_unfinished_installation_holds_counts(monkeypatch, tmp_path):
    (tmp_path / "half.whl").write_bytes(b"x" * 2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=999_000_000))
    pip.check_space(tmp_path, 1)


def test_control_c_is_a_sentence(monkeypatch, capsys):
    def interrupted(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "_start", interrupted)
    assert start.main([]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_sentence(monkeypatch, capsys):
    def denied(argv):
        raise PermissionError(13, "Permission denied", "/opt/course/.venv")

    monkeypatch.setattr(start, "_start", denied)
    assert start.main([]) == 1
    assert "/opt/course/.venv cannot be written to" in capsys.readouterr().err


class TestActiveEnvironment:
    """An active environment that has this checkout installed is used, and nothing else is made."""

    @pytest.fixture
    def installed_from(self, monkeypatch, tmp_path):
        def install(origin: Path) -> None:
            info = tmp_path / "site" / "attention_course-0.1.0.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(
                "Metadata-Version: 2.1\nName: attention-course\nVersion: 0.1.0\nRequires-Dist: torch>=2.5\n"
                'Requires-Dist: pytest>=8; extra == "test"\nRequires-Dist: no-such-thing; extra == "test"\n')
            (info / "direct_url.json").write_text(json.dumps({"url": origin.as_uri(), "dir_info": {}}))
            monkeypatch.setattr(start.sysconfig, "get_path", lambda name: str(tmp_path / "site"))
            monkeypatch.setattr(start, "getusersitepackages", lambda: str(tmp_path / "user"))
            monkeypatch.setattr(start.venv, "FOLDER", tmp_path / ".venv")
            monkeypatch.setattr(sys, "prefix", str(tmp_path))
        return install

    @pytest.fixture
    def became(self, monkeypatch):
        commands = []
        monkeypatch.setattr(start, "become", lambda command: commands.append(command) or 0)
        return commands

    def test_it_is_used(self, installed_from, became, tmp_path):
        installed_from(start.ROOT)
        assert start.main(["progress"]) == 0
        assert became == [[sys.executable, "-m", "course_lib.cli", "progress"]]
        assert not (tmp_path / ".venv").exists()

    def test_tests_add_what_is_missing_and_pin_nothing(self, installed_from, became, monkeypatch, capsys):
        installed_from(start.ROOT)
        calls = []
        monkeypatch.setattr(start.pip, "install", lambda *positional, **named: calls.append(named))
        start.main(["test"])
        assert "no-such-thing" in capsys.readouterr().out
        assert calls[0]["extras"] == ("test",) and calls[0]["constrained"] is False

    def test_one_with_another_checkout_is_not(self, installed_from, tmp_path):
        installed_from(tmp_path / "another")
        assert start._installed_in_active() is None
