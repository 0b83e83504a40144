"""Exercise 8.5: the F1 of two boundaries, within a tolerance."""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch08 import boundary_f1_answers as answers
from course_lib.exercises.bank.drawing import integers, uniform
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _blob(g, height, width, share=0.45):
    """A mask with a ragged outline: smoothed noise above a threshold."""
    noise = uniform(g, 1, 1, height + 4, width + 4)
    smooth = F.avg_pool2d(noise, 5, stride=1)[0, 0]
    return smooth > smooth.quantile(1 - share)


def _moved(g, mask, step=2):
    """The mask `step` rows down and a little aside, a part of it cut out, and another blob added."""
    height, width = mask.shape
    aside = int(integers(g, below=3)) - 1
    rest = mask.roll((step, aside), (0, 1)) & ~_blob(g, height, width, 0.3)
    return rest | _blob(g, height, width, 0.1)


def _away_from_the_edge(mask, margin=2):
    return F.pad(mask, [margin] * 4)


def _inside(tolerance, height=9, width=12, share=0.35, step=2):
    """Masks that do not touch the frame."""

    def draw(g):
        target = _blob(g, height, width, share)
        return {
            "predicted": _away_from_the_edge(_moved(g, target, step)),
            "target": _away_from_the_edge(target),
            "tolerance": tolerance,
        }

    return draw


def _unequal(g):
    """A few small marks on the outline of something large, and some deep inside of it."""
    target = _blob(g, 10, 13, 0.7)
    deep = F.avg_pool2d(target[None, None].float(), 5, stride=1, padding=2)[0, 0] == 1
    marks = answers.inner(target) & (uniform(g, 10, 13) < 0.15) | deep & (uniform(g, 10, 13) < 0.3)
    return {
        "predicted": _away_from_the_edge(marks),
        "target": _away_from_the_edge(target),
        "tolerance": 1.5,
    }


