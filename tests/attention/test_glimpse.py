"""glimpses against a loop over pixels that asks of each one: is it in the image?"""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck
from torch.testing import assert_close

from course_lib.attention import glimpse_pixels, glimpses, place_centres

PLACES = st.floats(-3, 3, width=32)


def start(place, length, side):
    return math.floor((place + 1) / 2 * length - side / 2 + 0.5)


def loops(image, centres, size, num_scales):
    """The slow twin: one block of one channel of one window at a time. Also says what it read."""
    batch, channels, height, width = image.shape
    out = torch.zeros(batch, num_scales, channels, size, size)
    read = torch.zeros(batch, height, width, dtype=torch.bool)
    for b in range(batch):
        y, x = centres[b].tolist()
        for s in range(num_scales):
            top, left = start(y, height, size * 2**s), start(x, width, size * 2**s)
            for i in range(size * 2**s):
                for j in range(size * 2**s):
                    if 0 <= top + i < height and 0 <= left + j < width:
                        read[b, top + i, left + j] = True
                        out[b, s, :, i // 2**s, j // 2**s] += image[b, :, top + i, left + j] / 4**s
    return out, read


@given(
    channels=st.integers(1, 2),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    size=st.integers(1, 4),
    num_scales=st.integers(1, 3),
    centres=st.lists(st.tuples(PLACES, PLACES), max_size=3),
)
def test_equals_loops(channels, height, width, size, num_scales, centres):
    # In steps of 1/64 of a half: the loop, in float64, and float32 then agree about every half pixel.
    centres = (torch.tensor(centres).reshape(-1, 2) * 64).round() / 64
    offset = torch.tensor([1 / (97 * height), 1 / (97 * width)])  # and none of them is a tie
    centres = centres + offset
    image = torch.randn(len(centres), channels, height, width)
    before = image.clone(), centres.clone()
    want, read = loops(image, centres, size, num_scales)
    assert_close(glimpses(image, centres, size, num_scales), want, rtol=1e-5, atol=1e-6)
    assert torch.equal(glimpse_pixels(centres, (height, width), size, num_scales), read)
    assert torch.equal(image, before[0]) and torch.equal(centres, before[1])


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(1, 6), data=st.data()
)
def test_is_exact_at_whole_pixels(height, width, size, data):
    """For every first row and column, also outside: the centre that means it gives just that crop."""
    top = data.draw(st.integers(-size - 2, height + 2))
    left = data.draw(st.integers(-size - 2, width + 2))
    image = torch.randn(1, 2, height, width)
    centre = torch.tensor([[(2 * top + size) / height - 1, (2 * left + size) / width - 1]])
    far = size + 2
    padded = F.pad(image, (far, far + size, far, far + size))
    want = padded[:, :, top + far : top + far + size, left + far : left + far + size]
    assert torch.equal(glimpses(image, centre, size)[:, 0], want)


def test_the_middle_of_a_place_reads_that_place():
    image = torch.randn(1, 2, 5, 7)
    middles = place_centres(5, 7)
    for i in range(5):
        for j in range(7):
            assert torch.equal(glimpses(image, middles[i, j][None], 1)[0, 0, :, 0, 0], image[0, :, i, j])


def test_height_comes_first():
    image = torch.zeros(1, 1, 4, 8)
    image[..., -1, 0] = 1  # bottom left
    assert glimpses(image, torch.tensor([[1.0, -1.0]]), 2).sum() == 1
    assert glimpses(image, torch.tensor([[-1.0, 1.0]]), 2).sum() == 0


def test_scales_are_means_of_wider_windows_round_one_middle():
    image = torch.randn(2, 3, 16, 24)
    middle = torch.zeros(2, 2)
    fine, coarse, coarser = glimpses(image, middle, 4, 3).unbind(1)
    assert torch.equal(fine, image[:, :, 6:10, 10:14])
    assert_close(coarse, F.avg_pool2d(image[:, :, 4:12, 8:16], 2))
    assert_close(coarser, F.avg_pool2d(image[:, :, :, 4:20], 4))


@pytest.mark.parametrize("edge", [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)])
def test_three_quarters_of_a_glimpse_at_a_corner_are_padding(edge):
    image = torch.ones(1, 1, 6, 10)
    assert glimpses(image, torch.tensor([edge]), 4).sum() == 4
    assert glimpse_pixels(torch.tensor([edge]), (6, 10), 4).sum() == 4
    # Zeros are counted in the mean at the border: a block half outside is half as bright.
    assert_close(glimpses(image, torch.tensor([edge]), 2, 2)[0, 1].sum(), torch.tensor(1.0))


