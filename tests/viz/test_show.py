import io
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.colors import to_rgb
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from course_lib import viz
from course_lib.viz.show import LARGE, to_png

ALT = "A line that rises from the lower left."


def line():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    return figure


@pytest.fixture
def published(monkeypatch):
    """What would reach the notebook: (data, metadata) of each display."""
    found = []
    display = lambda data, metadata=None, raw=False: found.append((data, metadata or {}))     # noqa: E731
    module = sys.modules["course_lib.viz.show"]      # course_lib.viz.show is the function
    monkeypatch.setattr(module, "_ipython_display", lambda: display)
    return found


def test_alt_goes_three_ways(published):
    viz.show(line(), alt=ALT)
    (picture, metadata), (hidden, _) = published
    assert picture["text/plain"] == ALT
    assert metadata["image/png"]["alt"] == ALT
    assert ALT in hidden["text/html"] and "clip:rect(0,0,0,0)" in hidden["text/html"]


def test_picture_is_dense_and_shown_at_its_size(published):
    viz.show(line(), alt=ALT)
    data, metadata = published[0]
    width, height = Image.open(io.BytesIO(data["image/png"])).size
    assert abs(width - 1080) < 80 and abs(height - 540) < 80           # cut to what is drawn
    shown = metadata["image/png"]["width"], metadata["image/png"]["height"]
    assert shown == (round(width / 1.5), round(height / 1.5))


def test_nothing_is_cut_off_and_the_margin_is_paper():
    for ax in (viz.matrix(np.eye(3)[:, [0, 1, 2, 0, 1, 2]], title="A title over wide cells"), viz.matrix(np.eye(40), title="A title")):
        picture = np.asarray(Image.open(io.BytesIO(to_png(ax.figure)[0])).convert("RGB"))
        paper = np.array([round(255 * level) for level in to_rgb(viz.PAPER)])
        for edge in (picture[:8], picture[-8:], picture[:, :8], picture[:, -8:]):
            assert (edge == paper).all()


def test_alt_is_escaped_and_put_on_one_line(published):
    viz.show(line(), alt="  Weights <b>below</b>\n   0.5 & above. ")
    assert published[0][0]["text/plain"] == "Weights <b>below</b> 0.5 & above."
    assert "&lt;b&gt;below" in published[1][0]["text/html"] and "&amp; above" in published[1][0]["text/html"]


def test_axes_are_as_good_as_their_figure(published):
    viz.show(viz.matrix(np.eye(2)), alt=ALT)
    assert published[0][0]["image/png"].startswith(b"\x89PNG")


def test_axes_of_a_subfigure_show_the_whole_figure(published):
    figure = plt.figure(figsize=(4, 2))
    viz.show(figure.subfigures(1, 2)[0].subplots(), alt=ALT)
    assert published[0][1]["image/png"]["width"] > 200     # and not the half of it that the axes take


def test_figure_is_closed(published):
    viz.show(line(), alt=ALT)
    assert not plt.get_fignums()


@pytest.mark.parametrize("alt", ["", "   ", "loss curve", None, 3])
def test_alt_that_says_too_little(alt):
    with pytest.raises(ValueError, match="alt must say what is to be seen"):
        viz.show(line(), alt=alt)


def test_outside_ipython_the_words_are_printed(capsys, monkeypatch):
    monkeypatch.setattr(InteractiveShell, "_instance", None)
    viz.show(line(), alt=ALT)
    assert capsys.readouterr().out == f"[figure] {ALT}\n" and not plt.get_fignums()


def test_png_depends_on_the_figure_alone():
    first, second = to_png(line())[0], to_png(line())[0]
    assert first == second
    assert set(Image.open(io.BytesIO(first)).info) <= {"dpi"}


def test_a_photo_is_stored_small_and_paper_and_query_keep_their_colours():
    rng = np.random.default_rng(0)
    ax = viz.attention_over_photo(rng.random((3, 300, 450)), rng.random((6, 9)), (2, 3))
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png")
    assert buffer.tell() > LARGE
    png = to_png(ax.figure)[0]
    assert len(png) < buffer.tell() / 1.5
    colours = {tuple(c) for c in np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)}
    for colour in (viz.PAPER, viz.QUERY):
        assert tuple(round(255 * c) for c in to_rgb(colour)) in colours


def test_in_a_notebook():
    source = ("import matplotlib.pyplot as plt\nfrom course_lib import viz\nviz.use_style()\n"
              f"fig, ax = plt.subplots()\nax.plot([0, 1])\nviz.show(fig, alt={ALT!r})")
    notebook = NotebookClient(new_notebook(cells=[new_code_cell(source)]), timeout=120).execute()
    picture, hidden = notebook.cells[0].outputs                     # and no third: the figure was closed
    assert picture.data["text/plain"] == ALT
    assert picture.metadata["image/png"]["alt"] == ALT
    assert picture.data["image/png"] and ALT in hidden.data["text/html"]