def _cut_off(tolerance, height, width, step, band):
    """Masks that the frame cuts off on all sides."""

    def draw(g):
        target = _blob(g, height, width, 0.35)
        target[:, : band + int(integers(g, below=2))] = True
        target[-2:, width // 2 :] = True
        target[:2, -4:] = True
        return {"predicted": _moved(g, target, step), "target": target, "tolerance": tolerance}

    return draw


def _side_by_side(g):
    """Two rectangles with a common edge and no common pixel."""
    height, width = 7, 11
    top, middle = 1 + int(integers(g, below=3)), 4 + int(integers(g, below=3))
    target, predicted = (torch.zeros(height, width, dtype=torch.bool) for _ in range(2))
    target[top : top + 3, 1:middle] = True
    predicted[top : top + 3, middle : middle + 2 + int(integers(g, below=2))] = True
    return {"predicted": predicted, "target": target, "tolerance": float(uniform(g, 1, high=0.9))}


def _far_apart(g):
    height, width = 8, 20
    target, predicted = (torch.zeros(height, width, dtype=torch.bool) for _ in range(2))
    top = int(integers(g, below=3)) + 1
    target[top : top + 3 + int(integers(g, below=2)), 1 : 4 + int(integers(g, below=2))] = True
    predicted[2:6, 14 : 17 + int(integers(g, below=2))] = True
    return {"predicted": predicted, "target": target, "tolerance": float(uniform(g, 1, low=1, high=3))}


def _nothing(predicted, target):
    """Each a number, 0 or 1, that fills the mask, or None for a blob."""

    def draw(g):
        height, width = 6, 9
        blob = _blob(g, height, width)
        masks = [
            blob if fill is None else torch.full_like(blob, bool(fill)) for fill in (predicted, target)
        ]
        tolerance = float(uniform(g, 1, low=1, high=3))
        return {"predicted": masks[0], "target": masks[1], "tolerance": tolerance}

    return draw


BOUNDARY_F1 = Exercise(
    id="boundary-f1",
    chapter=8,
    title="How far off is the edge?",
    signature="boundary_f1(predicted, target, tolerance)",
    points=4,
    difficulty=4,
    importance=4,
    minutes=15,
    reference=answers.boundary_f1,
    stages=(
        Stage(
            "a step and a half",
            "Tolerance 1.5: the pixel itself, its four neighbours and the four diagonal ones, at"
            " a distance of 1.41. Precision: the share of the predicted boundary that lies near the"
            " true one; recall: the other way round; then their harmonic mean.",
            _inside(1.5),
        ),
        Stage(
            "to the pixel",
            "Tolerance 0: a boundary pixel counts if the other mask has a boundary pixel in the"
            " same place. A distance of 0 is within a tolerance of 0.",
            _inside(0.0),
        ),
        Stage(
            "one step",
            "Tolerance 1: a distance of exactly 1 is within it, that of diagonal neighbours is not.",
            _inside(1.0),
        ),
        Stage(
            "small on large",
            "A few predicted pixels, some on a long outline and some deep inside of it: recall is low.",
            _unequal,
        ),
        Stage(
            "two steps",
            "Tolerance 2, in a larger picture: 2 to one side is within it, 2 to one side and 1 up"
            " is not.",
            _inside(2.0, 11, 15, 0.25, 3),
        ),
        Stage(
            "cut off",
            "The masks run into the picture's frame. Beyond it nothing is known, so a pixel at the"
            " frame is boundary only if a neighbour inside the picture is outside the mask.",
            _cut_off(1.5, 9, 12, 2, 3),
        ),
        Stage(
            "cut off, two steps",
            "A wide picture whose masks run into its frame, tolerance 2.",
            _cut_off(2.0, 8, 16, 3, 5),
        ),
        Stage(
            "side by side",
            "Two masks that adjoin, and a tolerance below 1: no pixel of one boundary is near the"
            " other. Precision and recall are 0, and so is the result.",
            _side_by_side,
        ),
        Stage(
            "far apart",
            "One mask at the left, the other at the right: precision and recall are 0, and so is the"
            " result.",
            _far_apart,
        ),
        Stage(
            "nothing predicted",
            "The prediction is empty, the target is not: 0.",
            _nothing(0, None),
        ),
        Stage(
            "nothing to find",
            "The target is empty, the prediction is not: 0.",
            _nothing(None, 0),
        ),
        Stage(
            "neither",
            "Both masks are empty. There is nothing to compare, so the result is NaN, and whoever"
            " averages leaves the image out.",
            _nothing(0, 0),
        ),
        Stage(
            "filled",
            "Both masks fill the picture. The frame is no boundary, so neither has one: NaN.",
            _nothing(1, 1),
        ),
        Stage(
            "a larger picture",
            "Ragged masks, a tolerance of 2.5.",
            _inside(2.5, 11, 16, 0.25, 4),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "precision alone",
            answers.wired(join=lambda precision, recall: precision),
            "Your result is the precision. One right pixel would be enough for a 1.",
            "The harmonic mean of precision and recall.",
        ),
        Mistake(
            "recall alone",
            answers.wired(join=lambda precision, recall: recall),
            "Your result is the recall. Outlines all over the picture would be enough for a 1.",
            "The harmonic mean of precision and recall.",
        ),
        Mistake(
            "the plain mean",
            answers.wired(join=lambda precision, recall: (precision + recall) / 2),
            "You take the plain mean of precision and recall. With a precision of 1 it stays above"
            " one half, however little was found.",
            "2 P R / (P + R).",
        ),
        Mistake(
            "the product",
            answers.wired(join=lambda precision, recall: precision * recall),
            "You multiply precision and recall and leave it at that.",
            "2 P R / (P + R).",
        ),
        Mistake(
            "one share for both boundaries",
            answers.together,
            "You count the near pixels of both boundaries and divide by the pixels of both. The"
            " longer boundary then has the larger say.",
            "Two shares, precision and recall, then their harmonic mean.",
        ),
        Mistake(
            "hits counted once",
            answers.wired(share=answers.hits_of_the_prediction),
            "You count the predicted pixels that are near, and divide that count by the length of"
            " either boundary. But recall counts the true pixels that are near, and that is"
            " another number.",
            "`near.any(1)` for precision, `near.any(0)` for recall.",
        ),
        Mistake(
            "pairs counted",
            answers.wired(share=answers.pairs),
            "You count pairs of pixels that are near each other. A pixel with three near ones"
            " counts three times, and the share may exceed 1.",
            "`any` along the other boundary: a pixel is near or it is not.",
        ),
        Mistake(
            "below the tolerance",
            answers.wired(close=lambda distances, tolerance: distances < tolerance),
            "A distance equal to the tolerance is too far in yours: `<`. With tolerance 0 nothing"
            " could ever match.",
            "At most the tolerance: `<=`.",
        ),
        Mistake(
            "no tolerance",
            answers.wired(close=lambda distances, tolerance: distances <= 0),
            "`tolerance` has no effect in yours: only pixels in the same place match.",
            "Compare each distance with `tolerance`.",
        ),
        Mistake(
            "chessboard distance",
            answers.wired(distance=answers.chessboard),
            "Your distance is the larger of the two steps: a square around each pixel, as a"
            " dilation by a full 3x3 gives it.",
            "Euclidean: the square root of the sum of squares.",
        ),
        Mistake(
            "city-block distance",
            answers.wired(distance=answers.city_block),
            "Your distance is the sum of the two steps: a diamond around each pixel, as repeated"
            " dilations by a cross give it.",
            "Euclidean: the square root of the sum of squares.",
        ),
        Mistake(
            "squared distance",
            answers.wired(distance=answers.squared),
            "You compare the squared distance with the tolerance.",
            "Take the root, or square the tolerance.",
        ),
        Mistake(
            "the whole mask",
            answers.wired(edge=answers.whole),
            "You compare all pixels of the masks. A large object's inside then hides how far off"
            " its edge is.",
            "Boundary pixels only: in the mask, with one of the four neighbours outside it.",
        ),
        Mistake(
            "near the other mask",
            answers.wired(against=answers.whole),
            "You ask whether a boundary pixel is near the other mask. Anywhere inside of it would"
            " do.",
            "Near the other mask's boundary.",
        ),
        Mistake(
            "eight neighbours",
            answers.wired(edge=answers.of_eight),
            "Your boundary asks all eight neighbours, so the inner corners belong to it as well.",
            "The four neighbours above, below, left and right.",
        ),
        Mistake(
            "the outer boundary",
            answers.wired(edge=answers.outer),
            "Your boundary lies outside the mask: the pixels around it. That is a dilation minus"
            " the mask.",
            "The mask minus its erosion: pixels of the mask with a neighbour outside.",
        ),
        Mistake(
            "both sides",
            answers.wired(edge=answers.both_sides),
            "Your boundary is two pixels thick: those inside the mask and those outside.",
            "Only pixels of the mask.",
        ),
        Mistake(
            "left and right only",
            answers.wired(edge=answers.rows_only),
            "Your boundary asks the neighbours to the left and right only. Horizontal edges are"
            " missing.",
            "Four neighbours: above and below as well.",
        ),
        Mistake(
            "above and below only",
            answers.wired(edge=answers.columns_only),
            "Your boundary asks the neighbours above and below only. Vertical edges are missing.",
            "Four neighbours: left and right as well.",
        ),
        Mistake(
            "right and below only",
            answers.wired(edge=answers.right_and_below),
            "Your boundary asks the neighbours to the right and below only, as a difference of the"
            " mask with itself shifted does. Upper and left edges are missing.",
            "All four neighbours.",
        ),
        Mistake(
            "wherever the mask changes",
            answers.wired(edge=answers.changes),
            "Your boundary is where the mask differs from itself, shifted by one. That marks pixels"
            " on both sides of an edge: inside at the left and top, outside at the right and bottom.",
            "Only pixels of the mask, and all four neighbours.",
        ),
        Mistake(
            "the frame as outside",
            answers.wired(edge=answers.edge_outside),
            "You count what lies beyond the picture as outside the mask, as scipy's erosion does by"
            " default. Where the frame cuts an object off you see a boundary that is none.",
            "Pad with True, or ask only neighbours inside the picture.",
        ),
        Mistake(
            "around the picture",
            answers.wired(edge=answers.around_the_picture),
            "Your neighbours of the last column are in the first: `roll` goes around the picture.",
            "Pad, or compare slices.",
        ),
        Mistake(
            "0/0 where nothing is near",
            answers.wired(join=answers.unguarded),
            "Your result is NaN where precision and recall are both 0: 0/0. The outlines are there"
            " and they do not meet, so the score is 0.",
            "Where P + R is 0, return 0.",
        ),
        Mistake(
            "NaN where one is empty",
            answers.wired(empty=answers.nan_where_one_is_empty),
            "Your result is NaN if one of the two masks is empty. There was something to compare:"
            " an outline missed altogether, or invented.",
            "0 if just one of the two has a boundary, NaN if neither has.",
        ),
        Mistake(
            "1 where one is empty",
            answers.wired(empty=lambda p, t: 1.0),
            "You give a 1 wherever a mask is empty. An outline that was missed altogether, or"
            " invented, would count as perfect.",
            "0 if just one of the two has a boundary, NaN if neither has.",
        ),
        Mistake(
            "1 for nothing",
            answers.wired(empty=answers.one_for_nothing),
            "You give a 1 where neither mask has a boundary. Averaged over images, empty ones would"
            " raise the score.",
            "NaN, so that it can be left out of a mean.",
        ),
        Mistake(
            "0 for nothing",
            answers.wired(empty=answers.zero_for_nothing),
            "You give a 0 where neither mask has a boundary. Averaged over images, empty ones would"
            " lower the score though nothing was wrong.",
            "NaN, so that it can be left out of a mean.",
        ),
        Mistake(
            "IoU of the boundaries",
            answers.iou_of_boundaries,
            "You computed the IoU of the two boundaries, pixel by pixel. `tolerance` has no effect in"
            " it.",
            "Distances to the nearest pixel of the other boundary, two shares, 2 P R / (P + R).",
        ),
        Mistake(
            "Dice of the masks",
            answers.overlap,
            "You computed the Dice of the two masks, which asks for areas. A large object's edge"
            " may be far off and its Dice near 1.",
            "Boundary pixels and distances.",
        ),
    ),
    variants={
        "loops": answers.by_loops,
        "distance maps": answers.by_distance_maps,
        "pooling and cdist": answers.by_pooling,
    },
    forbid=(
        "course_lib.training.boundary_f1.boundary_f1",
        "course_lib.training.boundary_f1.boundary_scores",
        "course_lib.training.boundary_f1.boundary_pixels",
    ),
    hints=(
        "Which pixels of a mask have a neighbour above, below, left or right that is not in it?"
        " Draw a small mask on paper and mark them.",
        "Boundary pixels of both masks; for each pixel of one the distance to the nearest of the"
        " other; the share within the tolerance, both ways; 2 P R / (P + R). Then the cases in which"
        " one of them is empty.",
        "`padded = F.pad(mask, (1, 1, 1, 1), value=True)` and four shifted slices of it give the"
        " boundary. `nonzero()` lists its places, (P, 2); differences of two lists, `p[:, None] - t`,"
        " give all distances.",
    ),
)
