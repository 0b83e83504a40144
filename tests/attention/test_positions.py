import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.attention import sincos_positions_1d


@settings(deadline=None, max_examples=20)
@given(length=st.integers(0, 9), half=st.integers(1, 6), base=st.sampled_from([10000.0, 100.0, 2.0]))
def test_equals_the_formula_cell_by_cell(length, half, base):
    dim = 2 * half
    want = torch.zeros(length, dim)
    for position in range(length):
        for i in range(half):
            angle = position / base ** (2 * i / dim)
            want[position, 2 * i] = math.sin(angle)
            want[position, 2 * i + 1] = math.cos(angle)
    assert_close(sincos_positions_1d(length, dim, base=base), want, rtol=0, atol=1e-6)


def test_a_shift_is_a_rotation():
    waves = sincos_positions_1d(50, 16, dtype=torch.float64)
    similarity = waves @ waves.T  # (50, 50): depends on the distance alone
    for distance in range(50):
        diagonal = similarity.diagonal(distance)
        assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert_close(similarity.diagonal(), torch.full((50,), 8.0, dtype=torch.float64))


def test_far_positions_are_exact_and_all_differ():
    waves = sincos_positions_1d(100_001, 4)
    assert waves[-1, 0].item() == pytest.approx(math.sin(100_000), abs=1e-6)
    assert len(waves[:1000].unique(dim=0)) == 1000


def test_device_and_dtype(device):
    waves = sincos_positions_1d(3, 4, device=device, dtype=torch.bfloat16)
    assert waves.device.type == device and waves.dtype == torch.bfloat16
    assert sincos_positions_1d(3, 4).dtype == torch.float32
    assert sincos_positions_1d(3, 4, device="meta").shape == (3, 4)
    assert sincos_positions_1d(3, 4).is_contiguous()


@pytest.mark.parametrize(
    "args, options, sentence",
    [
        ((3, 5), {}, "dim must be even .* got 5"),
        ((3, 0), {}, "dim must be even .* got 0"),
        ((-1, 4), {}, "length must not be negative, got -1"),
        ((3, 4), {"base": 0.0}, "base must be positive, got 0.0"),
    ],
)
def test_bad_input(args, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        sincos_positions_1d(*args, **options)
