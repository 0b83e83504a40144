"""The colours, held to the numbers they were chosen by."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from course_lib.viz import style

NAMED = {"query": style.QUERY, "key": style.KEY, "value": style.VALUE}
PAIRS = list(combinations(NAMED, 2))
LINE_PAIRS = list(combinations(style.CATEGORICAL, 2))

# Dichromacy in linear RGB, severity 1.0: Machado, Oliveira and Fernandes (2009), IEEE TVCG 15(6), table 1.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}


def linear(colour):
    c = np.asarray(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return linear(colour) @ (0.2126, 0.7152, 0.0722)


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)                     # WCAG 2


def lab(rgb_linear):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]      # sRGB, D65
    xyz = np.array(to_xyz) @ rgb_linear
    f = np.cbrt(np.clip(xyz / (0.9505, 1.0, 1.089), 1e-6, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(colour, blindness):
    return lab(np.clip(np.array(BLINDNESS[blindness]) @ linear(colour), 0, 1))


@pytest.mark.parametrize("a, b", PAIRS)
def test_roles_differ_in_grey_print(a, b):
    assert contrast(NAMED[a], NAMED[b]) > 1.5


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("a, b", PAIRS)
def test_roles_stay_apart_for_the_colour_blind(a, b, blindness):
    assert np.linalg.norm(seen(NAMED[a], blindness) - seen(NAMED[b], blindness)) > 25


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("a, b", LINE_PAIRS)
def test_lines_stay_apart_for_the_colour_blind(a, b, blindness):
    assert np.linalg.norm(seen(a, blindness) - seen(b, blindness)) > 15


@pytest.mark.parametrize("a, b", LINE_PAIRS)
def test_lines_differ_in_grey_print_by_colour_or_dashes(a, b):
    styles = dict(zip(style.CATEGORICAL, style.LINE_STYLES))
    assert contrast(a, b) > 1.25 or styles[a] != styles[b]


def test_every_line_has_dashes_of_its_own():
    assert len(set(map(str, style.LINE_STYLES))) == len(style.CATEGORICAL) == len(style.LINE_STYLES)


@pytest.mark.parametrize("colour", [*NAMED.values(), style.INK])
def test_colours_are_seen_on_paper(colour):
    assert contrast(colour, style.PAPER) > 2.7


def test_text_is_read_on_paper():
    assert contrast(style.INK, style.PAPER) > 7


def test_weights_map_only_gets_brighter():
    levels = [luminance(c) for c in colormaps[style.WEIGHTS_CMAP](np.linspace(0, 1, 65))]
    assert (np.diff(levels) > 0).all()


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_weights_map_only_gets_brighter_for_the_colour_blind(blindness):
    levels = [seen(c, blindness)[0] for c in colormaps[style.WEIGHTS_CMAP](np.linspace(0, 1, 33))]
    assert (np.diff(levels) > 0).all()


def test_scores_map_darkens_to_both_sides_of_zero():
    levels = [luminance(c) for c in colormaps[style.SCORES_CMAP](np.linspace(0, 1, 65))]
    assert (np.diff(levels[:33]) > 0).all() and (np.diff(levels[32:]) < 0).all()


@pytest.mark.parametrize("role", ["query", "key"])
def test_boxes_show_on_the_weights_map(role):
    colours = [lab(linear(c)) for c in colormaps[style.WEIGHTS_CMAP](np.linspace(0, 1, 65))]
    assert min(np.linalg.norm(lab(linear(NAMED[role])) - c) for c in colours) > 35


def test_fonts_ship_with_matplotlib():
    for family in mpl.rcParams["font.family"]:
        path = mpl.font_manager.findfont(family, fallback_to_default=False)
        assert path.startswith(mpl.get_data_path())


def test_the_page_is_opaque():
    for part in ("figure.facecolor", "savefig.facecolor", "axes.facecolor"):
        assert len(to_rgb(mpl.rcParams[part])) == 3 and mpl.colors.to_rgba(mpl.rcParams[part])[3] == 1
