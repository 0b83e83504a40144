"""Looker: the window around one place must be what the convolution sees of it, and nothing else may be read."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.attention import glimpse_pixels
from course_lib.models import Looker
from course_lib.models.looker import overview


@settings(max_examples=20)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 2),
    rows=st.integers(1, 4),
    cols=st.integers(1, 5),
    stride=st.integers(1, 4),
    wider=st.integers(0, 4),
)
def test_one_place_equals_that_place_of_all(batch, channels, rows, cols, stride, wider):
    model = Looker(3, in_chans=channels, stride=stride, size=stride + 2 * wider, dim=5)
    image = torch.randn(batch, channels, rows * stride, cols * stride)
    features = model.features(image)
    assert features.shape == (batch, 5, rows, cols) and model.scores(image).shape == (batch, 1, rows, cols)
    for place in range(rows * cols):
        one = model.features_at(image, torch.full((batch,), place))
        assert_close(one, features.flatten(2)[:, :, place], rtol=1e-4, atol=1e-5)


def test_reads_the_overview_and_one_window():
    """Other numbers everywhere else must change nothing."""
    model, image = Looker(3, stride=3, size=5), torch.randn(2, 1, 12, 18)
    place = torch.tensor([7, 23])
    read = glimpse_pixels(model.centres(image)[place], (12, 18), 5)
    overview(read[:, None], 3)[:] = True
    elsewhere = torch.where(read[:, None], image, 1e3)
    assert torch.equal(model.features_at(image, place), model.features_at(elsewhere, place))
    assert torch.equal(model.scores(image), model.scores(elsewhere))
    assert read.float().mean() < 0.25


def test_an_overview_is_the_middle_of_every_cell():
    image = torch.arange(36.0).view(1, 1, 6, 6)
    assert overview(image, 3).flatten().tolist() == [7, 10, 25, 28]
    assert torch.equal(overview(image, 1), image)


def test_every_part_learns():
    model, image = Looker(3, stride=2, size=4), torch.randn(2, 1, 8, 6)
    weighted = (model.features(image) * model.scores(image).sigmoid()).sum((2, 3))
    model.classifier(weighted).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("options", [{"stride": 0}, {"dim": 0}, {"size": 2}, {"stride": 3, "size": 6}])
def test_wrong_sizes(options):
    with pytest.raises(ValueError, match="at least 1|plus an even number"):
        Looker(3, **options)


@pytest.mark.parametrize("shape", [(1, 1, 7, 6), (1, 6, 6), (1, 1, 0, 6)])
def test_wrong_images(shape):
    with pytest.raises(ValueError, match=r"multiples of the stride 3, got shape \(1"):
        Looker(3).scores(torch.zeros(shape))
