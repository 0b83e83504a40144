"""The recipe that chapter 5's experiments share."""

import pytest
import torch

from course_lib.data import digits
from course_lib.experiments.digit_training import (
    PAPER,
    SmallCNN,
    accuracy,
    augment,
    count_parameters,
    labelled_digits,
    make_vit,
    moved,
    sampled,
    standardized,
    train,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def as_rows(images):
    return {tuple(image.flatten().tolist()) for image in images}


def test_three_parts_that_share_nothing():
    (learned, a), (held_out, b), (tested, c) = labelled_digits()
    assert [len(part) for part in (learned, a, held_out, b, tested, c)] == [1300, 1300, 142, 142, 355, 355]
    parts = [as_rows(part) for part in (learned, held_out, tested)]
    assert not any(parts[i] & parts[j] for i in range(3) for j in range(i))
    assert torch.equal(tested, standardized(digits("test")[0])) and torch.equal(c, digits("test")[1])


def test_labels_stay_with_their_digits():
    images, labels = digits("train")
    known = dict(zip((tuple(i.flatten().tolist()) for i in standardized(images)), labels.tolist()))
    for images, labels in labelled_digits()[:2]:
        assert [known[tuple(i.flatten().tolist())] for i in images] == labels.tolist()


def test_pixels_have_a_mean_of_0_and_a_spread_of_1():
    images = standardized(digits("train")[0])
    assert abs(images.mean()) < 0.01 and abs(images.std() - 1) < 0.01
    assert images.min() == pytest.approx(PAPER)


def test_networks_are_of_one_size():
    assert abs(count_parameters(SmallCNN()) / count_parameters(make_vit()) - 1) < 0.05


def test_a_frozen_parameter_is_not_counted():
    model = make_vit()
    before = count_parameters(model)
    model.pos_embed.requires_grad_(False)
    assert count_parameters(model) == before - 16 * 64


def test_an_identity_map_leaves_images_alone():
    images = standardized(digits("test")[0][:5])
    rows = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(5, -1, -1)
    torch.testing.assert_close(sampled(images, rows), images)


def test_what_comes_from_outside_is_paper():
    rows = torch.tensor([[[1.0, 0, 100], [0, 1, 0]]])
    torch.testing.assert_close(sampled(torch.ones(1, 1, 8, 8), rows), torch.full((1, 1, 8, 8), PAPER))


def bar(height=8, width=8):
    images = torch.full((200, 1, height, width), PAPER)
    images[..., 3:5, 1:7] = PAPER + 1
    return images


def centres(images):
    """Middle of the ink of each image, (n, 2), in pixels, row and column."""
    ink = images[:, 0] - PAPER
    sums = [(ink.sum(axis) * torch.arange(8.0)).sum(1) for axis in (2, 1)]
    return torch.stack(sums, 1) / ink.sum((1, 2))[:, None]


def test_shifts_reach_half_a_pixel_and_no_further():
    found = centres(moved(bar(), generator(), degrees=0, scale=0)) - 3.5
    assert found.abs().max() < 0.501
    assert (found.amax(0) > 0.45).all() and (found.amin(0) < -0.45).all()


def test_turns_and_scales_reach_what_they_say():
    turned = moved(bar(), generator(), shift=0, degrees=90, scale=0)
    tall = ((turned[:, 0] - PAPER) > 0.5).any(2).sum(1)
    assert tall.max() >= 6 and tall.min() <= 2
    scaled = (moved(bar(), generator(), shift=0, degrees=0, scale=0.1) - PAPER).sum((1, 2, 3)) / 12
    assert 0.8 < scaled.min() < 0.9 and 1.15 < scaled.max() < 1.3
    still = moved(bar(), generator(), shift=0, degrees=0, scale=0)
    torch.testing.assert_close(still, bar())


def test_augmentation_follows_its_generator_and_leaves_labels():
    images, labels = labelled_digits()[2]
    one, again, other = (augment(images, labels, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(one[0], again[0]) and not torch.equal(one[0], other[0])
    assert torch.equal(one[1], labels) and one[0].shape == images.shape


def test_training_follows_its_seed_and_learns():
    (images, labels), _, _ = labelled_digits()

    def figures(seed, steps=30):
        torch.manual_seed(0)
        model = SmallCNN()
        history = train(model, images, labels, steps=steps, seed=seed)
        return history.loss, accuracy(model, images, labels), model.training

    before = torch.get_num_threads()
    one, again, other = figures(1), figures(1), figures(2)
    assert one == again and one[0] != other[0]
    assert one[1] > 0.6 and not one[2]
    assert torch.get_num_threads() == before


def test_training_runs_on_one_thread_whatever_was_set():
    """More threads add up in another order, and the figures would depend on the machine."""
    seen, before = [], torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(make_vit(), *labelled_digits()[1], steps=1, evaluate=lambda _: seen.append(torch.get_num_threads()) or {})
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_loss_of_ones_own_takes_the_place_of_cross_entropy():
    images = labelled_digits()[0][0]
    model = make_vit(1)
    history = train(model, images, torch.zeros(len(images)), steps=3, augment=None,
                    loss=lambda said, _: 0 * said.sum() + 7)
    assert history.loss == [7, 7, 7]


def test_accuracy_is_the_share_of_right_classes():
    model = torch.nn.Identity()
    assert accuracy(model, torch.eye(4), torch.tensor([0, 1, 2, 0])) == 0.75
