"""What no scene can be made from is refused in a sentence, when the options are made."""

import pytest

from course_lib.data import SceneOptions


@pytest.mark.parametrize("wrong, message", [
    (dict(size=(4, 48)), r"size must be \(height, width\), whole numbers, 8 or more; got \(4, 48\)"),
    (dict(size=[32, 48]), "size must be"),
    (dict(digits=0), "digits must be one whole number or"),
    (dict(digits=(4, 2)), r"digits must be .*got \(4, 2\)"),
    (dict(digits=True), "digits must be"),
    (dict(digits=2.5), "digits must be"),
    (dict(digit_size=7), "digit_size must be .* 8 or more"),
    (dict(digit_size=(8, 33)), "digit_size .* must not pass the shorter side"),
    (dict(digits=7, digit_size=16), "7 digits of 16 pixels do not fit .* 32 x 48; 6 would"),
    (dict(digits=6, digit_size=16, cue="random"), "6 digits of 16 pixels do not fit .* 5 would"),
    (dict(clutter=-1), "clutter must be"),
    (dict(min_visible=0), "min_visible must lie in"),
    (dict(noise=0.6), "noise must lie in"),
    (dict(colors=()), "colors must be a tuple of some of red, yellow"),
    (dict(colors="red"), "colors must be a tuple"),
    (dict(colors=("red", "purple")), "colors must be a tuple"),
    (dict(colors=("red", "red")), "colors must differ"),
    (dict(cue="middle"), "cue must be one of top-left"),
    (dict(cue="random", colors=None), "a cue needs two colors"),
    (dict(cue="random", colors=("red",)), "a cue needs two colors"),
    (dict(cue="random", cue_size=17), r"cue_size must lie in 1 \.\. 16"),
    (dict(hole=(0, 4)), "hole must be"),
    (dict(hole=(40, 4)), "hole .* is larger than the canvas"),
    (dict(hole=(4, 4), cue="random"), "a hole might hide the cue"),
    (dict(hole=(4, 4), question="any"), "a hole might hide"),
    (dict(question="why"), "question must be one of color, count"),
    (dict(question="count", colors=None), "asks about colors"),
    (dict(question="any", digits=10, digit_size=8, size=(60, 60)), "questions count to 9"),
    (dict(question="place", digits=(1, 3)), "'place' needs two digits"),
    (dict(question="place", colors=("red",)), "'place' needs two digits and two colors"),
    (dict(question="color", colors=("red",)), "'color' needs two colors"),
])
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=message):
        SceneOptions(**wrong)


def test_options_are_values():
    assert SceneOptions(digits=3) == SceneOptions(digits=3) and hash(SceneOptions()) == hash(SceneOptions())
    with pytest.raises(AttributeError):
        SceneOptions().digits = 5
