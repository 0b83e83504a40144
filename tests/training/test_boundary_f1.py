import math

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries

from course_lib.training import boundary_f1, boundary_pixels, boundary_scores

C, IGNORED = 4, 255
AVERAGES = ("class", "image", "global")


def case(seed=0, shape=(4, 9, 13), classes=3):
    """Blobs: noise of a coarse grid, so that classes have insides, and the prediction is near the target."""
    g = torch.Generator().manual_seed(seed)
    coarse = torch.randint(classes, (shape[0], shape[1] // 3 + 1, shape[2] // 3 + 1), generator=g)
    target = coarse.repeat_interleave(3, 1).repeat_interleave(3, 2)[:, :shape[1], :shape[2]].contiguous()
    predicted = torch.where(torch.rand(shape, generator=g) < 0.1, torch.randint(classes, shape, generator=g), target)
    return predicted, target


def boundary_by_loops(mask, valid):
    """Pixels (y, x) of a bool map with one of four neighbours, within the picture and valid, outside it."""
    height, width = mask.shape
    found = []
    for y in range(height):
        for x in range(width):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            if mask[y, x] and valid[y, x] and any(
                    0 <= v < height and 0 <= u < width and valid[v, u] and not mask[v, u] for v, u in around):
                found.append((y, x))
    return found


def counts_by_loops(predicted, target, c, tolerance, ignored=None):
    valid = target != ignored if ignored is not None else torch.ones_like(target, dtype=torch.bool)
    found, true = (boundary_by_loops(x == c, valid) for x in (predicted, target))

    def near(some, others):
        return sum(any(math.dist(p, q) <= tolerance for q in others) for p in some)
    return len(found), near(found, true), len(true), near(true, found)


def f1_of(found, found_near, true, true_near):
    if not found + true:
        return math.nan
    if not found_near + true_near:
        return 0.0
    precision, recall = found_near / found, true_near / true
    return 2 * precision * recall / (precision + recall)


def mean(figures):
    figures = [f for f in figures if not math.isnan(f)]
    return sum(figures) / len(figures)


# References.

@pytest.mark.parametrize("seed", range(3))
def test_boundary_pixels_are_scikit_images_inner_ones(seed):
    _, classes = case(seed)
    found = boundary_pixels(classes, C)
    for image, pixels in zip(classes, found):
        for c in range(C):
            expected = find_boundaries((image == c).numpy(), connectivity=1, mode="inner")
            assert np.array_equal(pixels[c].numpy(), expected)


def test_the_pictures_edge_is_not_outside():
    classes = torch.zeros(1, 5, 6, dtype=torch.int64)
    classes[0, :3, :3] = 1  # an object that the frame cuts off
    expected = [[False, False, True], [False, False, True], [True, True, True]]
    assert boundary_pixels(classes, 2)[0, 1, :3, :3].tolist() == expected
    assert not boundary_pixels(classes * 0, 2).any() and not boundary_pixels(classes * 0 + 1, 2).any()


def test_corners_do_not_touch():
    classes = torch.zeros(1, 4, 4, dtype=torch.int64)
    classes[0, 1:, 1:] = 1  # (2, 2) touches (1, 1) alone, which is inside
    assert not boundary_pixels(classes, 2)[0, 1, 2, 2]
    assert boundary_pixels(classes, 2)[0, 1, 1, 1]
    assert not boundary_pixels(classes, 2)[0, 0, 0, 0]  # its diagonal neighbour is of the other class


@pytest.mark.parametrize("ignored", [None, IGNORED])
@pytest.mark.parametrize("tolerance", [0.0, 1.0, 1.5, 2.0])
def test_it_is_what_explicit_loops_find(tolerance, ignored):
    predicted, target = case()
    if ignored is not None:
        target[0, :4, :5] = target[1, 3, 3] = target[2, 5:] = ignored
    counts = [[counts_by_loops(p, t, c, tolerance, ignored) for c in range(C)] for p, t in zip(predicted, target)]
    scores = boundary_scores(predicted, target, C, tolerance=tolerance, ignore_index=ignored)
    each = [[f1_of(*n) for n in image] for image in counts]
    torch.testing.assert_close(scores.f1, torch.tensor(each, dtype=torch.float64), equal_nan=True)
    found, found_near, true, true_near = torch.tensor(counts, dtype=torch.float64).movedim(-1, 0)
    torch.testing.assert_close(scores.precision, found_near / found, equal_nan=True)
    torch.testing.assert_close(scores.recall, true_near / true, equal_nan=True)

    pooled = [f1_of(*np.sum([image[c] for image in counts], axis=0)) for c in range(C)]
    expected = {"class": mean(pooled), "image": mean([mean(image) for image in each]),
                "global": f1_of(*np.sum(counts, axis=(0, 1)))}
    for average in AVERAGES:
        found = boundary_f1(predicted, target, C, tolerance=tolerance, average=average, ignore_index=ignored)
        assert found == pytest.approx(expected[average])


def test_it_is_scikit_images_boundaries_and_scipys_distances_put_together():
    predicted, target = case(5, (1, 30, 40))
    p, t = (find_boundaries((x[0] == 1).numpy(), connectivity=1, mode="inner") for x in (predicted, target))
    precision = (distance_transform_edt(~t)[p] <= 1).mean()
    recall = (distance_transform_edt(~p)[t] <= 1).mean()
    scores = boundary_scores(predicted, target, 3, tolerance=1)
    assert scores.precision[0, 1] == pytest.approx(precision) and scores.recall[0, 1] == pytest.approx(recall)
    assert precision != pytest.approx(recall)


# The tolerance.

def square(y, x, side=6, shape=(1, 24, 26)):
    mask = torch.zeros(shape, dtype=torch.int64)
    mask[:, y:y + side, x:x + side] = 1
    return mask


@pytest.mark.parametrize("shift, tolerance, expected", [
    ((0, 1), 1.0, 1.0), ((0, 2), 2.0, 1.0), ((1, 1), 1.0, None), ((1, 1), 1.42, 1.0), ((9, 9), 2.0, 0.0)])
def test_the_tolerance_is_euclidean_and_inclusive(shift, tolerance, expected):
    found = boundary_f1(square(5 + shift[0], 6 + shift[1]), square(5, 6), 2, tolerance=tolerance,
                        background=False)
    assert found == expected if expected is not None else 0 < found < 1


def test_without_tolerance_pixels_must_be_the_same():
    predicted, target = case()
    same = boundary_pixels(predicted, 3) & boundary_pixels(target, 3)
    expected = same.sum((2, 3)) / boundary_pixels(predicted, 3).sum((2, 3))
    found = boundary_scores(predicted, target, 3, tolerance=0).precision
    torch.testing.assert_close(found, expected.double(), equal_nan=True, rtol=1e-6, atol=0)


def test_more_tolerance_is_never_worse():
    predicted, target = case()
    for average in AVERAGES:
        figures = [boundary_f1(predicted, target, 3, tolerance=t, average=average) for t in (0, 1, 2, 3, 99)]
        assert figures == sorted(figures) and figures[0] < figures[-1] == 1
    assert boundary_f1(predicted, target, 3) == boundary_f1(predicted, target, 3, tolerance=2.0, average="class")


# Empty cases.

def test_one_side_without_boundary_is_0_and_neither_is_nan():
    target, nothing = square(5, 6), torch.zeros(1, 24, 26, dtype=torch.int64)
    missed, invented = boundary_scores(nothing, target, 3), boundary_scores(target, nothing, 3)
    for scores in (missed, invented):
        assert scores.f1[0, 1] == 0 and scores.f1[0, 2].isnan()
    assert missed.precision[0, 1].isnan() and missed.recall[0, 1] == 0
    assert invented.recall[0, 1].isnan() and invented.precision[0, 1] == 0
    for average in AVERAGES:
        assert boundary_f1(nothing, target, 3, average=average, background=False) == 0
        assert boundary_f1(target, nothing, 3, average=average, background=False) == 0
        assert math.isnan(boundary_f1(nothing, nothing, 3, average=average))  # class 0 fills both
        assert math.isnan(boundary_f1(nothing[:0], nothing[:0], 3, average=average))
        assert math.isnan(boundary_f1(target, nothing + IGNORED, 3, average=average, ignore_index=IGNORED))


def test_images_and_classes_without_boundary_are_left_out():
    target = torch.cat([square(5, 6), square(0, 0, 0)])
    predicted = torch.cat([square(5, 7), square(0, 0, 0)])
    for average in AVERAGES:
        expected = boundary_f1(predicted[:1], target[:1], 2, tolerance=0.5, average=average)
        assert boundary_f1(predicted, target, 9, tolerance=0.5, average=average) == pytest.approx(expected)
        assert 0 < expected < 1


def test_the_averages_differ_and_background_can_be_left_out():
    target = torch.cat([square(2, 2, 18), square(5, 6, 3), 2 * square(5, 6, 4)])
    predicted = torch.cat([square(2, 2, 18), square(5, 12, 3), 2 * square(5, 7, 4)])
    found = {(a, b): boundary_f1(predicted, target, 3, tolerance=0.5, average=a, background=b)
             for a in AVERAGES for b in (True, False)}
    assert len({round(f, 6) for f in found.values()}) == 6
    f1 = boundary_scores(predicted, target, 3, tolerance=0.5).f1
    assert found["image", False] == pytest.approx(f1[:, 1:].nanmean(1).mean().item())
    assert f1[0, 1] == 1 and f1[1, 1] == 0


def test_an_ignored_class_has_no_figure():
    predicted, target = case()
    f1 = boundary_scores(predicted, target, 3, ignore_index=0).f1
    assert f1[:, 0].isnan().all() and not f1[:, 1].isnan().all()


def test_what_is_ignored_makes_no_boundary():
    target = square(5, 6)
    predicted = target.clone()
    predicted[0, 5:11, 12:20] = 1  # the object is predicted far too long
    assert boundary_f1(predicted, target, 2, background=False) < 0.9
    target[0, :, 12:] = IGNORED
    assert boundary_f1(predicted, target, 2, tolerance=0, ignore_index=IGNORED) == 1
    assert not boundary_pixels(target.clamp(max=1), 2, target != IGNORED)[0, 1, 6:10, 11].any()


# All the rest.

def test_classes_do_not_touch_each_others_figures_and_shuffles_change_nothing():
    predicted, target = case()
    f1 = boundary_scores(predicted, target, 3).f1
    for c in range(3):
        alone = boundary_scores(predicted == c, target == c, 2).f1[:, 1]
        torch.testing.assert_close(f1[:, c], alone, equal_nan=True)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(boundary_scores(predicted[order], target[order], 3).f1, f1[order], equal_nan=True)
    turned = boundary_scores(predicted.mT.flip(1), target.mT.flip(1), 3).f1
    torch.testing.assert_close(turned, f1, equal_nan=True)
    torch.testing.assert_close(boundary_scores(target, predicted, 3).f1, f1, equal_nan=True)


def test_any_device_and_whole_dtype(device):
    predicted, target = case()
    expected = boundary_f1(predicted, target, 3)
    assert boundary_f1(predicted.to(device), target.to(device), 3) == expected
    assert boundary_f1(predicted.to(torch.uint8), target.int(), 3) == expected


P, T = case()


@pytest.mark.parametrize("call, message", [
    (lambda: boundary_f1(P, T, 3, average="macro"), "average must be one of 'class', 'image', 'global'"),
    (lambda: boundary_f1(P, T, 3, tolerance=-1), "tolerance must be at least 0 pixels, got -1"),
    (lambda: boundary_f1(P, T, 3, tolerance=float("nan")), "tolerance must be at least 0 pixels, got nan"),
    (lambda: boundary_f1(P[0], T[0], 3), r"predicted must have shape \(B, H, W\), got \(9, 13\)"),
    (lambda: boundary_f1(P, T[:2], 3), "must have one shape"),
    (lambda: boundary_f1(P.float(), T, 3), "predicted must be .* whole numbers"),
    (lambda: boundary_f1(P, T, 2), "target must hold classes 0 to 1, got 2"),
    (lambda: boundary_scores(P, T, 1), "num_classes must be .* at least 2"),
])
def test_bad_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
