import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import resample_abs_pos_embed
from torch.testing import assert_close

from course_lib.attention import interpolate_positions, sincos_positions_1d, sincos_positions_2d


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


# --- two dimensions ---


@settings(deadline=None, max_examples=20)
@given(height=st.integers(0, 4), width=st.integers(0, 4), quarter=st.integers(1, 3), base=st.sampled_from([1e4, 50.0]))
def test_2d_equals_the_formula_cell_by_cell(height, width, quarter, base):
    dim = 4 * quarter
    want = torch.zeros(height * width, dim)
    for row in range(height):
        for column in range(width):
            for i in range(quarter):
                speed = base ** (-2 * i / (dim / 2))
                cell = want[row * width + column]
                cell[2 * i], cell[2 * i + 1] = math.sin(row * speed), math.cos(row * speed)
                cell[dim // 2 + 2 * i] = math.sin(column * speed)
                cell[dim // 2 + 2 * i + 1] = math.cos(column * speed)
    assert_close(sincos_positions_2d(height, width, dim, base=base), want, rtol=0, atol=1e-6)


def test_2d_is_built_from_rows_and_columns_and_tells_neighbours_apart():
    grid = sincos_positions_2d(3, 5, 8).unflatten(0, (3, 5))
    for row in range(3):
        assert_close(grid[row, :, :4], sincos_positions_1d(3, 4)[row].expand(5, 4))
    for column in range(5):
        assert_close(grid[:, column, 4:], sincos_positions_1d(5, 4)[column].expand(3, 4))
    assert len(grid.flatten(0, 1).unique(dim=0)) == 15
    likeness = torch.einsum("c,hwc->hw", grid[1, 2], grid)
    up, left, far = likeness[0, 2], likeness[1, 1], likeness[2, 4]
    assert_close(up, left)  # in one row of numbers, a cell and the one above it would be 5 steps apart
    assert up > far


def test_2d_device_and_dtype(device):
    waves = sincos_positions_2d(2, 3, 4, device=device, dtype=torch.bfloat16)
    assert waves.device.type == device and waves.dtype == torch.bfloat16 and waves.is_contiguous()
    assert sincos_positions_2d(2, 3, 4).dtype == torch.float32
    assert sincos_positions_2d(2, 3, 4, device="meta").shape == (6, 4)


@pytest.mark.parametrize(
    "args, options, sentence",
    [
        ((3, 5, 6), {}, "dim must be a multiple of 4, .* got 6"),
        ((3, 5, 0), {}, "dim must be a multiple of 4, .* got 0"),
        ((-1, 5, 4), {}, "height and width must not be negative, got -1 and 5"),
        ((3, -5, 4), {}, "height and width must not be negative, got 3 and -5"),
        ((3, 5, 4), {"base": -1.0}, "base must be positive, got -1.0"),
    ],
)
def test_2d_bad_input(args, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        sincos_positions_2d(*args, **options)


# --- another grid ---


@settings(deadline=None, max_examples=40)
@given(
    old=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    new=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    prefix=st.integers(0, 2),
    mode=st.sampled_from(["bicubic", "bilinear"]),
    antialias=st.booleans(),
)
def test_interpolation_equals_timm(old, new, prefix, mode, antialias):
    positions = torch.randn(1, prefix + old[0] * old[1], 3)
    want = resample_abs_pos_embed(
        positions, list(new), list(old), num_prefix_tokens=prefix, interpolation=mode, antialias=antialias
    )
    got = interpolate_positions(positions, old, new, num_prefix_tokens=prefix, mode=mode, antialias=antialias)
    assert_close(got, want, rtol=1e-6, atol=1e-6)


def cubic(t):
    """The weight of a pixel at distance t, with a = -0.75 (Keys 1981), as PyTorch has it without antialias."""
    t, a = abs(t), -0.75
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


@pytest.mark.parametrize("old, new", [((2, 3), (5, 4)), ((4, 3), (2, 6)), ((3, 3), (3, 5))])
def test_bicubic_equals_loops_over_the_pixels(old, new):
    cells, want = torch.randn(*old, 2), torch.zeros(*new, 2)
    for row in range(new[0]):
        for column in range(new[1]):
            y, x = (row + 0.5) * old[0] / new[0] - 0.5, (column + 0.5) * old[1] / new[1] - 0.5
            for i in range(math.floor(y) - 1, math.floor(y) + 3):
                for j in range(math.floor(x) - 1, math.floor(x) + 3):
                    cell = cells[min(max(i, 0), old[0] - 1), min(max(j, 0), old[1] - 1)]
                    want[row, column] += cubic(y - i) * cubic(x - j) * cell
    got = interpolate_positions(cells.flatten(0, 1), old, new, antialias=False)
    assert_close(got, want.flatten(0, 1), rtol=1e-5, atol=1e-5)


def test_prefix_tokens_are_handed_on_and_rows_stay_rows():
    rows = torch.arange(3.0)[:, None].expand(3, 4).flatten()  # a channel that says the row
    positions = torch.cat([torch.tensor([[7.0], [9.0]]), rows[:, None]])
    got = interpolate_positions(positions, (3, 4), (6, 4), num_prefix_tokens=2)[:, 0]
    assert got[:2].tolist() == [7.0, 9.0]
    cells = got[2:].view(6, 4)
    assert_close(cells, cells[:, :1].expand(6, 4), rtol=1e-5, atol=1e-5)
    assert (cells[1:] > cells[:-1]).all()


def test_the_same_grid_gives_the_same_and_input_stays():
    positions = torch.randn(1, 7, 4)
    before = positions.clone()
    assert interpolate_positions(positions, (2, 3), (2, 3), num_prefix_tokens=1) is positions
    assert not torch.equal(interpolate_positions(positions, (2, 3), (3, 2), num_prefix_tokens=1), positions)
    assert torch.equal(positions, before)


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_any_leading_axes(lead):
    positions = torch.randn(*lead, 7, 4)
    got = interpolate_positions(positions, (2, 3), (4, 5), num_prefix_tokens=1)
    assert got.shape == (*lead, 21, 4)
    for one, want in zip(positions.reshape(-1, 7, 4), got.reshape(-1, 21, 4), strict=True):
        assert_close(interpolate_positions(one, (2, 3), (4, 5), num_prefix_tokens=1), want)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_interpolation_keeps_the_dtype(dtype, device):
    positions = torch.randn(1, 6, 4)
    got = interpolate_positions(positions.to(device, dtype), (2, 3), (5, 4))
    assert got.dtype == dtype and got.device.type == device
    assert_close(got.float().cpu(), interpolate_positions(positions, (2, 3), (5, 4)), rtol=2e-2, atol=2e-2)


def test_interpolation_hands_back_a_gradient():
    positions = torch.randn(1, 7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: interpolate_positions(p, (2, 3), (3, 4), num_prefix_tokens=1), positions)


@pytest.mark.parametrize(
    "args, options, sentence",
    [
        ((torch.zeros(1, 7, 4), (2, 3), (4, 4)), {}, r"positions must be \(\.\.\., 0 \+ 2 \* 3, C\).*\(1, 7, 4\)"),
        ((torch.zeros(7), (2, 3), (4, 4)), {"num_prefix_tokens": 1}, r"positions must be \(\.\.\., 1 \+ 2 \* 3, C\)"),
        ((torch.zeros(1, 6, 4), (2, 3), (0, 4)), {}, r"grids must have rows and columns, got \(2, 3\) and \(0, 4\)"),
        ((torch.zeros(1, 6, 4), (2, 3), (4, 4)), {"mode": "nearest"}, r"mode must be \"bicubic\" or .*got 'nearest'"),
    ],
)
def test_interpolation_bad_input(args, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        interpolate_positions(*args, **options)
