"""The colours of the small world.

They were searched for by machine, so that any two of them, the background and the grey of the clutter stay at
least 15 units of CIEDE2000 apart, for normal vision and for protanopia, deuteranopia and tritanopia
(simulated after Machado et al., 2009). Names are the ones that questions use.
"""

Rgb = tuple[int, int, int]

PALETTE: dict[str, Rgb] = {
    "red": (232, 42, 56),
    "yellow": (252, 222, 48),
    "green": (40, 196, 148),
    "blue": (42, 110, 242),
    "white": (245, 245, 245),
}
BACKGROUND: Rgb = (20, 22, 28)
CLUTTER: Rgb = (104, 106, 112)        # of coloured scenes: grey, so that a fragment is never "a blue one"
OCCLUDER: Rgb = (58, 62, 74)
HOLE: Rgb = (128, 128, 128)           # what a hole is filled with: the middle of the range

# Scenes of one channel: bright ink on black. Clutter is as bright as digits, or a threshold would part them.
GRAY_INK, GRAY_BACKGROUND, GRAY_OCCLUDER = 255, 0, 96
