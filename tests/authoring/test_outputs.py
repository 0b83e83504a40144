"""What is cleaned out of outputs, and what is refused in them."""

import tempfile
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output

from course_lib.authoring.outputs import clean, faults
from course_lib.paths import ROOT

PIXEL = "iVBORw0KGgo="


def ran(*outputs, tags=()):
    return new_code_cell("x", execution_count=1, outputs=list(outputs), metadata={"tags": list(tags)})


def stderr(text):
    return new_output("stream", name="stderr", text=text)


def stdout(text):
    return new_output("stream", name="stdout", text=text)


def error(*frames):
    return new_output("error", ename="ValueError", evalue="\x1b[31mno\x1b[0m", traceback=list(frames))


def shown(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


@pytest.mark.parametrize("text", [
    "\r  0%|          | 0/3 [00:00<?, ?it/s]\r100%|##########| 3/3 [00:00<00:00, 9.99it/s]\n",
    "\r 50%|#####     | 1/2", "\n", "\n\r  0%|  | 0/3\x1b[A", "\r          \r",
])
def test_a_progress_bar_is_dropped(text):
    cell = ran(stderr(text))
    clean(cell)
    assert cell.outputs == []


def test_a_warning_beside_a_progress_bar_is_kept_and_reported():
    cell = ran(stderr("\r  0%|  | 0/3\nUserWarning: no\n"), stdout("1\n"))
    clean(cell)
    assert [output.text for output in cell.outputs] == ["UserWarning: no\n", "1\n"]
    assert [fault.split(":")[0] for fault in faults(cell)] == ["wrote to stderr"]


def test_a_stream_is_one_output_however_it_was_cut():
    whole, cut = ran(stdout("1\n2\n")), ran(stdout("1\n"), stderr("\r 0%|"), stdout("2\n"))
    clean(cut)
    assert cut.outputs == whole.outputs


def test_the_order_of_what_is_shown_stays():
    cell = ran(stdout("1\n"), shown({"text/plain": "a"}), stdout("2\n"))
    clean(cell)
    assert [output.output_type for output in cell.outputs] == ["stream", "display_data", "stream"]


def test_timings_are_dropped():
    cell = ran()
    cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    clean(cell)
    assert "execution" not in cell.metadata


def test_a_traceback_keeps_the_cells_own_frames_without_colour():
    frames = ["\x1b[31m---\x1b[0m", "Cell In[1], line 1\n----> 1 f()", "File /a.py:3, in f", "ValueError: no"]
    cell = ran(error(*frames), tags=["raises-exception"])
    clean(cell)
    assert cell.outputs[0].traceback == ["---", "Cell In[1], line 1\n----> 1 f()", "ValueError: no"]
    assert cell.outputs[0].evalue == "no"
    assert list(faults(cell)) == []


def test_an_error_needs_its_tag():
    assert [fault.split(":")[0] for fault in faults(ran(error("ValueError: no")))] == ["raised ValueError"]


def test_a_cell_that_never_ran_is_reported():
    assert list(faults(new_code_cell("x"))) == ["was never run; run `course build`"]
    assert list(faults(new_code_cell(""))) == []


@pytest.mark.parametrize("path", [
    f"{Path.home()}/x", str(ROOT), f"{ROOT}/a.py", f"{tempfile.gettempdir()}/x", "site-packages/torch"])
@pytest.mark.parametrize("output", [
    lambda path: stdout(f"read\n{path}\n"),
    lambda path: shown({"text/html": f"<p title='{path}'>"}),
    lambda path: shown({"application/json": {"at": [path]}}),
    lambda path: shown({"text/plain": "x"}, where=path),
    lambda path: error(f'Cell In[1]\n  open("{path}")'),
], ids=["stream", "html", "json", "metadata", "traceback"])
def test_a_machine_path_is_refused(path, output):
    found = list(faults(ran(output(path), tags=["raises-exception"])))
    assert len(found) == 1 and "the machine's path" in found[0]


def test_what_only_looks_like_a_path_is_allowed():
    picture = f"<img alt='a' src='data:image/png;base64,{ROOT}/{PIXEL}'>"
    cell = ran(stdout("a/tmpfile chapters/results/01.json ~/work"), shown({"text/html": picture}),
               shown({"image/png": str(ROOT), "text/plain": "x"}, **{"image/png": {"alt": "a"}}))
    assert list(faults(cell)) == []


def test_a_memory_address_is_refused():
    found = list(faults(ran(stdout("<object at 0x7f56fe7dade0>"))))
    assert len(found) == 1 and "at 0x7f56fe7dade0" in found[0]


@pytest.mark.parametrize(("output", "count"), [
    (shown({"image/png": PIXEL}), 1),
    (shown({"image/png": PIXEL}, **{"image/png": {"alt": ""}}), 1),
    (shown({"image/jpeg": PIXEL}), 1),
    (shown({"image/png": PIXEL}, **{"image/png": {"alt": "a line"}}), 0),
    (shown({"image/png": PIXEL}, alt="a line"), 0),
    (shown({"text/html": "<p><IMG src='x'></p>"}), 1),
    (shown({"text/html": "<img src='x' alt='a line'>"}), 0),
])
def test_a_picture_needs_an_alternative_text(output, count):
    found = list(faults(ran(output)))
    assert len(found) == count and all("alt" in fault for fault in found)
