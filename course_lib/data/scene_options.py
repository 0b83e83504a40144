"""What can be asked of a scene."""

from dataclasses import dataclass

from .option_checks import CORNERS, check_options

Box = tuple[int, int, int, int]       # x0, y0, x1, y1 in pixels, half-open: x1 and y1 lie outside


@dataclass(frozen=True)
class SceneOptions:
    """What a scene is to hold. Every combination that passes the checks gives a scene for every seed.

    Args:
        size: height and width of the canvas in pixels.
        digits: how many digits: a number, or the lowest and the highest.
        digit_size: side of a digit's square tile in pixels, 8 or more: a number, or lowest and highest.
        colors: names in `PALETTE`, one of which each digit gets by chance; None gives scenes of one channel.
        cue: a corner ("top-left", ...) or "random" for a square patch whose colour says which digits count.
            At least one digit has that colour, and of two digits or more at least one has another.
        cue_size: side of that patch in pixels.
        clutter: how many fragments of other digits lie about, as bright as digits in a scene of one channel,
            grey in a coloured one. They touch no digit's box; one for which there is no room is left out.
        min_visible: what part of each digit stays visible, at least, where digits overlap; at 1 the boxes
            around them do not overlap.
        hole: height and width of a rectangle to cut out, for inpainting; it always hits a digit. Not together
            with a cue or a question, which it might hide.
        noise: standard deviation of the noise on each value, in units of the image's range, 0 to 0.5.
        question: "color" (what digit is red?), "count" (how many blue?), "exists" (is there a 3?), "place"
            (which digit is left of the red one?), "any" of them, or None. Every answer is well defined.

    Raises:
        ValueError: a value out of its range, or options that contradict each other.
    """

    size: tuple[int, int] = (32, 48)
    digits: int | tuple[int, int] = (2, 4)
    digit_size: int | tuple[int, int] = (10, 16)
    colors: tuple[str, ...] | None = ("red", "yellow", "green", "blue")
    cue: str | None = None
    cue_size: int = 5
    clutter: int = 0
    min_visible: float = 1.0
    hole: tuple[int, int] | None = None
    noise: float = 0.0
    question: str | None = None

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def digit_range(self) -> tuple[int, int]:
        """The lowest and the highest number of digits."""
        return (self.digits, self.digits) if isinstance(self.digits, int) else self.digits

    @property
    def digit_size_range(self) -> tuple[int, int]:
        """The smallest and the largest side of a digit's tile, in pixels."""
        return (self.digit_size, self.digit_size) if isinstance(self.digit_size, int) else self.digit_size

    @property
    def channels(self) -> int:
        """3 for a coloured scene, 1 for a grey one."""
        return 1 if self.colors is None else 3

    def cue_boxes(self) -> list[tuple[str, Box]]:
        """The corners where the cue may be, each with the patch's box; empty where there is no cue."""
        (height, width), side = self.size, self.cue_size
        corners = CORNERS if self.cue == "random" else (self.cue,) if self.cue else ()
        boxes = []
        for corner in corners:
            x0 = 0 if corner.endswith("left") else width - side
            y0 = 0 if corner.startswith("top") else height - side
            boxes.append((corner, (x0, y0, x0 + side, y0 + side)))
        return boxes

    def grid(self, cue_box: Box | None) -> list[tuple[int, int]]:
        """Left upper corners (x, y) of places side by side for digits of the smallest size, off the cue."""
        side = self.digit_size_range[0]
        places = [(x, y) for y in range(0, self.size[0] - side + 1, side)
                  for x in range(0, self.size[1] - side + 1, side)]
        return [(x, y) for x, y in places if not (cue_box and touch((x, y, x + side, y + side), cue_box))]


def touch(one: Box, other: Box) -> bool:
    """Whether two half-open boxes share a pixel or an edge."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
