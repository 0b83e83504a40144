"""Each check of the doctor: content with a healthy machine, and with a fix for a broken one."""

import errno
import json
import shutil
import sys
import tempfile
import types

import pytest
from packaging.requirements import Requirement

import course_lib.data
from course_lib import doctor
from course_lib.doctor import Finding, content, machine, software


def only(check, status):
    """The single finding of `check`, which must have this status."""
    [finding] = check()
    assert finding.status == status, finding
    return finding


def test_no_check_fails_on_a_machine_that_runs_the_tests():
    findings = doctor.examine()
    assert [finding for finding in findings if finding.status == "fail"] == []
    assert {"python", "torch", "numpy", "kernel", "data", "fonts", "disk", "threads", "gpu", "speed"} <= {
        finding.check for finding in findings}


def test_a_failure_must_have_a_fix():
    with pytest.raises(ValueError, match="needs a fix"):
        Finding("disk", "fail", "full")


def test_a_check_that_breaks_is_a_failure_and_the_others_go_on():
    def broken():
        raise OSError("libtorch_cpu.so: cannot open\nshared object")
        yield

    broke, fine = doctor.examine((broken, software.python))
    assert (broke.check, broke.status) == ("broken", "fail")
    assert broke.says == "OSError: libtorch_cpu.so: cannot open"
    assert broke.fix and fine.status == "ok"


def test_report_for_people(capsys):
    findings = [Finding("disk", "fail", "0.1 GB free", fix="make room"), Finding("gpu", "note", "none")]
    assert doctor.print_findings(findings) == 1
    printed = capsys.readouterr().out
    assert "FAIL  disk" in printed and "fix: make room" in printed and "1 to mend" in printed


def test_report_for_programs(capsys):
    assert doctor.print_findings([Finding("gpu", "note", "none")], as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    finding = {"check": "gpu", "status": "note", "says": "none", "fix": ""}
    assert report == {"healthy": True, "findings": [finding]}


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9))
    assert "3.10" in only(software.python, "fail").fix


@pytest.mark.parametrize(("asked", "says"), [("no-such-thing", "cannot be imported"), ("numpy>=99", ">=99")])
def test_packages(monkeypatch, asked, says):
    monkeypatch.setattr(software, "_requirements", lambda: [Requirement(asked)])
    finding = only(software.packages, "fail")
    assert says in finding.says and "python start.py" in finding.fix


def test_other_versions_are_a_note(monkeypatch, tmp_path):
    (tmp_path / "constraints.txt").write_text("numpy==0.1\ntorch==0.1 ; python_version < '3'\nunheard==1\n")
    monkeypatch.setattr(software, "ROOT", tmp_path)
    says = only(software.versions, "note").says
    assert "numpy" in says and "stored outputs: 0.1" in says
    assert "torch" not in says and "unheard" not in says


def test_a_kernel_of_another_python(monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    spec = types.SimpleNamespace(argv=["/opt/other/bin/python", "-m", "ipykernel_launcher"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: spec)
    finding = only(software.kernel, "fail")
    assert "/opt/other/bin/python" in finding.says and "ipykernel install" in finding.fix


def test_a_kernel_that_dies(monkeypatch):
    from jupyter_client import KernelManager

    command = [sys.executable, "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(KernelManager, "format_kernel_cmd", lambda self, extra_arguments=None: command)
    finding = only(software.kernel, "fail")
    assert "does not answer" in finding.says and "ipykernel install" in finding.fix


def test_a_work_folder_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "file"))
    assert "COURSE_WORK" in only(content.work, "fail").fix


def test_a_read_only_work_folder(monkeypatch):
    def refuse(**where):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert "Read-only" in only(content.work, "fail").says


def test_data_that_is_missing(monkeypatch):
    def missing(split):
        raise FileNotFoundError("digits.csv.gz")

    monkeypatch.setattr(course_lib.data, "digits", missing)
    assert "scikit-learn" in only(content.data, "fail").fix


def test_a_font_without_the_signs(monkeypatch):
    monkeypatch.setattr(content, "GLYPHS", "a\N{SNOWMAN WITHOUT SNOW}\N{CUNEIFORM SIGN A}")
    failed = next(content.fonts())
    assert failed.status == "fail" and "\N{CUNEIFORM SIGN A}" in failed.says and "matplotlibrc" in failed.fix


@pytest.mark.parametrize(("free", "status"), [(10**8, "fail"), (10**9, "note"), (10**11, "ok")])
def test_disk(monkeypatch, free, status):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=free))
    only(machine.disk, status)


def test_idle_cores_are_a_note(monkeypatch):
    import torch

    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    assert "OMP_NUM_THREADS" in only(machine.threads, "note").says


@pytest.mark.parametrize(("seconds", "status"), [(1.0, "note"), (0.001, "ok")])
def test_speed(monkeypatch, seconds, status):
    monkeypatch.setattr(machine, "_time_product", lambda a: seconds)
    assert {finding.status for finding in machine.speed()} == {status}
