import math

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from course_lib.training import boundary_loss, cross_entropy, signed_distance

IGNORED = 255


def random_target(classes=3, shape=(2, 6, 8), seed=0):
    return torch.randint(classes, shape, generator=torch.Generator().manual_seed(seed))


def by_brute_force(target, classes, ignored=None):
    """(H, W) -> (C, H, W), over all pairs of pixels."""
    places = torch.cartesian_prod(*(torch.arange(n) for n in target.shape)).tolist()
    distance = torch.zeros(classes, *target.shape)
    for c in range(classes):
        inside = [p for p in places if target[tuple(p)] == c]
        outside = [p for p in places if target[tuple(p)] not in (c, ignored)]
        if inside and outside:
            for p in inside:
                distance[(c, *p)] = 0.5 - min(math.dist(p, q) for q in outside)
            for p in outside:
                distance[(c, *p)] = min(math.dist(p, q) for q in inside) - 0.5
    return distance


def disc(y, x, radius=5.0, shape=(24, 30)):
    rows, columns = (torch.arange(n) for n in shape)
    return (((rows[:, None] - y) ** 2 + (columns - x) ** 2) <= radius ** 2).long()[None]


@pytest.mark.parametrize("ignored", [None, IGNORED])
def test_signed_distance_against_all_pairs_of_pixels(ignored):
    target = random_target()
    target[1, 3:, 4:] = 2
    if ignored is not None:
        target[0, :3, :5] = target[1, 5, 5] = ignored
    expected = torch.stack([by_brute_force(image, 4, ignored) for image in target])  # class 3 is nowhere
    found = signed_distance(target, 4, ignore_index=ignored)
    assert found.dtype == torch.float32 and (found[:, 3] == 0).all()
    torch.testing.assert_close(found, expected)


def test_it_is_negative_inside_and_positive_outside():
    target = random_target()
    distance = signed_distance(target, 3)
    inside = torch.nn.functional.one_hot(target).movedim(-1, 1).bool()
    assert (distance[inside] <= -0.5).all() and (distance[~inside] >= 0.5).all()


def test_the_authors_code_adds_a_half():
    """one_hot2dist of the paper's repository, in its own terms."""
    mask = disc(12, 13)
    positive, negative = mask[0].numpy().astype(bool), ~mask[0].numpy().astype(bool)
    authors = (distance_transform_edt(negative) * negative
               - (distance_transform_edt(positive) - 1) * positive).astype(np.float32)
    torch.testing.assert_close(signed_distance(mask, 1)[0, 0] + 0.5, torch.from_numpy(authors))


def test_a_binary_mask_is_the_second_of_two_classes_and_the_first_is_its_negative():
    mask = disc(12, 13)
    both = signed_distance(mask, 2)
    assert torch.equal(signed_distance(mask, 1), both[:, 1:])
    assert torch.equal(signed_distance(mask.bool(), 1), both[:, 1:])
    assert torch.equal(both[:, 0], -both[:, 1])


def test_classes_that_are_nowhere_or_everywhere_have_no_distance():
    target = torch.zeros(1, 4, 5, dtype=torch.int64)
    assert (signed_distance(target, 1) == 0).all() and (signed_distance(target, 3) == 0).all()
    assert (signed_distance(target + 1, 1) == 0).all()
    target[0, 0] = IGNORED  # what is not known is not outside
    assert (signed_distance(target, 3, ignore_index=IGNORED) == 0).all()


def test_the_loss_is_the_mean_of_probability_times_distance():
    target = random_target()
    logits = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    distance = signed_distance(target, 3)
    expected = (logits.softmax(1) * distance).mean()
    torch.testing.assert_close(boundary_loss(logits, target), expected)
    torch.testing.assert_close(boundary_loss(logits, distance), expected)
    one = logits[:, :1]
    expected = (one.sigmoid() * signed_distance(target > 0, 1)).mean()
    torch.testing.assert_close(boundary_loss(one, target > 0), expected)


