import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from course_lib.training import dice, image_ious, iou, pixel_accuracy

C, IGNORED = 4, 255
AVERAGES = ("class", "image", "global")
REFERENCES = [(iou, jaccard_score), (dice, f1_score)]


def case(seed=0, shape=(6, 5, 7), classes=C):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(classes, shape, generator=g), torch.randint(classes, shape, generator=g)


def flat(*tensors):
    return [t.flatten().numpy() for t in tensors]


# References.

@pytest.mark.parametrize("metric, reference", REFERENCES)
@pytest.mark.parametrize("average, name", [("class", "macro"), ("global", "micro")])
def test_pooled_averages_are_scikit_learns(metric, reference, average, name):
    predicted, target = case()
    p, t = flat(predicted, target)
    expected = reference(t, p, average=name)
    assert metric(predicted, target, C, average=average) == pytest.approx(expected)
    # Three classes more that never occur change nothing.
    assert metric(predicted, target, C + 3, average=average) == pytest.approx(expected)
    foreground = reference(t, p, average=name, labels=[1, 2, 3])
    assert metric(predicted, target, C, average=average, background=False) == pytest.approx(foreground)


@pytest.mark.parametrize("metric, reference", REFERENCES)
def test_the_mean_over_images_is_scikit_learns_of_each_image(metric, reference):
    predicted, target = case(shape=(6, 2, 3))  # so few pixels that classes are missing
    each = [reference(*flat(t, p), average="macro") for p, t in zip(predicted, target)]
    assert metric(predicted, target, C, average="image") == pytest.approx(sum(each) / 6)


@pytest.mark.parametrize("metric, reference", REFERENCES)
def test_of_binary_masks_the_foreground_by_image_is_scikit_learns_samples(metric, reference):
    predicted, target = case(classes=2)
    expected = reference(target.flatten(1).numpy(), predicted.flatten(1).numpy(), average="samples")
    assert metric(predicted, target, 2, average="image", background=False) == pytest.approx(expected)
    expected = reference(*flat(target, predicted))
    for average in ("class", "global"):
        assert metric(predicted, target, 2, average=average, background=False) == pytest.approx(expected)


def test_pixel_accuracy_is_scikit_learns():
    predicted, target = case()
    assert pixel_accuracy(predicted, target) == pytest.approx(accuracy_score(*flat(target, predicted)))
    assert pixel_accuracy(predicted > 1, target > 1) == pytest.approx(
        accuracy_score(*flat(target > 1, predicted > 1)))


# The three averages, by hand.

def two_images():
    """A large object found but for one pixel of 16; a small one found by half, and none of class 2."""
    target = torch.zeros(2, 4, 8, dtype=torch.int64)
    target[0, :, :4] = 1
    target[1, 0, :2] = 1
    predicted = target.clone()
    predicted[0, 0, 0] = predicted[1, 0, 0] = 0
    return predicted, target


@pytest.mark.parametrize("average, with_background, foreground", [
    ("class", (16 / 18 + 46 / 48) / 2, 16 / 18),
    ("image", ((15 / 16 + 16 / 17) / 2 + (1 / 2 + 30 / 31) / 2) / 2, (15 / 16 + 1 / 2) / 2),
    ("global", (16 + 46) / (18 + 48), 16 / 18),
])
def test_each_average_is_what_its_name_says(average, with_background, foreground):
    predicted, target = two_images()
    assert iou(predicted, target, 3, average=average) == pytest.approx(with_background)
    assert iou(predicted, target, 3, average=average, background=False) == pytest.approx(foreground)


def test_class_is_the_default():
    predicted, target = case()
    for metric in (iou, dice):
        assert metric(predicted, target, C) == metric(predicted, target, C, average="class")


def test_a_class_in_neither_is_left_out_and_an_invented_or_missed_one_counts_0():
    target = torch.tensor([[[0, 0, 0, 2]]])
    predicted = torch.tensor([[[0, 0, 1, 0]]])
    for average in ("class", "image"):
        assert iou(predicted, target, 9, average=average) == pytest.approx(2 / 4 / 3)
        assert iou(predicted, target, 9, average=average, background=False) == 0


def test_an_image_without_foreground_is_left_out_unless_some_is_invented():
    predicted, target = two_images()
    target[1] = predicted[1] = 0
    for average in AVERAGES:
        assert iou(predicted, target, 2, average=average, background=False) == pytest.approx(15 / 16)
    assert image_ious(predicted, target, 2, background=False)[1].isnan()
    assert image_ious(predicted, target, 2)[1] == 1
    predicted[1, 3, 3] = 1
    assert iou(predicted, target, 2, average="image", background=False) == pytest.approx(15 / 32)
    assert iou(predicted, target, 2, average="class", background=False) == pytest.approx(15 / 17)


