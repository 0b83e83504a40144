"""Can the lessons read their data, draw their figures, and keep the learner's work?"""

import tempfile
from collections.abc import Iterator

from course_lib.doctor.finding import Finding
from course_lib.paths import work_dir

GLYPHS = "√·×≈≤→−²●○αβγσθφ"       # mathtext brings its own fonts

_CHINESE = ("CJK", "Hei", "PingFang", "Song", "Sung")     # what the names of such fonts hold


def work() -> Iterator[Finding]:
    """Notebooks and progress can be kept."""
    folder = work_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("work", "fail", f"{folder} cannot be written to ({error.strerror})",
                      "set COURSE_WORK to a folder that is yours, or make this one writable")
    else:
        yield Finding("work", "ok", f"notebooks and progress go to {folder}")


def data() -> Iterator[Finding]:
    """The small world is there without a network."""
    from course_lib import data as world

    fix = "install them again: python -m pip install --force-reinstall --no-deps scikit-learn scikit-image"
    try:
        digits = len(world.digits("train")[0]) + len(world.digits("test")[0])
        photos = [world.photo(name) for name in world.photo_names()]
    except (OSError, ImportError, RuntimeError) as error:
        yield Finding("data", "fail", f"cannot be read: {error}".splitlines()[0], fix)
    else:
        yield Finding("data", "ok", f"{digits:,} digits and {len(photos)} photographs, read offline")


def fonts() -> Iterator[Finding]:
    """The figures' font has the signs that lessons write; a font for Chinese is a bonus."""
    from matplotlib import font_manager

    path = font_manager.findfont(font_manager.FontProperties())
    font = font_manager.get_font(path)
    missing = [glyph for glyph in GLYPHS if not font.get_char_index(ord(glyph))]
    if missing:
        yield Finding("fonts", "fail", f"{font.family_name} lacks {' '.join(missing)}",
                      "take matplotlib's own font: remove font.family from your matplotlibrc")
    else:
        yield Finding("fonts", "ok", f"{font.family_name} has every sign the figures use")
    names = sorted({entry.name for entry in font_manager.fontManager.ttflist})
    if not any(mark in name for name in names for mark in _CHINESE):
        yield Finding("fonts", "note", "none for Chinese found; no figure of the course needs one")
