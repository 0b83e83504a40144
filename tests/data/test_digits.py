"""The digits are real, and their split never changes."""

import hashlib

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from course_lib import data
from course_lib.data.digits import digit_indices

# Of the test indices as little-endian int64, and of all pixels as bytes.
SPLIT_SHA256 = "f169ac7f88a6056159147defc4b4a795976fc25cda8160bd80f79271c567a30a"
LEVELS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"


@pytest.mark.parametrize("split, count", [("train", 1442), ("test", 355)])
def test_shapes_types_and_range(split, count):
    images, labels = data.digits(split)
    assert images.shape == (count, 1, 8, 8) and images.dtype == torch.float32
    assert labels.shape == (count,) and labels.dtype == torch.int64
    assert images.min() == 0 and images.max() == 1


def test_splits_share_nothing_and_cover_everything():
    train, test = digit_indices("train"), digit_indices("test")
    assert not set(train) & set(test)
    assert sorted([*train, *test]) == list(range(1797))


def test_no_picture_occurs_on_both_sides():
    train = {image.numpy().tobytes() for image in data.digits("train")[0]}
    test = {image.numpy().tobytes() for image in data.digits("test")[0]}
    assert not train & test


def test_classes_are_balanced():
    for split in ("train", "test"):
        counts = np.bincount(data.digits(split)[1])
        assert counts.min() / counts.max() > 0.9


def test_split_and_pixels_are_pinned():
    assert hashlib.sha256(digit_indices("test").astype("<i8").tobytes()).hexdigest() == SPLIT_SHA256
    levels = load_digits().data.astype(np.uint8)
    assert hashlib.sha256(levels.tobytes()).hexdigest() == LEVELS_SHA256


def test_images_belong_to_their_labels():
    bunch = load_digits()
    for split in ("train", "test"):
        images, labels = data.digits(split)
        for row in (0, 17, len(labels) - 1):
            index = digit_indices(split)[row]
            assert (images[row, 0].double().numpy() * 16 == bunch.images[index]).all()
            assert labels[row] == bunch.target[index]


def test_a_caller_cannot_spoil_the_digits_for_the_next():
    images, labels = data.digits("train")
    first = images.clone()
    images.zero_()
    labels.fill_(-1)
    again, labels_again = data.digits("train")
    assert torch.equal(again, first) and labels_again.min() == 0


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="'train' or 'test', got 'valid'"):
        data.digits("valid")
