"""Colours made comparable: mean 0, identity covariance, clear refusals."""

import pytest
import torch

from course_lib.data import photo
from course_lib.data.colors import equal_colors


def test_mean_and_covariance():
    pixels = equal_colors(photo("cat", size=(40, 56))).flatten(1)
    torch.testing.assert_close(pixels.mean(1), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(pixels), torch.eye(3), atol=1e-3, rtol=0)


def test_places_stay_where_they_are():
    image = photo("cat", size=(12, 20))
    turned = equal_colors(image.flip(-1)).flip(-1)
    torch.testing.assert_close(turned, equal_colors(image), atol=1e-3, rtol=1e-3)


def test_one_channel_is_standardised():
    grey = equal_colors(photo("camera", max_side=30))
    assert grey.shape[0] == 1
    torch.testing.assert_close(grey.std(), torch.tensor(1.0), atol=1e-3, rtol=0)


@pytest.mark.parametrize("image", [
    torch.rand(1, 8, 8).expand(3, 8, 8), torch.ones(3, 4, 4), torch.rand(4, 4), torch.randint(255, (3, 4, 4)),
])
def test_refusals(image):
    with pytest.raises(ValueError, match="picture|image"):
        equal_colors(image)