@pytest.mark.parametrize("far", [1e3, -1e3, 1e30, -1e30])
def test_beyond_the_border_there_is_nothing(far):
    for centre in ([[far, 0.0]], [[0.0, far]]):
        assert (glimpses(torch.ones(1, 1, 6, 10), torch.tensor(centre), 3, 2) == 0).all()
        assert not glimpse_pixels(torch.tensor(centre), (6, 10), 3, 2).any()


def test_padding_hides_what_is_not_finite():
    image = torch.full((1, 1, 3, 5), float("inf"))
    assert (glimpses(image, torch.tensor([[-9.0, 0.0]]), 2) == 0).all()


def test_a_half_pixel_goes_down_and_right_everywhere():
    image = torch.arange(8.0).expand(1, 1, 8, 8)
    columns = [glimpses(image, torch.tensor([[0.0, 2 * edge / 8 - 1]]), 1).item() for edge in range(8)]
    assert columns == list(range(8))  # an odd window on a pixel's edge


def test_gradients_go_to_the_image_and_nowhere_else():
    image = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    centres = torch.tensor([[0.1, -0.2], [1.0, 0.7]], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: glimpses(x, centres, 2, 2), (image,))
    glimpses(image, centres, 2).sum().backward()
    assert centres.grad is None
    assert torch.equal(image.grad != 0, glimpse_pixels(centres, (3, 4), 2)[:, None].expand(2, 2, 3, 4))
    assert not glimpses(image.detach(), centres, 2).requires_grad


def test_distinct_pixels_of_two_glimpses():
    one, two = (glimpse_pixels(torch.tensor([c]), (8, 12), 4) for c in ([0.0, 0.0], [0.0, 2 / 6]))
    assert one.sum() == two.sum() == 16 and (one | two).sum() == 24


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes_and_devices(dtype, device):
    image, centres = torch.randn(2, 3, 5, 9), torch.tensor([[0.1, -0.4], [0.8, 1.0]])
    got = glimpses(image.to(device, dtype), centres.to(device), 3, 2)
    assert got.dtype == dtype and got.device.type == device
    assert_close(got.float().cpu(), glimpses(image, centres, 3, 2), rtol=2e-2, atol=2e-2)


def test_samples_do_not_leak_and_strides_do_not_matter():
    image, centres = torch.randn(3, 2, 5, 9), torch.rand(3, 2) * 2 - 1
    together = glimpses(image, centres, 3, 2)
    assert torch.equal(glimpses(image[1:2], centres[1:2], 3, 2), together[1:2])
    assert torch.equal(glimpses(image.transpose(2, 3).contiguous().transpose(2, 3), centres, 3, 2), together)


IMAGE, CENTRES = torch.zeros(2, 1, 4, 6), torch.zeros(2, 2)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: glimpses(IMAGE[0], CENTRES, 2), r"image must be \(B, C, H, W\) .*got shape \(1, 4, 6\)"),
        (lambda: glimpses(IMAGE[:, :, :0], CENTRES, 2), r"with a pixel or more, got shape \(2, 1, 0, 6\)"),
        (lambda: glimpses(IMAGE.byte(), CENTRES, 2), r"image must be a floating-point tensor, got torch"),
        (lambda: glimpses(IMAGE, CENTRES.long(), 2), r"centres must be a floating-point tensor"),
        (lambda: glimpses(IMAGE, CENTRES[0], 2), r"centres must be \(B, 2\), each \(y, x\), got shape"),
        (lambda: glimpses(IMAGE, CENTRES[:1], 2), r"centres must have shape \(2, 2\) here, got \(1, 2\)"),
        (lambda: glimpses(IMAGE, torch.zeros(2, 3), 2), r"centres must have shape \(2, 2\) here, got"),
        (lambda: glimpses(IMAGE, CENTRES, 0), r"size and num_scales must be at least 1, got 0 and 1"),
        (lambda: glimpses(IMAGE, CENTRES, 2, 0), r"size and num_scales must be at least 1, got 2 and 0"),
        (lambda: glimpse_pixels(CENTRES, (0, 6), 2), r"img_size must be at least 1 by 1.*got \(0, 6\)"),
        (lambda: glimpse_pixels(CENTRES[0], (4, 6), 2), r"centres must be \(B, 2\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