@pytest.mark.parametrize("metric", [iou, dice])
def test_of_nothing_the_figure_is_nan(metric):
    empty = torch.zeros(2, 3, 3, dtype=torch.int64)
    for average in AVERAGES:
        assert math.isnan(metric(empty, empty, 3, average=average, background=False))
        assert math.isnan(metric(empty, empty + IGNORED, 3, average=average, ignore_index=IGNORED))
        assert math.isnan(metric(empty[:0], empty[:0], 3, average=average))
    assert math.isnan(pixel_accuracy(empty, empty, ignore_index=0))
    assert math.isnan(pixel_accuracy(empty[:0], empty[:0]))


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("metric", [iou, dice])
def test_ignored_pixels_count_nowhere(metric, average):
    predicted, target = case()
    expected = metric(predicted[..., 2:], target[..., 2:], C, average=average)
    target[..., :2], predicted[..., :2] = IGNORED, 99
    assert metric(predicted, target, C, average=average, ignore_index=IGNORED) == pytest.approx(expected)
    accuracy = pixel_accuracy(predicted[..., 2:], target[..., 2:])
    assert pixel_accuracy(predicted, target, ignore_index=IGNORED) == pytest.approx(accuracy)


def test_an_image_of_ignored_pixels_is_left_out():
    predicted, target = case()
    expected = iou(predicted[1:], target[1:], C, average="image")
    target[0] = IGNORED
    assert iou(predicted, target, C, average="image", ignore_index=IGNORED) == pytest.approx(expected)


def test_an_ignored_class_has_no_part_in_any_average():
    target, predicted = torch.tensor([[[0, 0, 1, 1]]]), torch.tensor([[[0, 1, 1, 0]]])
    for average in AVERAGES:  # the last pixel is a miss of class 1; of class 0 nothing is known
        assert iou(predicted, target, 2, average=average, ignore_index=0) == 0.5


def test_image_ious_are_those_of_each_image_alone(device):
    predicted, target = case(shape=(6, 2, 3))
    target[2, 0] = IGNORED
    found = image_ious(predicted.to(device), target.to(device), C, ignore_index=IGNORED)
    alone = [iou(p[None], t[None], C, ignore_index=IGNORED) for p, t in zip(predicted, target)]
    torch.testing.assert_close(found, torch.tensor(alone, dtype=torch.float64))
    assert found.mean().item() == pytest.approx(
        iou(predicted, target, C, average="image", ignore_index=IGNORED))


def test_averages_can_change_the_winner():
    """What the names are for: one model finds the large object, one the small ones."""
    target = torch.zeros(3, 4, 8, dtype=torch.int64)
    target[0, :, :5], target[1:, 0, :2] = 1, 1
    large, small = target.clone(), target.clone()
    large[1:], small[0, :, :2] = 0, 0
    first, second = ({a: iou(p, target, 2, average=a, background=False) for a in AVERAGES}
                     for p in (large, small))
    assert first["class"] > second["class"] and first["image"] < second["image"]


# Properties.

maps = st.integers(0, 10 ** 6).map(lambda seed: case(seed, (3, 3, 4), classes=2 + seed % 3))


@pytest.mark.parametrize("average", AVERAGES)
@given(pair=maps)
def test_properties(average, pair):
    predicted, target = pair
    both = {m: m(predicted, target, C, average=average) for m in (iou, dice)}
    assert 0 <= both[iou] <= both[dice] <= 1
    for metric, figure in both.items():
        assert metric(target, predicted, C, average=average) == pytest.approx(figure)
        assert metric(target, target, C, average=average) == 1
        renamed = torch.tensor([3, 1, 0, 2])
        assert metric(renamed[predicted], renamed[target], C, average=average) == pytest.approx(figure)
        assert metric(predicted.flip(0, 2), target.flip(0, 2), C, average=average) == pytest.approx(figure)
        twice = [x.repeat(2, 1, 1) for x in pair]
        assert metric(*twice, C, average=average) == pytest.approx(figure)


@given(pair=maps)
def test_globally_dice_follows_from_iou(pair):
    j, d = (metric(*pair, C, average="global") for metric in (iou, dice))
    assert d == pytest.approx(2 * j / (1 + j))


# Bad input.

P, T = case()


@pytest.mark.parametrize("metric", [iou, dice])
@pytest.mark.parametrize("predicted, target, classes, options, message", [
    (P, T, C, {"average": "macro"}, "average must be one of 'class', 'image', 'global', got 'macro'"),
    (P[0], T[0], C, {}, r"predicted must have shape \(B, H, W\), got \(5, 7\)"),
    (P[:, None].expand(-1, C, -1, -1).float(), T, C, {}, "predicted must be .* whole numbers .* torch.float32"),
    (P, T[:5], C, {}, r"one shape, got \(6, 5, 7\) and \(5, 5, 7\)"),
    (P, T.float(), C, {}, "target must be .* whole numbers"),
    (P, T, 3, {}, "target must hold classes 0 to 2, got 3"),
    (P + 1, T, C, {}, "predicted must hold classes 0 to 3, got 4"),
    (P, T, 1, {}, "num_classes must be .* at least 2, got 1"),
])
def test_bad_input_is_refused_in_words(metric, predicted, target, classes, options, message):
    with pytest.raises(ValueError, match=message):
        metric(predicted, target, classes, **options)


def test_pixel_accuracy_refuses_shapes_that_would_broadcast_and_floats():
    with pytest.raises(ValueError, match=r"one shape, got \(6, 5, 7\) and \(1, 5, 7\)"):
        pixel_accuracy(P, T[:1])
    with pytest.raises(ValueError, match="predicted must be .* torch.float32"):
        pixel_accuracy(P.float(), T)
    with pytest.raises(ValueError, match="target must be"):
        pixel_accuracy(P, T.float())