def test_the_mean_is_over_the_pixels_that_count():
    target = random_target()
    target[0] = IGNORED
    logits = torch.randn(2, 3, 6, 8)
    alone = boundary_loss(logits[1:], target[1:])
    torch.testing.assert_close(boundary_loss(logits, target, ignore_index=IGNORED), alone)
    given = boundary_loss(logits, signed_distance(target, 3, ignore_index=IGNORED))
    torch.testing.assert_close(given, alone / 2)  # of distances the zeros are counted


@pytest.mark.parametrize("channels", [1, 2])
def test_it_falls_as_the_prediction_moves_to_the_truth(channels):
    target = disc(12, 15)
    losses = []
    for x in range(6, 16):
        foreground = 8.0 * (2 * disc(12, x) - 1)[:, None]
        logits = foreground if channels == 1 else torch.cat([-foreground, foreground], 1)
        losses.append(boundary_loss(logits, target).item())
    assert losses == sorted(losses, reverse=True) and len(set(losses)) == len(losses)


def test_a_false_pixel_costs_more_far_away_and_cross_entropy_does_not_care():
    target, losses, entropies = disc(12, 8), [], []
    for x in (15, 20, 28):
        logits = 8.0 * (2 * target - 1)[:, None].float()
        logits[0, 0, 12, x] = 8.0
        losses.append(boundary_loss(logits, target).item())
        entropies.append(cross_entropy(logits, target).item())
    assert losses[0] < losses[1] < losses[2]
    assert entropies[0] == pytest.approx(entropies[1]) == pytest.approx(entropies[2])


def test_a_class_that_does_not_occur_has_no_gradient():
    logits = torch.zeros(1, 1, 4, 5, requires_grad=True)
    boundary_loss(logits, torch.zeros(1, 4, 5, dtype=torch.int64)).backward()
    assert (logits.grad == 0).all()


def test_distances_stay_on_the_targets_device(device):
    target = disc(12, 13).to(device)
    distance = signed_distance(target, 2)
    assert distance.device.type == device
    assert torch.equal(distance.cpu(), signed_distance(target.cpu(), 2))
    assert signed_distance(target[:0], 2).shape == (0, 2, 24, 30)


LOGITS, TARGET = torch.zeros(2, 3, 4, 5), torch.zeros(2, 4, 5, dtype=torch.int64)


@pytest.mark.parametrize("call, message", [
    (lambda: signed_distance(TARGET[0], 3), r"target must have shape \(B, H, W\), got \(4, 5\)"),
    (lambda: signed_distance(TARGET.float(), 3), "target must be a tensor of whole numbers .* torch.float32"),
    (lambda: signed_distance(TARGET + 2, 1), "target must hold classes 0 to 1, got 2"),
    (lambda: signed_distance(TARGET + 3, 3), "target must hold classes 0 to 2, got 3"),
    (lambda: signed_distance(TARGET, 0), "num_classes must be at least 1, got 0"),
    (lambda: boundary_loss(LOGITS, LOGITS[:, :2]), r"shape of the logits, \(2, 3, 4, 5\), got \(2, 2, 4, 5\)"),
    (lambda: boundary_loss(LOGITS, TARGET.float()), r"shape of the logits, \(2, 3, 4, 5\), got \(2, 4, 5\). Classes"),
    (lambda: boundary_loss(LOGITS, LOGITS, ignore_index=0), "ignore_index goes into signed_distance"),
    (lambda: boundary_loss(LOGITS.long(), LOGITS), "logits must be a floating-point tensor"),
    (lambda: boundary_loss(LOGITS[0], LOGITS[0]), r"logits must .* got \(3, 4, 5\)"),
    (lambda: boundary_loss(LOGITS, LOGITS.to("meta")), "target and logits must be on one device"),
])
def test_bad_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
